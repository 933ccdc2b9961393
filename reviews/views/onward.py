"""Where a person goes when they have done one."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.errors import DomainError
from accounts.http import UserRequest
from handoffs.states import Verb
from reviews import claims, panels, sessions, shell
from reviews.pages import panel
from reviews.pages.rail import DONE


def onward(request: UserRequest, verb: str, *, now: datetime) -> HttpResponse:
    """Go to the next one: of their session, or else of the same queue, or to the desk.

    What may still be taken back says so itself, on every page until the agent is told.
    """
    handoff_id = request.resolver_match.kwargs["handoff_id"] if request.resolver_match else ""
    around = shell.around(request.user)
    if handoff_id not in {one.id for one in around.undoable}:
        messages.success(request, _said(handoff_id, verb))
    session = around.session
    if session is not None and session.live and not session.paused:
        try:
            return next_of_session(request, now=now)
        except DomainError as refusal:
            messages.info(request, refusal.message)
            return redirect("reviews:session")
    if session is not None and sessions.belongs(handoff_id, session, by=request.user):
        # the last of a session that was over, taken back and decided anew
        return redirect("reviews:session")
    try:
        claim = claims.take_next(by=request.user, now=now, queue_slug=request.POST.get("queue"))
    except DomainError:
        claim = None
    if claim is None:
        return redirect("reviews:desk")
    return redirect("reviews:handoff", claim.handoff_id)


def _said(handoff_id: str, verb: str) -> str:
    """Say what became of it; of what several decide blind, nothing but that it is in."""
    several = panels.of(handoff_id) if verb in set(Verb) else None
    return DONE[verb] if several is None else panel.done(several)


def next_of_session(request: UserRequest, *, now: datetime) -> HttpResponse:
    """Go to the next one of the session, or to the page that says that it is over."""
    claim = sessions.step(by=request.user, now=now)
    if claim is None:
        return redirect("reviews:session")
    return redirect("reviews:handoff", claim.handoff_id)
