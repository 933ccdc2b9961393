"""An approver's link: its door, the brief behind it, and the one answer that it gives.

A link in a mail is opened by whatever guards the mailbox, with scripts and with forms. None of it
takes or decides anything: going in needs a tick or a sign-in, an answer needs to be chosen.
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepping
from accounts.errors import DomainError
from reviews import claims, conflicts, decisions, links, shell
from reviews import desk as reading
from reviews.disclosed import WasATest
from reviews.errors import LinkNotOpened, LinkNotYours, LinkOver, VerbNotOffered
from reviews.forms import decision
from reviews.forms import link as forms
from reviews.link_rules import Needs
from reviews.links import Found
from reviews.pages import approver as pages
from reviews.pages import disclosure
from reviews.pages import shell as shells
from reviews.pages import source as sources
from reviews.pages.handoff import Typed
from reviews.standings import Standing
from reviews.verbs import ASK_INFORMATION, ESCALATE
from reviews.views import handoff as desk
from reviews.views.refusals import unkept

_OPENED = "links"
# a browser remembers so many links that it has opened
_REMEMBERED = 20
View = Callable[..., HttpResponse]


def shut(view: View) -> View:
    """Keep a link's page to itself, and turn refusals into pages that say what to do."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except WasATest as ended:
            page = disclosure.page(ended.disclosed)
            response = unkept(render(request, "reviews/link_disclosed.html", {"page": page}))
        except LinkOver as refusal:
            response = _over(request, refusal, known=_may_be_told(request, args, kwargs))
        except DomainError as refusal:
            response = render(
                request,
                "reviews/link_refused.html",
                {"refusal": refusal, "at": _at(kwargs), "signed_in": _signed_in(request)},
                status=refusal.status,
            )
        # not no-referrer: with that a browser names no origin, and its own form is refused
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return login_not_required(never_cache(wrapped))


@require_http_methods(["GET", "HEAD", "POST"])
@shut
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Show the door. Only a person who ticks who they are goes in by the link alone."""
    found = links.find(token)
    _check_person(request, found)
    links.check_live(found)
    if _known(request, found):
        return redirect("reviews:link-at", found.link.id)
    if found.needs is not Needs.LINK:
        return _door(request, found, action="")
    if request.method == "POST" and request.POST.get("me") == "yes":
        request.session.cycle_key()
        _remember(request, found)
        return _open(request, found)
    error = "Tick the box to go on. Nothing was opened." if request.method == "POST" else ""
    return _door(request, found, action=request.path, error=error)


@require_http_methods(["GET", "HEAD"])
@shut
def at(request: HttpRequest, link_id: str) -> HttpResponse:
    """Show the brief to whoever holds it, or else its door."""
    found = _enter(request, link_id)
    if isinstance(found, HttpResponse):
        return found
    return _show(request, found)


@require_POST
@shut
def open(request: HttpRequest, link_id: str) -> HttpResponse:
    found = _enter(request, link_id)
    return found if isinstance(found, HttpResponse) else _open(request, found)


@require_POST
@shut
def choose(request: HttpRequest, link_id: str) -> HttpResponse:
    """Show the chosen answer once more; what was written is kept."""
    found, now = _answering(request, link_id), timezone.now()
    if isinstance(found, HttpResponse):
        return found
    detail = reading.handoff(found.approver, found.handoff.id, now)
    sure = pages.sure(found.link, detail, forms.again(request.POST), now=now)
    if sure is None:
        error = "Nothing is chosen yet, so nothing was sent. Choose one of the answers."
        return _show(request, found, typed=forms.again(request.POST, error=error))
    written = decision.written(request.POST)
    decisions.save_draft(found.handoff.id, by=found.approver, body=written, now=now)
    return render(request, "reviews/link_sure.html", {"page": sure})


@require_POST
@shut
def decide(request: HttpRequest, link_id: str) -> HttpResponse:
    """Give the answer, once, under every safeguard of the desk."""
    found, now, choice = _answering(request, link_id), timezone.now(), forms.choice(request.POST)
    if isinstance(found, HttpResponse):
        return found
    try:
        match choice.verb:
            case "":
                raise VerbNotOffered
            case str() if choice.verb == ASK_INFORMATION:
                links.ask_information(link_id, question=choice.reason, now=now)
            case str() if choice.verb == ESCALATE:
                links.escalate(link_id, reason=choice.reason, now=now)
            case _:
                links.decide(link_id, choice=choice, now=now)
    except desk.MENDABLE as refusal:
        return _show(request, found, typed=forms.again(request.POST, refusal))
    return redirect("reviews:link-done", link_id)


@require_http_methods(["GET", "HEAD"])
@shut
def done(request: HttpRequest, link_id: str) -> HttpResponse:
    """Say what was sent, and for how long it may still be taken back."""
    found, now = _entered(request, link_id), timezone.now()
    if found.standing is not Standing.USED:
        return redirect("reviews:link-at", link_id)
    mine = [one for one in shell.undoable(found.approver) if one.id == found.handoff.id]
    conflict = conflicts.current(found.handoff.id, reader=found.approver)
    page = pages.done(link_id, shells.undo_lines(mine, now), conflict)
    return render(request, "reviews/link_done.html", {"page": page})


@require_POST
@shut
def undo(request: HttpRequest, link_id: str) -> HttpResponse:
    _entered(request, link_id)
    if links.take_back(link_id, now=timezone.now()):
        messages.info(request, "Taken back. Nothing was sent. It is yours again, with your text.")
    return redirect("reviews:link-at", link_id)


@require_POST
@shut
def evidence(request: HttpRequest, link_id: str) -> HttpResponse:
    """Open a piece of evidence; by htmx only this piece and what is still needed come back."""
    found, now = _enter(request, link_id), timezone.now()
    if isinstance(found, HttpResponse):
        return found
    evidence_id = request.POST.get("evidence", "")
    decisions.open_evidence(found.handoff.id, evidence_id, by=found.approver, now=now)
    if not getattr(request, "htmx", False):
        return redirect("reviews:link-at", link_id)
    detail = reading.handoff(found.approver, found.handoff.id, now)
    brief = pages.page(found.link, detail, now=now).brief
    item = next(one for one in brief.brief.evidence if one.id == evidence_id)
    context = {"item": item, "urls": brief.urls, "rail": brief.rail, "oob": True}
    return render(request, "reviews/_opened.html", context)


@require_http_methods(["GET", "HEAD"])
@shut
def source(request: HttpRequest, link_id: str) -> HttpResponse:
    """Show everything as it was sent, to whoever may read the brief."""
    found, now = _enter(request, link_id), timezone.now()
    if isinstance(found, HttpResponse):
        return found
    page = sources.page(reading.handoff(found.approver, found.handoff.id, now))
    back = reverse("reviews:link-at", args=[link_id])
    return render(request, "reviews/link_source.html", {"page": replace(page, back_url=back)})


@require_POST
@shut
def give_back(request: HttpRequest, link_id: str) -> HttpResponse:
    found = _enter(request, link_id)
    if isinstance(found, HttpResponse):
        return found
    claims.give_back(found.handoff.id, by=found.approver, now=timezone.now())
    messages.info(request, "Given back. Your text is kept, and the link still opens it.")
    return redirect("reviews:link-at", link_id)


@require_http_methods(["GET", "HEAD"])
@shut
def to_desk(request: HttpRequest, link_id: str) -> HttpResponse:
    """Lead to the same handoff at the desk, where there are more answers; it asks to sign in."""
    return redirect("reviews:handoff", links.get(link_id).handoff.id)


def _as_at_the_desk(view: View) -> View:
    """Let the link's person do here what they do from the desk's page."""

    @require_POST
    @shut
    @functools.wraps(view)
    def wrapped(request: HttpRequest, link_id: str) -> HttpResponse:
        found = _enter(request, link_id)
        if isinstance(found, HttpResponse):
            return found
        request.user = found.approver
        return view(request, found.handoff.id)

    return wrapped


renew = _as_at_the_desk(desk.renew)
beat = _as_at_the_desk(desk.beat)
leave = _as_at_the_desk(desk.leave)
draft = _as_at_the_desk(desk.draft)


def _enter(request: HttpRequest, link_id: str) -> Found | HttpResponse:
    """Return the link if this browser may be behind its door, or where it has to go first."""
    found = links.get(link_id)
    if found.needs is not Needs.LINK and not _signed_in(request):
        return redirect(pages.sign_in(link_id))
    links.check_live(_entered(request, link_id))
    if found.needs is Needs.STEP_UP and not stepping.recently(request):
        back = reverse("reviews:link-at", args=[link_id])
        return redirect(stepping.way(request, back=back) or pages.sign_in(link_id))
    return found


def _answering(request: HttpRequest, link_id: str) -> Found | HttpResponse:
    """Return the link if it is answered on its own page; else lead to where it is."""
    found = _enter(request, link_id)
    if isinstance(found, HttpResponse) or found.here:
        return found
    return redirect("reviews:handoff", found.handoff.id)


def _entered(request: HttpRequest, link_id: str) -> Found:
    """Return the link, whatever became of it, to the browser that is behind its door."""
    found = links.get(link_id)
    _check_person(request, found)
    if not _known(request, found):
        raise LinkNotOpened
    return found


def _open(request: HttpRequest, found: Found) -> HttpResponse:
    links.open(found.link.id, now=timezone.now())
    if not found.here:
        return redirect("reviews:handoff", found.handoff.id)
    return redirect("reviews:link-at", found.link.id)


def _door(request: HttpRequest, found: Found, *, action: str, error: str = "") -> HttpResponse:
    now, known = timezone.now(), _known(request, found)
    shown = known or found.needs is Needs.LINK
    detail = reading.handoff(found.approver, found.handoff.id, now) if shown else None
    page = pages.door(
        found.link, approver=found.approver, detail=detail, action=action, known=known, now=now
    )
    context = {"page": page, "error": error}
    return render(request, "reviews/link_door.html", context, status=422 if error else 200)


def _show(request: HttpRequest, found: Found, *, typed: Typed | None = None) -> HttpResponse:
    """Show the brief to whoever holds it; what was typed and refused is in it again."""
    now = timezone.now()
    claims.mark_opened(found.handoff.id, by=found.approver, now=now)
    detail = reading.handoff(found.approver, found.handoff.id, now)
    if detail.claim is None or not found.here:
        return _door(request, found, action=reverse("reviews:link-open", args=[found.link.id]))
    page = pages.page(found.link, detail, now=now, typed=typed)
    context = {"link": page, "page": page.brief}
    return render(request, "reviews/link.html", context, status=422 if typed else 200)


def _over(request: HttpRequest, refusal: LinkOver, *, known: bool) -> HttpResponse:
    page = pages.over(refusal.standing, refusal.conflict, told=known)
    return render(request, "reviews/link_over.html", {"page": page}, status=page.status)


def _may_be_told(request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Tell whether whoever asks is who the link was made for, as far as it asks to know."""
    token, link_id = kwargs.get("token"), kwargs.get("link_id", "")
    found = links.find(token) if token else links.get(link_id)
    return _known(request, found) or (bool(token) and found.needs is Needs.LINK)


def _check_person(request: HttpRequest, found: Found) -> None:
    """Refuse somebody who is signed in and is not who the link was made for."""
    if _signed_in(request) and not _is_approver(request, found):
        raise LinkNotYours


def _known(request: HttpRequest, found: Found) -> bool:
    """Tell whether this browser has shown what the link asks for."""
    if _is_approver(request, found):
        return True
    return found.needs is Needs.LINK and found.link.id in request.session.get(_OPENED, [])


def _remember(request: HttpRequest, found: Found) -> None:
    opened = [one for one in request.session.get(_OPENED, []) if one != found.link.id]
    request.session[_OPENED] = [*opened, found.link.id][-_REMEMBERED:]


def _is_approver(request: HttpRequest, found: Found) -> bool:
    return request.user.pk == found.approver.pk and request.user.is_active


def _signed_in(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated)


def _at(kwargs: dict[str, Any]) -> str:
    link_id = kwargs.get("link_id", "")
    return reverse("reviews:link-at", args=[link_id]) if link_id else ""
