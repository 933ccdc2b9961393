"""What somebody reads when they are told of something: what it is, where, by when, and no more."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from handoffs.models import Handoff
from handoffs.states import HandoffKind, HandoffState, RunState
from reviews.notice_rules import Kind
from reviews.pages import times
from reviews.pages.link_mail import line, tidy
from reviews.pages.text import marked
from reviews.pages.words import ANSWERED, KINDS

SHOWN = 20
_SUBJECT = 120
_HEADINGS: dict[Kind, str] = {
    Kind.URGENT: "Urgent",
    Kind.ASSIGNED: "Given to you",
    Kind.TRANSFERRED: "Handed to your team",
    Kind.ARRIVED: "New for your team",
    Kind.COMPLETED: "Done",
}
# of several: a number goes before it
_SEVERAL: dict[Kind, str] = {
    Kind.URGENT: "are urgent",
    Kind.ASSIGNED: "were given to you",
    Kind.TRANSFERRED: "were handed to your team",
    Kind.ARRIVED: "are new for your team",
    Kind.COMPLETED: "are done",
}
_WHY: dict[Kind, str] = {
    Kind.URGENT: "you may decide it, and it is due soon",
    Kind.ASSIGNED: "your queue gave it to you and you have not opened it",
    Kind.TRANSFERRED: "it is your team's to decide now",
    Kind.ARRIVED: "it is your team's to decide",
    Kind.COMPLETED: "you were told of it, passed it on or decided it",
}


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing to tell; `reads` says that they may open it, `verb` what it was answered with.

    Times are in `zone`: theirs, or else that of the queue.
    """

    id: int
    kind: Kind
    digest: bool
    handoff: Handoff
    reads: bool
    of_run: bool
    zone: ZoneInfo
    ask: str = ""
    verb: str = ""
    role: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    ask: str
    where: str
    when: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Part:
    heading: str
    lines: list[Line] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class MailView:
    """Everything that both parts of the mail print."""

    name: str
    subject: str
    parts: list[Part]
    why: str
    settings_url: str


def mail(person: User, event: str, told: list[Told], *, now: datetime) -> dict[str, str]:
    """Write subject, text and HTML of one mail that tells of all of these."""
    parts = [_part(kind, told, now) for kind in _HEADINGS]
    kinds = [kind for kind in _HEADINGS if any(one.kind is kind for one in told)]
    view = MailView(
        name=person.name,
        subject=_subject(told, kinds, now),
        parts=[part for part in parts if part.lines],
        why="; ".join(_WHY[kind] for kind in kinds),
        settings_url=settings.PUBLIC_URL + reverse("reviews:notices"),
    )
    return {
        "subject": view.subject,
        "text": tidy(render_to_string("emails/notice.txt", {"mail": view})),
        "html": render_to_string("emails/notice.html", {"mail": view}),
    }


def _subject(told: list[Told], kinds: list[Kind], now: datetime) -> str:
    if len(told) == 1:
        one = told[0]
        said = _line(one, now)
        due = f", {times.until(one.handoff.deadline_at, now).phrase}"
        heading = _HEADINGS[one.kind] + (due if one.kind is Kind.URGENT else "")
        return f"{heading}: {said.ask}"[:_SUBJECT]
    counts = ((kind, sum(one.kind is kind for one in told)) for kind in kinds)
    return ", ".join(
        f"{count} {_SEVERAL[kind] if count > 1 else _one(kind)}" for kind, count in counts
    )


def _one(kind: Kind) -> str:
    return _SEVERAL[kind].replace("are ", "is ").replace("were ", "was ")


def _part(kind: Kind, told: Iterable[Told], now: datetime) -> Part:
    mine = sorted((one for one in told if one.kind is kind), key=_order)
    lines = [_line(one, now) for one in mine[:SHOWN]]
    return Part(heading=_HEADINGS[kind], lines=lines, more=len(mine[SHOWN:]))


def _order(one: Told) -> tuple[datetime, str]:
    return one.handoff.deadline_at, one.handoff.id


def _line(one: Told, now: datetime) -> Line:
    """Tell one thing; of what they may no longer read, only that it is over."""
    handoff = one.handoff
    kind = KINDS[HandoffKind(handoff.kind)]
    if not one.reads:
        ask, where, url = f"{kind} in {handoff.workflow.name} that you passed on", "", ""
    else:
        ask = line(marked(one.ask)) or kind
        where = f"{kind} in {handoff.queue.name}, {handoff.workflow.name}"
        url = settings.PUBLIC_URL + reverse("reviews:handoff", args=[handoff.id])
    return Line(ask=ask, where=where, when=_when(one, now), url=url)


def _when(one: Told, now: datetime) -> str:
    handoff = one.handoff
    if one.kind is not Kind.COMPLETED:
        phrase = times.until(handoff.deadline_at, now).phrase
        return f"Due {times.day_and_clock(handoff.deadline_at, one.zone)}, {phrase}."
    if one.of_run:
        done = handoff.run.state == RunState.COMPLETED.value
        return "The agent has finished." if done else "The agent's run ended before it was done."
    if handoff.state == HandoffState.WITHDRAWN.value:
        return "The agent no longer asks."
    said = ANSWERED[one.verb][0] if one.verb in ANSWERED else "Answered"
    return f"{said}, by {one.role}." if one.role else f"{said}; nobody had answered in time."
