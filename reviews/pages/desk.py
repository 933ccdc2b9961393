"""The desk: how much waits where, what I hold, and one thing to press."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.urls import reverse

from reviews.pages import times, words
from reviews.pages.text import marked


class QueueCard(Protocol):
    """What the desk knows of one queue."""

    slug: str
    name: str
    waiting: int
    oldest_opened_at: datetime | None
    next_deadline_at: datetime | None
    pick_allowed: bool


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    slug: str
    name: str
    waiting: int
    oldest: times.Moment | None
    due: times.Moment | None
    take_url: str
    list_url: str


@dataclass(frozen=True, kw_only=True)
class HeldLine:
    ask: str
    url: str
    due: times.Moment
    until: times.Moment


@dataclass(frozen=True, kw_only=True)
class RowLine:
    ask: str
    url: str
    kind: str
    opened: times.Moment
    due: times.Moment
    claimed: bool
    pick_url: str


@dataclass(frozen=True, kw_only=True)
class DeskPage:
    heading: str
    waiting: int
    queues: tuple[QueueLine, ...]
    held: tuple[HeldLine, ...]
    take_url: str
    empty: str


def page(cards: Iterable[QueueCard], held: Iterable[HeldLine], *, now: datetime) -> DeskPage:
    """Arrange the desk, the queue that is due first on top."""
    lines = sorted((_line(card, now) for card in cards), key=_urgency)
    total, mine = sum(line.waiting for line in lines), tuple(held)
    return DeskPage(
        heading=_heading(total),
        waiting=total,
        queues=tuple(lines),
        held=mine,
        take_url=reverse("reviews:take"),
        empty=_empty(lines, mine),
    )


def _heading(total: int) -> str:
    if total == 0:
        return "Nothing waits"
    return "One handoff waits" if total == 1 else f"{total} handoffs wait"


def _empty(lines: list[QueueLine], held: tuple[HeldLine, ...]) -> str:
    if not lines:
        return (
            "You are in no queue yet, so nothing can come to you. "
            "A manager gives your team a queue."
        )
    if held:
        return "Only what you hold is left."
    return "Every queue of yours is empty. What comes next appears here by itself."


def _urgency(line: QueueLine) -> tuple[bool, str, str]:
    return (line.due is None, line.due.iso if line.due else "", line.name)


def _line(card: QueueCard, now: datetime) -> QueueLine:
    oldest, due = card.oldest_opened_at, card.next_deadline_at
    listed = reverse("reviews:queue", args=[card.slug]) if card.pick_allowed else ""
    return QueueLine(
        slug=card.slug,
        name=card.name,
        waiting=card.waiting,
        oldest=times.since(oldest, now) if oldest else None,
        due=times.until(due, now) if due else None,
        take_url=reverse("reviews:take-from", args=[card.slug]),
        list_url=listed,
    )


def held_line(
    *, id: str, ask: str, deadline_at: datetime, expires_at: datetime, now: datetime
) -> HeldLine:
    return HeldLine(
        ask=marked(ask),
        url=reverse("reviews:handoff", args=[id]),
        due=times.until(deadline_at, now),
        until=times.until(expires_at, now),
    )


def row_line(
    *,
    id: str,
    ask: str,
    kind: str,
    opened_at: datetime,
    deadline_at: datetime,
    claimed: bool,
    now: datetime,
) -> RowLine:
    return RowLine(
        ask=marked(ask),
        url=reverse("reviews:handoff", args=[id]),
        kind=words.KINDS[words.HandoffKind(kind)],
        opened=times.since(opened_at, now),
        due=times.until(deadline_at, now),
        claimed=claimed,
        pick_url=reverse("reviews:pick", args=[id]),
    )
