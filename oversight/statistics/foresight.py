"""Say how an hour will go and how sure that is, by trying it out: pure.

Each trial draws how many come, how long each takes and how many hands there are, within what is
known of them, and works through the hour in order of arrival. What nine of ten trials come to is
the interval: chance and ignorance are both in it.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

HOUR = 3600.0
TRIALS = 400
# so many arrivals altogether are tried out at most, or a busy queue would take minutes
_MOST = 120_000
_FEWEST_TRIALS = 60
LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a queue before an hour begins."""

    # per hour, on average over so many hours like this one
    arrivals: float
    hours_seen: float
    handling_seconds: float
    # standard deviation of the handling time in units of its mean
    spread: float
    hands: float
    deadline_seconds: float
    # how many wait now, and how long until the hour begins
    waiting: int = 0
    lead_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Band:
    """What is expected, and between what nine of ten hours lie."""

    middle: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    # mean seconds until those who come in the hour are taken
    wait: Band
    # the share of them that is answered before its deadline
    in_time: Band


def foresee(known: Known, *, seed: str) -> Foreseen | None:
    """Try the hour out; None where in hardly any trial anybody came."""
    chance = random.Random(seed)
    expected = max(1.0, known.arrivals * (1 + known.lead_seconds / HOUR) + known.waiting)
    trials = max(_FEWEST_TRIALS, min(TRIALS, int(_MOST / expected)))
    waits, shares = [], []
    for _ in range(trials):
        wait, share = _one_hour(known, chance)
        if wait is not None:
            waits.append(wait)
        if share is not None:
            shares.append(share)
    if len(shares) < trials / 2:
        return None
    return Foreseen(wait=_band(waits or [known.deadline_seconds]), in_time=_band(shares))


def _one_hour(known: Known, chance: random.Random) -> tuple[float | None, float | None]:
    """Return the mean wait of those taken and the share answered in time, in one trial."""
    free_at = _hands(known, chance)
    cohort, in_time, taken, waited = 0, 0, 0, 0.0
    for came_at in _arrivals(known, chance):
        ours = came_at >= known.lead_seconds
        cohort += ours
        start = max(came_at, free_at[0]) if free_at else came_at + known.deadline_seconds
        due = came_at + known.deadline_seconds
        if start >= due:
            continue
        ends = start + _work(known, chance)
        heapq.heapreplace(free_at, min(ends, due))
        if ours:
            taken, waited = taken + 1, waited + start - came_at
            in_time += ends <= due
    return (waited / taken if taken else None), (in_time / cohort if cohort else None)


def _arrivals(known: Known, chance: random.Random) -> list[float]:
    """Draw when they come: those who wait first, then as many an hour as may be the truth."""
    seen = max(known.hours_seen, 0.25)
    rate = chance.gammavariate(known.arrivals * seen + 0.5, 1 / seen) / HOUR
    found, at = [0.0] * known.waiting, 0.0
    if rate <= 0:
        return found
    while True:
        at += chance.expovariate(rate)
        if at >= known.lead_seconds + HOUR:
            return found
        found.append(at)


def _hands(known: Known, chance: random.Random) -> list[float]:
    """Draw how many hands there are, and when each of them is free."""
    whole = int(known.hands)
    count = whole + (chance.random() < known.hands - whole)
    if not count:
        return []
    busy = min(1.0, known.arrivals * known.handling_seconds / HOUR / count)
    if known.waiting:
        busy = 1.0
    found = [
        chance.random() * _work(known, chance) if chance.random() < busy else 0.0
        for _ in range(count)
    ]
    heapq.heapify(found)
    return found


def _work(known: Known, chance: random.Random) -> float:
    """Draw how long one takes: gamma, with the mean and the spread that were measured."""
    spread = max(known.spread, 0.05)
    shape = 1 / spread**2
    return chance.gammavariate(shape, known.handling_seconds / shape)


def _band(values: Sequence[float]) -> Band:
    ordered = sorted(values)
    last = len(ordered) - 1
    return Band(
        middle=sum(ordered) / len(ordered),
        low=ordered[int(LOW * last)],
        high=ordered[min(last, int(HIGH * last) + 1)],
    )
