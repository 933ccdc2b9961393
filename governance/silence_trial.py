"""A ladder tried on what came before: when it would have climbed, and what a silence had meant.

Pure. An answer is taken to come when it came, whoever had it by then: a level above would have
changed that, nobody knows how. What ended without a person's answer is known up to its end only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from governance.estimates import Share
from handoffs import deadlines
from handoffs.calendars import Calendar
from handoffs.sla import NeverOpens, Span


@dataclass(frozen=True)
class Level:
    """One level: so much time, in these hours or by the clock."""

    seconds: int
    calendar: Calendar | None = None


@dataclass(frozen=True)
class Ladder:
    """What a row says, or would say: its levels from the first, and its urgent time."""

    levels: tuple[Level, ...]
    urgent_seconds: int


@dataclass(frozen=True)
class Seen:
    """One question as it went: answered by a person, or over without."""

    opened_at: datetime
    until: datetime
    answered: bool
    pauses: Sequence[Span] = ()


@dataclass(frozen=True)
class Moment:
    """Something that falls due if nobody has answered by then."""

    rung: str
    at: datetime


@dataclass
class Counts:
    """How many met each rung, of those of which it is known."""

    urgent: int = 0
    climbed: int = 0
    timed_out: int = 0
    known_urgent: int = 0
    known_climbed: int = 0
    known_timed_out: int = 0
    questions: int = 0
    unanswered: int = 0
    by_level: list[int] = field(default_factory=list)

    def share(self, rung: str) -> Share:
        return Share(getattr(self, rung), getattr(self, f"known_{rung}"))

    def unknown(self, rung: str) -> int:
        return self.questions - int(getattr(self, f"known_{rung}"))


def moments(ladder: Ladder, seen: Seen) -> list[Moment]:
    """Return what falls due and when, from when it was opened to the last level's end."""
    found, start = [], seen.opened_at
    for number, level in enumerate(ladder.levels, start=1):
        deadline = deadlines.count(
            start,
            level.seconds,
            urgent_seconds=ladder.urgent_seconds,
            calendar=level.calendar,
            pauses=[pause for pause in seen.pauses if pause[1] > start],
        )
        if deadline.urgent_at < deadline.due_at:
            found.append(Moment("urgent", deadline.urgent_at))
        last = number == len(ladder.levels)
        found.append(Moment("timed_out" if last else "climbed", deadline.due_at))
        start = deadline.due_at
    return found


def run(ladder: Ladder, history: Iterable[Seen]) -> Counts:
    """Let each question of the history wait on this ladder."""
    counts = Counts(by_level=[0] * len(ladder.levels))
    for seen in history:
        try:
            due = moments(ladder, seen)
        except NeverOpens:
            continue
        _count(counts, due, seen)
    return counts


def _count(counts: Counts, due: Sequence[Moment], seen: Seen) -> None:
    counts.questions += 1
    counts.unanswered += not seen.answered
    met = [one for one in due if one.at < seen.until]
    for rung in ("urgent", "climbed", "timed_out"):
        comes = any(one.rung == rung for one in due)
        happened = any(one.rung == rung for one in met)
        # of what ended without an answer it is not known whether it would have come to it later
        if happened or seen.answered or not comes:
            setattr(counts, f"known_{rung}", getattr(counts, f"known_{rung}") + 1)
            setattr(counts, rung, getattr(counts, rung) + happened)
    if seen.answered:
        level = sum(one.rung in ("climbed", "timed_out") for one in met)
        if level < len(counts.by_level):
            counts.by_level[level] += 1
