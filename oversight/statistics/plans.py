"""How many people an hour's work needs, and what one more or one fewer would change: pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from oversight.statistics import erlang
from oversight.statistics.erlang import Steady

HOUR = 3600.0
# above this share of busy time every chance delay grows; above the second, intake should stop
CALM, FULL = 0.80, 0.85
TARGET = 0.95
# a deadline is planned for as Erlang A and as a fixed one; no plan is larger than this
MOST_PEOPLE = 2_000
FACTORS = (0.5, 0.8, 1.0, 1.25, 1.5, 2.0)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What comes in an hour, how long each takes, and by when it is due."""

    arrivals: float
    handling_seconds: float
    deadline_seconds: float
    # the share that is to be answered in time
    target: float = TARGET

    @property
    def load(self) -> float:
        """How many people it keeps busy."""
        return self.arrivals * self.handling_seconds / HOUR

    @property
    def latest_start(self) -> float:
        """Return after how many seconds it is too late to begin."""
        return max(1.0, self.deadline_seconds - self.handling_seconds)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """How an hour's work goes with so many people."""

    people: int
    # seconds until one is taken, on average, and for nine of ten; inf: it never settles
    wait: float
    wait_of_nine: float
    # the share answered in time where every deadline is the same, and where they vary widely
    in_time: float
    in_time_varied: float
    busy: float

    @property
    def is_endless(self) -> bool:
        return math.isinf(self.wait)

    def meets(self, target: float) -> bool:
        return min(self.in_time, self.in_time_varied) >= target and self.busy <= CALM


@lru_cache(maxsize=4096)
def outlook(work: Work, people: int) -> Outlook:
    """Return how `work` goes with so many people, once it has settled."""
    arrivals, handling = work.arrivals / HOUR, work.handling_seconds
    without = erlang.patient(arrivals=arrivals, handling=handling, servers=people)
    fixed = erlang.until_deadline(
        arrivals=arrivals, handling=handling, servers=people, deadline=work.latest_start
    )
    varied = erlang.impatient(
        arrivals=arrivals, handling=handling, servers=people, patience=work.latest_start
    )
    return Outlook(
        people=people,
        wait=_wait(work, people, without),
        wait_of_nine=_wait_of_nine(work, people),
        in_time=1 - fixed.missed,
        in_time_varied=1 - varied.missed,
        busy=min(1.0, work.load / people) if people else float(work.arrivals > 0),
    )


def _wait(work: Work, people: int, without: Steady) -> float:
    return 0.0 if not work.arrivals else without.mean_wait if people else math.inf


def _wait_of_nine(work: Work, people: int) -> float:
    if not work.arrivals:
        return 0.0
    return erlang.taken_by(
        0.9, arrivals=work.arrivals / HOUR, handling=work.handling_seconds, servers=people
    )


@lru_cache(maxsize=4096)
def needed(work: Work) -> int:
    """Return the fewest people with whom the target is met and nobody is rushed."""
    if not work.arrivals:
        return 0
    people = max(1, math.ceil(work.load / CALM - 1e-9))
    while people < MOST_PEOPLE and not outlook(work, people).meets(work.target):
        people += 1
    return people


def around(work: Work, people: int) -> list[Outlook]:
    """Return how it goes with one fewer, with these, and with one more."""
    return [outlook(work, count) for count in range(max(0, people - 1), people + 2)]


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What another escalation rate would mean."""

    factor: float
    work: Work
    needed: int
    # with the people there are now
    now: Outlook


def scaled(work: Work, people: int, factors: Sequence[float] = FACTORS) -> list[Scaled]:
    """Return what it would take if more or less of what agents propose came to people."""
    found = []
    for factor in factors:
        other = Work(
            arrivals=work.arrivals * factor,
            handling_seconds=work.handling_seconds,
            deadline_seconds=work.deadline_seconds,
            target=work.target,
        )
        found.append(
            Scaled(factor=factor, work=other, needed=needed(other), now=outlook(other, people))
        )
    return found
