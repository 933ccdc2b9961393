"""When a handoff is due, when it becomes urgent, and the next moment at which something is done.

Urgent has one definition: without an answer it will breach its deadline within the row's urgent
time. It is computed; nobody can declare it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handoffs import sla
from handoffs.calendars import Calendar
from handoffs.sla import Span
from handoffs.states import RungName


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """A deadline that runs: since when and how long it counts, when it is urgent and over."""

    counted_from: datetime
    seconds: int
    urgent_at: datetime
    due_at: datetime
    by_the_clock: bool = False

    def columns(self, end: RungName = RungName.DEADLINE) -> dict[str, Any]:
        """Return what a handoff keeps of a deadline that begins now and at whose end `end` fires.

        `handoffs.pause_parts` writes the same of a handoff that opens.
        """
        return {
            "counted_from": self.counted_from,
            "counted_seconds": self.seconds,
            "by_the_clock": self.by_the_clock,
            "urgent_since": None,
            **self.moments(urgent=False, end=end),
        }

    def moments(self, *, urgent: bool, end: RungName) -> dict[str, Any]:
        """Return when which of it comes; of what is urgent already only the end is to come."""
        soon = not urgent and self.urgent_at < self.due_at
        return {
            "deadline_at": self.due_at,
            "urgent_at": self.urgent_at,
            "next_at": self.urgent_at if soon else self.due_at,
            "next_rung": RungName.URGENT.value if soon else end.value,
        }


def count(
    since: datetime,
    seconds: int,
    *,
    urgent_seconds: int,
    calendar: Calendar | None,
    pauses: Sequence[Span] = (),
    by_the_clock: bool = False,
) -> Deadline:
    """Count `seconds` from then on, in the hours of `calendar` or by the clock, but in no pause."""
    calm = seconds - urgent_window(seconds, urgent_seconds)
    hours = None if by_the_clock else calendar
    return Deadline(
        counted_from=since,
        seconds=seconds,
        urgent_at=sla.deadline(since, calm, hours, pauses),
        due_at=sla.deadline(since, seconds, hours, pauses),
        by_the_clock=by_the_clock,
    )


def urgent_window(seconds: int, urgent_seconds: int) -> int:
    """Return how long before its end a deadline of `seconds` is urgent.

    An urgent time that is as long as the deadline, or longer, would make everything urgent when it
    comes; then it is the last quarter.
    """
    return urgent_seconds if urgent_seconds < seconds else seconds // 4
