"""When something measured becomes an alarm, and when that is over: two marks, so nothing flaps.

What is raised stays so until the value is back at the other mark, and either has to hold for a
while. Of few the interval is wide: a share raises only if its interval leaves no room for what
would be no alarm.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from governance.estimates import HIGH_EDGE, LOW_EDGE, Share


class Measure(StrEnum):
    """What a threshold looks at.

    There is none of the override rate: by itself it tells nothing. It is 3.8 % where people catch
    nine in ten wrong actions, and 3.0 % where they catch five.
    """

    ESCALATION_HIGH = "escalation_high"
    ESCALATION_LOW = "escalation_low"
    LATE = "late"
    CATCH_RATE = "catch_rate"
    QUICK = "quick"
    QUICK_AGREEMENT = "quick_agreement"
    BACKLOG = "backlog"
    REFUSED_MOVES = "refused_moves"
    SILENT_JOBS = "silent_jobs"
    OUTBOX_AGE = "outbox_age"
    DEAD_LETTERS = "dead_letters"


OF_WORKFLOWS = (
    Measure.ESCALATION_HIGH,
    Measure.ESCALATION_LOW,
    Measure.LATE,
    Measure.CATCH_RATE,
    Measure.QUICK,
    Measure.QUICK_AGREEMENT,
)
OF_QUEUES = (Measure.BACKLOG,)
OF_ALL = (
    Measure.REFUSED_MOVES,
    Measure.SILENT_JOBS,
    Measure.OUTBOX_AGE,
    Measure.DEAD_LETTERS,
)
# what tests showed is told of many or of nobody: of a chart only whether it alarms
SHARES = frozenset(OF_WORKFLOWS) - {Measure.CATCH_RATE}
# what people do is told to whoever answers for them, and to no agent: one that knows that nobody
# reads closely knows when to try something
NOT_FOR_AGENTS = frozenset({Measure.CATCH_RATE, Measure.QUICK, Measure.QUICK_AGREEMENT})
# corrected so seldom that speed is no sign of easy work any more
HARDLY_EVER = 0.01


@dataclass(frozen=True, kw_only=True)
class Marks:
    """Where an alarm is raised, where it is over, and for how long either has to hold."""

    raise_at: float
    clear_at: float
    hold: timedelta

    @property
    def is_above(self) -> bool:
        """Say whether too much raises it; else too little does."""
        return self.raise_at > self.clear_at


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was measured, with its interval; `of` is None for what is no share."""

    value: float
    low: float
    high: float
    of: int | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Whether it is raised, and since when what is measured says otherwise."""

    raised: bool = False
    turning_since: datetime | None = None


_HOUR, _TEN = timedelta(hours=1), timedelta(minutes=10)
_FEW = timedelta(minutes=3)
USUAL: dict[Measure, Marks] = {
    Measure.ESCALATION_HIGH: Marks(raise_at=HIGH_EDGE[1], clear_at=HIGH_EDGE[0], hold=_HOUR),
    Measure.ESCALATION_LOW: Marks(raise_at=LOW_EDGE[0], clear_at=LOW_EDGE[1], hold=_HOUR),
    Measure.LATE: Marks(raise_at=0.05, clear_at=0.02, hold=_TEN),
    Measure.QUICK: Marks(raise_at=0.10, clear_at=0.05, hold=timedelta()),
    Measure.QUICK_AGREEMENT: Marks(raise_at=0.05, clear_at=0.02, hold=timedelta()),
    # in minutes
    Measure.BACKLOG: Marks(raise_at=60, clear_at=30, hold=_TEN),
    Measure.OUTBOX_AGE: Marks(raise_at=10, clear_at=2, hold=_FEW),
    # counted
    Measure.CATCH_RATE: Marks(raise_at=1, clear_at=0, hold=timedelta()),
    Measure.REFUSED_MOVES: Marks(raise_at=1, clear_at=0, hold=timedelta()),
    Measure.SILENT_JOBS: Marks(raise_at=1, clear_at=0, hold=_FEW),
    Measure.DEAD_LETTERS: Marks(raise_at=1, clear_at=0, hold=timedelta()),
}


def exactly(value: float) -> Reading:
    return Reading(value=value, low=value, high=value)


def of_share(share: Share) -> Reading | None:
    """Return a share as it is judged; of nothing there is nothing to judge."""
    if not share.of:
        return None
    low, high = share.interval
    return Reading(value=share.share, low=low, high=high, of=share.of)


def quick_agreement(quick: Share, overridden: Share) -> Reading | None:
    """Return the share of quick decisions where hardly anything was corrected, else none of them.

    Each for itself may be fine: easy work goes quickly, and a good agent is seldom corrected.
    """
    if not quick.of or not overridden.of:
        return None
    if overridden.interval[1] > HARDLY_EVER:
        return Reading(value=0.0, low=0.0, high=0.0, of=quick.of)
    return of_share(quick)


def judge(marks: Marks, reading: Reading | None, before: Standing, *, now: datetime) -> Standing:
    """Say how it stands now; where there is nothing to tell, it stands as before."""
    if reading is None or not _says_otherwise(marks, reading, raised=before.raised):
        return Standing(raised=before.raised)
    since = before.turning_since or now
    if now - since < marks.hold:
        return Standing(raised=before.raised, turning_since=since)
    return Standing(raised=not before.raised)


def _says_otherwise(marks: Marks, reading: Reading, *, raised: bool) -> bool:
    if marks.is_above:
        if raised:
            return reading.value <= marks.clear_at
        return reading.value >= marks.raise_at and reading.low > marks.clear_at
    if raised:
        return reading.value >= marks.clear_at
    return reading.value <= marks.raise_at and reading.high < marks.clear_at
