"""What is told to whom and when: rules over plain data.

People are told of three things: something changed hands, it became urgent, it is done.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from handoffs import calendars
from handoffs.calendars import Calendar
from handoffs.states import Cause, HandoffState, RunState


class Kind(StrEnum):
    """Of what somebody is told. The first three are all a change of hands."""

    ARRIVED = "arrived"
    TRANSFERRED = "transferred"
    # to one person, in a queue that assigns
    ASSIGNED = "assigned"
    URGENT = "urgent"
    COMPLETED = "completed"


class How(StrEnum):
    AT_ONCE = "at_once"
    DIGEST = "digest"
    NONE = "none"


# where neither the person nor the queue says otherwise; whoever works a queue looks into it anyway
USUALLY: dict[Kind, How] = {
    Kind.ARRIVED: How.NONE,
    Kind.TRANSFERRED: How.AT_ONCE,
    Kind.ASSIGNED: How.AT_ONCE,
    Kind.URGENT: How.AT_ONCE,
    Kind.COMPLETED: How.DIGEST,
}
# a queue and its team are told of these, and of what is assigned the one person
OF_TEAMS = tuple(kind for kind in Kind if kind is not Kind.ASSIGNED)
# whoever is at the desk has opened by then what was put into their hands
UNOPENED = timedelta(seconds=20)
# what is read later than this after it happened is gathered: an outage ends without a storm
LATE = timedelta(hours=1)
# at-once mails to one person in an hour; what is more is gathered
MOST_AT_ONCE = 12
_HOUR = timedelta(hours=1)
_CAME = {"", HandoffState.ANSWERED.value}
_OVER = {HandoffState.ANSWERED.value, HandoffState.WITHDRAWN.value}
_ENDED = {RunState.COMPLETED.value, RunState.FAILED.value}
# to other people of the same team, because a queue was full or has room again
SHIFTED = {Cause.OVERFLOWED.value, Cause.WENT_BACK.value}
_PASSED_ON = {Cause.ESCALATED.value, Cause.SENT_ON.value, Cause.TIMED_OUT.value, *SHIFTED}


def kind_of(*, of_run: bool, before: str, after: str, cause: str) -> Kind | None:
    """Say what a transition tells; None for what nobody is told of.

    A question that comes back, taken back or with what was asked for, is with whoever had it.
    """
    if of_run:
        return Kind.COMPLETED if after in _ENDED else None
    if after in _OVER:
        return Kind.COMPLETED
    if after != HandoffState.WAITING.value:
        return None
    if before in _CAME:
        return Kind.ARRIVED
    passed_on = before == HandoffState.WAITING.value and cause in _PASSED_ON
    return Kind.TRANSFERRED if passed_on else None


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When somebody can be told: in their hours, not while they are away.

    `digest_hour` is an hour of the day in `zone`; None: every full hour.
    """

    calendar: Calendar | None = None
    zone: ZoneInfo = ZoneInfo("UTC")
    away_until: datetime | None = None
    digest_hour: int | None = None

    @property
    def away(self) -> bool:
        return self.away_until is not None

    def here(self, now: datetime) -> bool:
        """Tell whether they are within their hours just now."""
        return self.opens(now) <= now

    def opens(self, at: datetime) -> datetime:
        """Return the first moment from `at` on that is within their hours."""
        at = max(at, self.away_until or at)
        if self.calendar is None or self.calendar.always_open:
            return at
        return next(calendars.openings(self.calendar, at))[0]


def due(now: datetime, *, how: How, hours: Hours, wakes: bool = False) -> datetime:
    """Return when somebody is told; what `wakes` comes at any hour."""
    if wakes:
        return now
    if how is How.AT_ONCE:
        return hours.opens(now)
    return hours.opens(next_digest(hours.opens(now), hours))


def next_digest(after: datetime, hours: Hours) -> datetime:
    """Return the next full hour, or the next time that it is their hour of the day."""
    if hours.digest_hour is None:
        return after.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    local = after.astimezone(hours.zone)
    at = local.replace(hour=hours.digest_hour, minute=0, second=0, microsecond=0)
    if at.astimezone(UTC) <= after:
        at += timedelta(days=1)
    return at.astimezone(UTC)
