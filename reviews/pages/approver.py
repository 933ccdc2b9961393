"""The pages behind a link in an e-mail: its door, its brief, a last look, and its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import User
from handoffs.states import Verb
from reviews import link_rules
from reviews.desk import HandoffDetail
from reviews.errors import Conflict
from reviews.link_rules import Needs
from reviews.models import ApproverLink
from reviews.pages import handoff as pages
from reviews.pages import link_mail, times
from reviews.pages.handoff import HandoffPage, Typed
from reviews.pages.rail import ICONS
from reviews.pages.shell import UndoLine
from reviews.pages.text import marked
from reviews.standings import Standing
from reviews.verbs import VerbOption

CHOOSE_PREFIX = "choose:"


@dataclass(frozen=True, kw_only=True)
class Door:
    """What a link shows to whoever opens it: enough to know whether to go in."""

    heading: str
    ask: str
    why: str
    due: times.Moment | None
    name: str
    action: str
    needs: str
    ticks: bool
    sign_in: str
    until: str


@dataclass(frozen=True, kw_only=True)
class AnswerView:
    """One answer to choose; none is chosen before somebody does."""

    value: str
    label: str
    object: str
    effect: str
    icon: str
    asks: bool
    aside: bool
    chosen: bool = False


@dataclass(frozen=True, kw_only=True)
class LinkPage:
    """The brief as at the desk, with the answers as a choice to send and look at once more."""

    brief: HandoffPage
    answers: tuple[AnswerView, ...]
    aside: tuple[AnswerView, ...]
    desk: str
    until: str


@dataclass(frozen=True, kw_only=True)
class Sure:
    """The last look before an answer counts."""

    ask: str
    answer: AnswerView
    words: str
    # what else was stated, as the form has it
    stated: tuple[tuple[str, str], ...]
    url: str
    back: str


@dataclass(frozen=True, kw_only=True)
class Over:
    """Why a link opens nothing, and what to do instead."""

    heading: str
    message: str
    next: str
    desk: str
    status: int


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a link has done; `line` while it may still be taken back."""

    heading: str
    message: str
    line: UndoLine | None
    again: str


def door(
    link: ApproverLink,
    *,
    approver: User,
    detail: HandoffDetail | None,
    action: str,
    known: bool,
    now: datetime,
) -> Door:
    """Show the question to whom the link alone is enough, or who is signed in; else only a door.

    `known` says that this browser has said who it is already, by tick or by sign-in.
    """
    needs = Needs(link.needs)
    page = pages.page(detail, now=now) if detail else None
    return Door(
        heading=page.ask if page else "A decision waits for you",
        ask=page.ask if page else "",
        why=page.why if page else "",
        due=times.until(detail.handoff.deadline_at, now) if detail else None,
        name=approver.name,
        action=action,
        needs=link_mail.OPENS[needs],
        ticks=needs is Needs.LINK and not known,
        sign_in="" if known or needs is Needs.LINK else sign_in(link.id),
        until=f"{times.clock(link.expires_at, now)} UTC",
    )


def sign_in(link_id: str) -> str:
    return f"{reverse('account_login')}?next={reverse('reviews:link-at', args=[link_id])}"


def page(
    link: ApproverLink, detail: HandoffDetail, *, now: datetime, typed: Typed | None = None
) -> LinkPage:
    """Return the brief with this link's own addresses and nothing chosen."""
    found = pages.page(detail, now=now, typed=typed)
    urls = _urls(link.id)
    chosen = typed.option if typed else ""
    answers = [replace(one, chosen=one.value == chosen) for one in _answers(detail, now)]
    return LinkPage(
        brief=replace(
            found,
            urls={**found.urls, **urls, "run": ""},
            # options are answers of their own here
            rail=replace(found.rail, chooses=False) if found.rail else None,
            keeping=replace(
                found.keeping,
                renew_url=urls["renew"],
                beat_url=urls["beat"],
                leave_url=urls["leave"],
            )
            if found.keeping
            else None,
        ),
        answers=tuple(one for one in answers if not one.aside),
        aside=tuple(one for one in answers if one.aside),
        desk=urls["handoff"],
        until=f"{times.clock(link.expires_at, now)} UTC",
    )


def sure(link: ApproverLink, detail: HandoffDetail, typed: Typed, *, now: datetime) -> Sure | None:
    """Say back what was chosen; None where that is none of the answers."""
    urls = _urls(link.id)
    for one in _answers(detail, now):
        if one.value == typed.option:
            return Sure(
                ask=marked(detail.brief.get("ask") or ""),
                answer=one,
                words=typed.words,
                stated=tuple(_stated(typed.challenge)),
                url=urls["decide"],
                back=urls["at"],
            )
    return None


def done(link_id: str, lines: tuple[UndoLine, ...], conflict: Conflict | None) -> Done:
    """Say that it was sent; while it is held back, how long, and the way back."""
    line = lines[0] if lines else None
    return Done(
        heading=f"{line.said}." if line else "Sent.",
        message=conflict.sentence if conflict and not line else "",
        line=replace(line, url=reverse("reviews:link-undo", args=[link_id])) if line else None,
        again=reverse("reviews:link-done", args=[link_id]),
    )


def over(standing: Standing, conflict: Conflict | None, *, told: bool) -> Over:
    """Say what became of a link; who did what only where `told` to whom it was made for."""
    heading, message, next = _OVER[standing]
    if told and conflict is not None and standing in (Standing.USED, Standing.ANSWERED):
        message = f"{conflict.sentence} {message}"
    return Over(
        heading=heading, message=message, next=next, desk=reverse("reviews:desk"), status=410
    )


_OVER: Mapping[Standing, tuple[str, str, str]] = {
    Standing.USED: (
        "You answered this already",
        "A link answers once. Nothing was sent again.",
        "There is nothing left to do here.",
    ),
    Standing.REVOKED: (
        "This link was taken back",
        "It opens nothing any more. Nothing was decided with it.",
        "Ask a manager why, or sign in to see what waits for you.",
    ),
    Standing.EXPIRED: (
        "This link has run out",
        "Its time was over before anybody answered with it. Nothing was decided.",
        "Sign in to see whether it still waits for you.",
    ),
    Standing.SUPERSEDED: (
        "There is something newer than this link",
        "The brief changed since this mail, or the question moved on to others. "
        "Nothing was decided with it.",
        "If it is still yours, a newer mail has the link to use. Or sign in and look.",
    ),
    Standing.ANSWERED: (
        "This is already answered",
        "Nothing was sent now.",
        "There is nothing left to do here.",
    ),
    Standing.WITHDRAWN: (
        "The agent no longer asks this",
        "The question was withdrawn. Nothing was decided with this link.",
        "There is nothing left to do here.",
    ),
    Standing.ASKED_BACK: (
        "This waits for the agent",
        "Somebody asked it for more information. Nothing was decided with this link.",
        "When the answer is there, a new mail with a new link comes to you.",
    ),
}


def _stated(challenge: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, said in challenge.items():
        yield from ((name, one) for one in (said if isinstance(said, list) else [said]) if one)


def _answers(detail: HandoffDetail, now: datetime) -> tuple[AnswerView, ...]:
    return tuple(
        _answer(one)
        for one in link_mail.options(detail, now)
        if one.verb in link_rules.VERBS and not one.form
    )


def _answer(one: VerbOption) -> AnswerView:
    named = one.verb == Verb.APPROVE
    return AnswerView(
        value=f"{CHOOSE_PREFIX}{one.option}" if one.option is not None else one.verb,
        label="Approve" if named else marked(one.label),
        object=marked(one.label) if named else "",
        effect=marked(one.consequence),
        icon=ICONS[one.verb],
        asks=bool(one.asks),
        aside=one.verb in link_mail.ASIDE,
    )


def _urls(link_id: str) -> dict[str, Any]:
    """Return every address that the brief's templates use, leading to the link's own pages."""
    names = (
        "at",
        "open",
        "choose",
        "decide",
        "evidence",
        "source",
        "draft",
        "renew",
        "beat",
        "leave",
    )
    own = {name: reverse(f"reviews:link-{name}", args=[link_id]) for name in names}
    desk = reverse("reviews:link-desk", args=[link_id])
    return own | {
        "handoff": desk,
        "edit": desk,
        "ask": own["choose"],
        "hand_up": own["choose"],
        "give_back": reverse("reviews:link-give-back", args=[link_id]),
        "desk": reverse("reviews:desk"),
    }
