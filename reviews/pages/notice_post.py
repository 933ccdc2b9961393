"""A notice in a chat: names that managers gave, times and links, and not a word of an agent's."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from handoffs import queries
from handoffs.models import Handoff
from handoffs.states import HandoffKind, HandoffState
from reviews.models import Notice
from reviews.notice_rules import Kind
from reviews.pages import times
from reviews.pages.words import KINDS

SHOWN = 10
_SAID: dict[Kind, tuple[str, str]] = {
    Kind.URGENT: ("1 is urgent", "{} are urgent"),
    Kind.TRANSFERRED: ("1 was handed to the team", "{} were handed to the team"),
    Kind.ARRIVED: ("1 is new", "{} are new"),
    Kind.COMPLETED: ("1 is done", "{} are done"),
}

Told = Sequence[tuple[Notice, Handoff]]


def post(queue: str, told: Told, *, now: datetime) -> tuple[str, str]:
    """Return the title and the text of one message that tells of all of these."""
    counts = [(kind, sum(one.kind == kind for one, _ in told)) for kind in _SAID]
    said = [_SAID[kind][count > 1].format(count) for kind, count in counts if count]
    ordered = sorted(told, key=_order)
    lines = [_line(notice, handoff, now) for notice, handoff in ordered[:SHOWN]]
    if more := len(ordered[SHOWN:]):
        lines.append(f"… and {more} more.")
    return f"{queue}: {', '.join(said)}", "\n".join(lines)


def _order(one: tuple[Notice, Handoff]) -> tuple[int, datetime, str]:
    notice, handoff = one
    return list(_SAID).index(Kind(notice.kind)), handoff.deadline_at, handoff.id


def _line(notice: Notice, handoff: Handoff, now: datetime) -> str:
    kind = KINDS[HandoffKind(handoff.kind)]
    url = settings.PUBLIC_URL + reverse("reviews:handoff", args=[handoff.id])
    return f"{kind}, {handoff.workflow.name}: {_when(notice, handoff, now)} {url}"


def _when(notice: Notice, handoff: Handoff, now: datetime) -> str:
    if notice.kind == Kind.COMPLETED:
        over = handoff.state == HandoffState.WITHDRAWN.value
        return "the agent no longer asks." if over else "answered."
    phrase = times.until(handoff.deadline_at, now).phrase
    zone = queries.calendar(handoff.queue).zone
    return f"due {times.day_and_clock(handoff.deadline_at, zone)}, {phrase}."
