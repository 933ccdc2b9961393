"""Answers that are filled in: what they change is shown first, and exactly that is sent."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from reviews import claims, decisions
from reviews import desk as reading
from reviews.errors import (
    ClaimLost,
    EditsOffSchema,
    FormIncomplete,
    NothingLeftOut,
    SafeguardUnmet,
)
from reviews.forms import edits as editing
from reviews.pages import desk as desk_pages
from reviews.views.handoff import MENDABLE
from reviews.views.onward import onward
from reviews.views.refusals import explained
from reviews.visibility import Phase


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
    if detail.claim is None or detail.phase is Phase.BEFORE_JUDGEMENT:
        return redirect("reviews:handoff", handoff_id)
    filling = editing.start(detail, verb, now)
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
    filling = editing.start(reading.handoff(request.user, handoff_id, now), verb, now)
    edits = editing.read(filling, request.POST)
    error, refusal = editing.objection(filling, edits, request.POST), None
    if not error:
        choice = editing.choice(filling, edits, request.POST)
        try:
            decisions.decide(handoff_id, by=request.user, choice=choice, now=now)
        except (*MENDABLE, EditsOffSchema, FormIncomplete, NothingLeftOut) as found:
            refusal = found
        else:
            return onward(request, choice.verb, now=now)
    return _again(request, handoff_id, verb, error=error, refusal=refusal)


def _again(
    request: UserRequest, handoff_id: str, verb: str, *, error: str, refusal: DomainError | None
) -> HttpResponse:
    """Show the form as it was filled in, with why it was not sent."""
    now = timezone.now()
    body = editing.written(verb, request.POST)
    decisions.save_draft(handoff_id, by=request.user, body=body, now=now)
    claims.mark_opened(handoff_id, by=request.user, now=now)
    filling = editing.start(reading.handoff(request.user, handoff_id, now), verb, now)
    unmet = refusal.unmet if isinstance(refusal, SafeguardUnmet) else None
    page = editing.page(
        filling, typed=request.POST, refusal=refusal, error=error, unmet=unmet, now=now
    )
    context = {"page": page, "here": desk_pages.here(page.queue_name)}
    return render(request, "reviews/edit.html", context, status=422)
