"""Answers that are filled in: what they change is shown first, and exactly that is sent."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from handoffs.errors import NotSentThere, QueueFull
from reviews import claims, decisions, passing
from reviews import desk as reading
from reviews.errors import (
    CapReached,
    ClaimLost,
    EditsOffSchema,
    FormIncomplete,
    HandsFull,
    NobodyToAsk,
    NotForThem,
    NothingLeftOut,
    SafeguardUnmet,
    TextTooLong,
)
from reviews.forms import edits as editing
from reviews.pages import desk as desk_pages
from reviews.pages.rail import DONE
from reviews.views.handoff import MENDABLE
from reviews.views.onward import onward
from reviews.views.refusals import explained
from reviews.visibility import Phase
from reviews.ways import Way

_FILLED_WRONG = (
    CapReached,
    EditsOffSchema,
    FormIncomplete,
    HandsFull,
    NotForThem,
    NobodyToAsk,
    NothingLeftOut,
    NotSentThere,
    QueueFull,
    TextTooLong,
)


@require_http_methods(["GET", "POST"])
@never_cache
@explained
def fill_in(request: UserRequest, handoff_id: str, verb: str) -> HttpResponse:
    """Show the form, or what it changes as it stands; what was typed is kept."""
    now = timezone.now()
    if not request.htmx:
        claims.mark_opened(handoff_id, by=request.user, now=now)
    detail = reading.handoff(request.user, handoff_id, now)
    if detail.claim is None and request.htmx:
        raise ClaimLost
    too_early = detail.phase is Phase.BEFORE_JUDGEMENT and verb not in set(Way)
    if detail.claim is None or too_early:
        return redirect("reviews:handoff", handoff_id)
    filling = editing.start(detail, verb, reader=request.user, now=now)
    typed = request.POST if request.method == "POST" else editing.kept(filling)
    if request.method == "POST":
        body = editing.written(verb, request.POST)
        decisions.save_draft(handoff_id, by=request.user, body=body, now=now)
    page = editing.page(filling, typed=typed, now=now)
    template = "reviews/edit.html" + ("#changes" if request.htmx else "")
    return render(request, template, {"page": page, "here": desk_pages.here(page.queue_name)})


@require_POST
@explained
def send(request: UserRequest, handoff_id: str, verb: str) -> HttpResponse:
    """Send exactly what was shown beside the form."""
    now = timezone.now()
    detail = reading.handoff(request.user, handoff_id, now)
    filling = editing.start(detail, verb, reader=request.user, now=now)
    edits = editing.read(filling, request.POST)
    error, refusal = editing.objection(filling, edits, request.POST), None
    if not error:
        try:
            return _do(request, handoff_id, filling, edits, now=now)
        except (*MENDABLE, *_FILLED_WRONG) as found:
            refusal = found
    return _again(request, handoff_id, verb, error=error, refusal=refusal)


def _do(
    request: UserRequest,
    handoff_id: str,
    filling: editing.Filling,
    edits: editing.Edits,
    *,
    now: datetime,
) -> HttpResponse:
    """Do what was filled in, and go where that leads: on, or back to the same handoff."""
    verb, said, by = filling.option.verb, edits.reading.arguments, request.user
    match verb:
        case Way.TAKE_ON:
            passing.take_on(handoff_id, by=by, hours=said["hours"], now=now)
        case Way.ADD_CONTEXT:
            passing.add_context(handoff_id, by=by, added=said, now=now)
        case Way.ASK_COLLEAGUE:
            passing.ask_colleague(handoff_id, by=by, asked=said, now=now)
        case Way.RETURN:
            passing.return_with_note(handoff_id, by=by, note=said["note"], now=now)
            messages.info(request, DONE[verb])
            return redirect("reviews:desk")
        case Way.HAND_OVER:
            whom, note = said["colleague"], said["note"]
            passing.hand_over(handoff_id, by=by, colleague=whom, note=note, now=now)
            return onward(request, verb, now=now)
        case Way.SEND_ON:
            passing.send_on(handoff_id, by=by, place=said["place"], note=said["note"], now=now)
            return onward(request, verb, now=now)
        case _:
            choice = editing.choice(filling, edits, request.POST)
            decisions.decide(handoff_id, by=by, choice=choice, now=now)
            return onward(request, verb, now=now)
    messages.success(request, DONE[verb])
    decisions.save_draft(handoff_id, by=by, body={editing.key(verb): {}}, now=now)
    return redirect("reviews:handoff", handoff_id)


def _again(
    request: UserRequest, handoff_id: str, verb: str, *, error: str, refusal: DomainError | None
) -> HttpResponse:
    """Show the form as it was filled in, with why it was not sent."""
    now = timezone.now()
    body = editing.written(verb, request.POST)
    decisions.save_draft(handoff_id, by=request.user, body=body, now=now)
    claims.mark_opened(handoff_id, by=request.user, now=now)
    detail = reading.handoff(request.user, handoff_id, now)
    filling = editing.start(detail, verb, reader=request.user, now=now)
    unmet = refusal.unmet if isinstance(refusal, SafeguardUnmet) else None
    page = editing.page(
        filling, typed=request.POST, refusal=refusal, error=error, unmet=unmet, now=now
    )
    context = {"page": page, "here": desk_pages.here(page.queue_name)}
    return render(request, "reviews/edit.html", context, status=422)
