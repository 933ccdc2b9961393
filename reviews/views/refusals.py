"""How a refusal looks on a page."""

import functools
import secrets
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.errors import DomainError
from accounts.http import UserRequest
from reviews import shell
from reviews.disclosed import Disclosed, WasATest
from reviews.errors import AlreadyClaimed, ClaimLost, Conflict
from reviews.pages import disclosure as pages
from reviews.pages import words

View = Callable[..., HttpResponse]
_BLOCK, _NOISE = 16 * 1024, 512


def explained(view: View) -> View:
    """Turn a refusal into a page that says what happened, what it means and what to do.

    And the end of a blind test into the page that says that it was one.
    """

    @functools.wraps(view)
    def wrapped(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except DomainError as refusal:
            return refused(request, refusal, handoff_id=kwargs.get("handoff_id", ""))
        except WasATest as ended:
            return disclosed(request, ended.disclosed)

    return wrapped


def disclosed(request: UserRequest, what: Disclosed) -> HttpResponse:
    """Tell them at once; the answer to this request is the only place where it ever stands."""
    session = shell.session(request.user)
    in_session = session is not None and session.live and not session.paused
    page = pages.page(what, in_session=in_session)
    context = {"page": page, "here": {"name": "", "url": reverse("reviews:desk"), "note": ""}}
    return unkept(render(request, "reviews/disclosed.html", context))


def unkept(response: HttpResponse) -> HttpResponse:
    """Let no browser keep the page, not even to go back to, and no size of it tell what it says.

    Whoever sees sizes beside addresses, as proxies log them, would know who caught it. Filled up to
    whole blocks all are alike; what cannot be compressed is there where somebody compresses.
    """
    response["Cache-Control"] = "no-store"
    noise = secrets.token_hex(secrets.randbelow(_NOISE)).encode()
    content = response.content + b"\n<!-- " + noise + b" -->"
    response.content = content.ljust(-(-len(content) // _BLOCK) * _BLOCK)
    return response


def refused(request: HttpRequest, refusal: DomainError, *, handoff_id: str) -> HttpResponse:
    """Answer with the refusal's own status; what was typed is shown, so that it is not lost."""
    if refusal.status == 404:
        raise Http404
    typed = request.POST.get("words", "")
    lost = refusal.conflict if isinstance(refusal, ClaimLost | AlreadyClaimed) else None
    twice = lost is not None and lost.mine
    page = {
        "heading": _heading(refusal, lost),
        "message": refusal.message,
        "kept": typed if isinstance(refusal, ClaimLost) and not twice else "",
        "take_url": reverse("reviews:take"),
        "handoff_url": reverse("reviews:handoff", args=[handoff_id]) if handoff_id else "",
        "desk_url": reverse("reviews:desk"),
    }
    context = {"page": page, "here": {"name": "", "url": reverse("reviews:desk"), "note": ""}}
    return render(request, "reviews/lost.html", context, status=refusal.status)


def _heading(refusal: DomainError, lost: Conflict | None) -> str:
    """Say in the heading already who was faster, when and how, where that is what happened."""
    if lost is None or not (lost.mine or lost.verb):
        return refusal.title
    if lost.mine:
        return "Already sent"
    how = words.ANSWERED[lost.verb][0].lower() if lost.verb in words.ANSWERED else "answered"
    return f"Already handled by {lost.who} at {lost.at:%H:%M} UTC, {how}"
