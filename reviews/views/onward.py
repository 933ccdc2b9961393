"""Where a person goes when they have done one."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.errors import DomainError
from accounts.http import UserRequest
from reviews import claims, shell
from reviews.pages.rail import DONE


def onward(request: UserRequest, verb: str, *, now: datetime) -> HttpResponse:
    """Go to the next one of the same queue, or to the desk when none waits there.

    What may still be taken back says so itself, on every page until the agent is told.
    """
    handoff_id = request.resolver_match.kwargs["handoff_id"] if request.resolver_match else ""
    if handoff_id not in {one.id for one in shell.undoable(request.user)}:
        messages.success(request, DONE[verb])
    try:
        claim = claims.take_next(by=request.user, now=now, queue_slug=request.POST.get("queue"))
    except DomainError:
        claim = None
    if claim is None:
        return redirect("reviews:desk")
    return redirect("reviews:handoff", claim.handoff_id)
