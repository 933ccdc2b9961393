"""The desk: how much waits where, what I hold, and one thing to press."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from handoffs.readings import SLOW_FROM
from handoffs.rooms import Room
from handoffs.states import HandoffKind
from reviews.desk import HeldRow, Overview, Page, QueueCard, Row
from reviews.gathered import Ready
from reviews.pages import panel, times, words
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class QueueLine:
    slug: str
    name: str
    waiting: int
    full: str
    oldest: times.Moment | None
    due: times.Moment | None
    urgent: bool
    gathering: str
    take_url: str
    list_url: str
    session_url: str


@dataclass(frozen=True, kw_only=True)
class HeldLine:
    ask: str
    url: str
    due: times.Moment
    until: times.Moment
    new: bool


_STANDS = {"": "", "paused": "paused by a person", "stopped": "stopped"}


@dataclass(frozen=True, kw_only=True)
class RowLine:
    ask: str
    url: str
    kind: str
    waits: str
    due: times.Moment
    urgent: bool
    claimed: bool
    pick_url: str
    several: str
    stands: str
    came: str
    gathers: str


@dataclass(frozen=True, kw_only=True)
class ReadyLine:
    """What has gathered and can be done in one session; the values say which."""

    said: str
    queue: str
    due: times.Moment
    url: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class DeskPage:
    heading: str
    waiting: int
    queues: tuple[QueueLine, ...]
    held: tuple[HeldLine, ...]
    ready: tuple[ReadyLine, ...]
    take_url: str
    empty: str


@dataclass(frozen=True, kw_only=True)
class QueuePage:
    name: str
    note: str
    rows: tuple[RowLine, ...]
    gathering: str
    all_url: str
    take_url: str
    next_url: str


@dataclass(frozen=True, kw_only=True)
class Here:
    """Where the top bar says one is; without a name it says nothing."""

    url: str
    name: str = ""
    note: str = ""


def here(name: str = "", note: str = "") -> Here:
    return Here(url=reverse("reviews:desk"), name=name, note=note)


def page(overview: Overview, *, now: datetime) -> DeskPage:
    """Arrange the desk, the queue with what is most pressing on top."""
    lines = sorted((_line(card, now) for card in overview.queues), key=_urgency)
    mine = tuple(_held(row, now) for row in overview.held)
    total = sum(line.waiting for line in lines)
    return DeskPage(
        heading=_heading(total),
        waiting=total,
        queues=tuple(lines),
        held=mine,
        ready=tuple(_ready(found, now) for found in overview.ready),
        take_url=reverse("reviews:take"),
        empty=_empty(lines, mine, decides=overview.decides),
    )


def queue_page(found: Page, *, now: datetime) -> QueuePage:
    """List what may be chosen, in the order it is worked."""
    own = reverse("reviews:queue", args=[found.queue])
    everything = f"{own}?gathering=1"
    hidden = "" if found.with_gathering else _gathering(found.gathers_until, now)
    here = f"{everything}&" if found.with_gathering else f"{own}?"
    return QueuePage(
        name=found.name,
        note="Urgent ones first, each in the order they are due. Choose one, or take the next."
        if found.rows
        else "Nothing waits here for your team."
        if not hidden
        else "Nothing is offered here just now.",
        rows=tuple(_row(row, now) for row in found.rows),
        gathering=hidden,
        all_url=everything,
        take_url=reverse("reviews:take-from", args=[found.queue]),
        next_url=f"{here}after={found.after}" if found.after else "",
    )


def _heading(total: int) -> str:
    if total == 0:
        return "Nothing waits"
    return "One handoff waits" if total == 1 else f"{total} handoffs wait"


def _empty(lines: list[QueueLine], held: tuple[HeldLine, ...], *, decides: bool) -> str:
    if not decides:
        return (
            "Your role decides nothing, so nothing comes to you here. "
            "What it may see and change is under Governance and Admin, at the top right."
        )
    if not lines:
        return (
            "You are in no queue yet, so nothing can come to you. "
            "A manager gives your team a queue."
        )
    if held:
        return "Only what you hold is left."
    return "Every queue of yours is empty. What comes next appears here by itself."


def _urgency(line: QueueLine) -> tuple[bool, bool, str, str]:
    return (line.due is None, not line.urgent, line.due.iso if line.due else "", line.name)


def _line(card: QueueCard, now: datetime) -> QueueLine:
    oldest, due = card.oldest_opened_at, card.next_deadline_at
    listed = reverse("reviews:queue", args=[card.slug]) if card.pick_allowed else ""
    return QueueLine(
        slug=card.slug,
        name=card.name,
        waiting=card.waiting,
        full=_full(Room(card.waiting, card.most)),
        oldest=times.since(oldest, now) if oldest else None,
        due=times.until(due, now, urgent=card.urgent) if due else None,
        urgent=card.urgent,
        gathering=_gathering(card.gathers_until, now),
        take_url=reverse("reviews:take-from", args=[card.slug]),
        list_url=listed,
        session_url=reverse("reviews:session-start", args=[card.slug]),
    )


def _full(room: Room) -> str:
    """Say that agents feel how full it is, once they do."""
    if not room.takes(presses=False):
        return f"of {room.limit}, full"
    return f"of {room.limit}" if room.waiting >= SLOW_FROM * room.for_all else ""


def _came(row: Row) -> str:
    """Say why it waits where one would not expect it."""
    if row.beyond_limit:
        return "let in beyond the limit"
    return f"from {row.came_from}, which was full" if row.came_from else ""


def _gathering(until: datetime | None, now: datetime) -> str:
    """Say that some are not offered yet, and when the first of them are."""
    return f"some gather until {times.until(until, now).clock} UTC" if until else ""


def _ready(found: Ready, now: datetime) -> ReadyLine:
    what = found.action_type.replace("_", " ") or words.KINDS[HandoffKind(found.kind)]
    return ReadyLine(
        said=f"{found.count} alike are ready: {what}",
        queue=found.queue,
        due=times.until(found.due_at, now),
        url=reverse("reviews:session-gathered", args=[found.slug]),
        values=(
            ("workflow", str(found.workflow)),
            ("kind", found.kind),
            ("action_type", found.action_type),
        ),
    )


def _held(row: HeldRow, now: datetime) -> HeldLine:
    return HeldLine(
        ask=marked(row.ask),
        url=reverse("reviews:handoff", args=[row.id]),
        due=times.until(row.deadline_at, now, urgent=row.urgent),
        until=times.until(row.expires_at, now),
        new=row.new,
    )


def _until(at: datetime | None, now: datetime) -> str:
    return f"gathers until {times.until(at, now).clock} UTC" if at else ""


def _row(row: Row, now: datetime) -> RowLine:
    return RowLine(
        ask=marked(row.ask),
        url=reverse("reviews:handoff", args=[row.id]),
        kind=words.KINDS[HandoffKind(row.kind)],
        waits=times.span((now - row.opened_at).total_seconds()),
        due=times.until(row.deadline_at, now, urgent=row.urgent),
        urgent=row.urgent,
        claimed=row.claimed,
        pick_url=reverse("reviews:pick", args=[row.id]),
        several=panel.counted(row.decided, row.approvers) if row.approvers > 1 else "",
        stands=_STANDS[row.stands],
        came=_came(row),
        gathers=_until(row.gathers_until, now),
    )
