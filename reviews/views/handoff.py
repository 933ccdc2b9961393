"""One handoff: read it, work on it, decide it."""

import math
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.http import UserRequest
from handoffs.errors import RollBackOver
from reviews import claims, comments, decisions, shell
from reviews import desk as reading
from reviews.errors import ClaimLost, RequesterSaidMore, SafeguardUnmet, TextMissing, VerbNotOffered
from reviews.forms import decision as forms
from reviews.pages import desk as desk_pages
from reviews.pages import handoff as pages
from reviews.views.onward import next_of_session, onward
from reviews.views.refusals import explained

# what the person who filled in the form can mend on the spot
MENDABLE = (RequesterSaidMore, SafeguardUnmet, TextMissing, VerbNotOffered, RollBackOver)


@require_GET
@never_cache
@explained
def handoff(request: UserRequest, handoff_id: str) -> HttpResponse:
    return show(request, handoff_id, now=timezone.now())


def show(
    request: UserRequest,
    handoff_id: str,
    *,
    now: datetime,
    typed: pages.Typed | None = None,
) -> HttpResponse:
    """Show the page, or show it again with what was filled in and why it did not go through."""
    claims.mark_opened(handoff_id, by=request.user, now=now)
    page = pages.page(reading.handoff(request.user, handoff_id, now), now=now, typed=typed)
    template = "reviews/handoff.html" if page.rail else "reviews/read.html"
    context = {"page": page, "here": desk_pages.here(page.queue)}
    return render(request, template, context, status=422 if typed else 200)


@require_POST
@explained
def decide(request: UserRequest, handoff_id: str) -> HttpResponse:
    now, choice = timezone.now(), forms.choice(request.POST)
    try:
        decisions.decide(handoff_id, by=request.user, choice=choice, now=now)
    except MENDABLE as refusal:
        return show(request, handoff_id, now=now, typed=forms.again(request.POST, refusal))
    return onward(request, choice.verb, now=now)


@require_POST
@explained
def comment(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Say something to colleagues, on the page that it is about."""
    comments.add(
        handoff_id, by=request.user, text=request.POST.get("comment", ""), now=timezone.now()
    )
    return redirect(reverse("reviews:handoff", args=[handoff_id]) + "#colleagues")


@require_POST
@explained
def ask(request: UserRequest, handoff_id: str) -> HttpResponse:
    now, question = timezone.now(), forms.words(request.POST)
    try:
        decisions.ask_information(handoff_id, by=request.user, question=question, now=now)
    except MENDABLE as refusal:
        return show(request, handoff_id, now=now, typed=forms.again(request.POST, refusal))
    return onward(request, "ask_information", now=now)


@require_POST
@explained
def hand_up(request: UserRequest, handoff_id: str) -> HttpResponse:
    now, reason = timezone.now(), forms.words(request.POST)
    try:
        decisions.escalate(handoff_id, by=request.user, reason=reason, now=now)
    except MENDABLE as refusal:
        return show(request, handoff_id, now=now, typed=forms.again(request.POST, refusal))
    return onward(request, "escalate", now=now)


@require_POST
@explained
def give_back(request: UserRequest, handoff_id: str) -> HttpResponse:
    claims.give_back(handoff_id, by=request.user, now=timezone.now())
    messages.info(request, "Given back. Your text is kept.")
    session = shell.session(request.user)
    if session is not None and session.live and not session.paused:
        return next_of_session(request, now=timezone.now())
    return redirect("reviews:desk")


@require_POST
@explained
def renew(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Say in place until when it is theirs now, or that it no longer is."""
    now, token = timezone.now(), request.POST.get("token", "")
    try:
        claim, next_token = claims.renew_page(handoff_id, token=token, by=request.user, now=now)
    except ClaimLost as lost:
        gone = {"lease": None, "lost": lost.message, "token": ""}
        return render(request, "reviews/_lease.html", gone, status=409)
    lease = {"lease": pages.lease(claim.expires_at, now), "lost": "", "token": next_token}
    return render(request, "reviews/_lease.html", lease)


@require_POST
@explained
def beat(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Note whether the page is looked at; say how much reading is still needed."""
    looking, token = request.POST.get("looking") == "1", request.POST.get("token", "")
    left, next_token = claims.beat(
        handoff_id, token=token, looking=looking, by=request.user, now=timezone.now()
    )
    return JsonResponse({"left": math.ceil(left), "token": next_token})


@require_POST
@explained
def leave(request: UserRequest, handoff_id: str) -> HttpResponse:
    """The page is gone: keep what was just written, or else let the claim end soon."""
    now = timezone.now()
    if body := forms.unsaved(request.POST):
        decisions.save_draft(handoff_id, by=request.user, body=body, now=now)
    else:
        token = request.POST.get("token", "")
        claims.leave(handoff_id, token=token, by=request.user, now=now)
    return HttpResponse(status=204)


@require_POST
@explained
def draft(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Keep what is being written; the answer is the line under the text box.

    By htmx what is still needed comes along, as it stands with what is written now.
    """
    now, body = timezone.now(), forms.written(request.POST)
    decisions.save_draft(handoff_id, by=request.user, body=body, now=now)
    gone = claims.gone(handoff_id, by=request.user)
    page = None
    if request.htmx and not gone:
        page = pages.page(reading.handoff(request.user, handoff_id, now), now=now)
    kept = {"line": f"Kept at {now:%H:%M}. {gone}".strip(), "rail": page and page.rail}
    return render(request, "reviews/_kept.html", kept)


@require_POST
@explained
def evidence(request: UserRequest, handoff_id: str) -> HttpResponse:
    """Open a piece of evidence; by htmx only this piece and what is still needed come back."""
    now, evidence_id = timezone.now(), request.POST.get("evidence", "")
    decisions.open_evidence(handoff_id, evidence_id, by=request.user, now=now)
    if not request.htmx:
        return redirect("reviews:handoff", handoff_id)
    page = pages.page(reading.handoff(request.user, handoff_id, now), now=now)
    if page.rail is None:
        # it is no longer theirs: the whole page says what became of it
        return HttpResponse(headers={"HX-Refresh": "true"})
    item = next(one for one in page.brief.evidence if one.id == evidence_id)
    context = {"item": item, "urls": page.urls, "rail": page.rail, "oob": True}
    return render(request, "reviews/_opened.html", context)
