"""Notice that people stopped catching what is wrong: Bernoulli CUSUM, reckoned exactly.

Each test that is missed adds to a score, each that is caught takes from it, never below zero; at
the threshold it alarms. The score begins anew whenever it comes back to zero. So everything about
the wait for an alarm follows from one excursion above zero, and between any two moments of an
excursion only a handful of scores are possible: no grid is needed.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

# what an excursion may still become, when so little of it is left, is nothing
_TINY = 1e-13
# after so many tests the chance of an alarm at the next one no longer changes
_SETTLED = 3000


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The share of misses that is usual, the one to notice, and the score that alarms."""

    usual: float
    noticed: float
    threshold: float

    @property
    def up(self) -> float:
        return math.log(self.noticed / self.usual)

    @property
    def down(self) -> float:
        return math.log((1 - self.usual) / (1 - self.noticed))

    @property
    def head_start(self) -> float:
        """Return where the score begins after an alarm was dealt with: what it was may be so."""
        return self.threshold / 2

    def step(self, score: float, *, missed: bool) -> float:
        return max(0.0, score + (self.up if missed else -self.down))

    def alarms(self, score: float) -> bool:
        return score >= self.threshold


@dataclass(frozen=True)
class _Excursion:
    """By its length: how likely an excursion ends in an alarm, or back at zero."""

    alarm: tuple[float, ...]
    zero: tuple[float, ...]

    @property
    def length(self) -> float:
        both = enumerate(zip(self.alarm, self.zero, strict=True))
        return sum(tests * (alarm + zero) for tests, (alarm, zero) in both)


@lru_cache(maxsize=2048)
def _excursion(chart: Chart, miss: float, start: float) -> _Excursion:
    alarm, zero = [0.0], [0.0]
    live = {start: 1.0}
    up, down = chart.up, chart.down
    while live and sum(live.values()) > _TINY:
        alarmed = ended = 0.0
        after: dict[float, float] = {}
        for score, chance in live.items():
            higher, lower = score + up, round(score - down, 9)
            if higher >= chart.threshold:
                alarmed += chance * miss
            else:
                higher = round(higher, 9)
                after[higher] = after.get(higher, 0.0) + chance * miss
            if lower <= 0:
                ended += chance * (1 - miss)
            else:
                after[lower] = after.get(lower, 0.0) + chance * (1 - miss)
        alarm.append(alarmed)
        zero.append(ended)
        live = after
    return _Excursion(tuple(alarm), tuple(zero))


def mean_tests(chart: Chart, miss: float, *, start: float = 0.0) -> float:
    """Return how many tests it takes on average until it alarms, if so many are missed."""
    again = _excursion(chart, miss, 0.0)
    from_zero = again.length / sum(again.alarm) if sum(again.alarm) else math.inf
    if not start:
        return from_zero
    first = _excursion(chart, miss, start)
    return first.length + sum(first.zero) * from_zero


def chances(chart: Chart, miss: float, *, tests: int, start: float = 0.0) -> list[float]:
    """Return how likely the alarm comes with exactly the n-th test, from 0 to `tests`."""
    first, again = _excursion(chart, miss, start), _excursion(chart, miss, 0.0)
    at_zero, found = [0.0] * (tests + 1), [0.0] * (tests + 1)
    for now in range(1, tests + 1):
        found[now] = first.alarm[now] if now < len(first.alarm) else 0.0
        at_zero[now] = first.zero[now] if now < len(first.zero) else 0.0
        for ago in range(1, min(now, len(again.alarm))):
            begun = at_zero[now - ago]
            found[now] += begun * again.alarm[ago]
            at_zero[now] += begun * again.zero[ago]
    return found


def tests_of(share: float, chart: Chart, miss: float, *, start: float = 0.0) -> float:
    """Return within how many tests it alarms in this share of all cases."""
    limit = 64
    while True:
        found = chances(chart, miss, tests=limit, start=start)
        total = 0.0
        for tests, chance in enumerate(found):
            total += chance
            if total >= share:
                return tests
        if limit >= _SETTLED:
            return limit + math.log((1 - total) / (1 - share)) * (1 - total) / max(
                found[-1], 1e-300
            )
        limit *= 4


@lru_cache(maxsize=256)
def threshold(usual: float, noticed: float, between: float) -> float:
    """Return the lowest threshold with at least so many tests between two false alarms."""
    low, high = 0.0, 1.0
    while _between(usual, noticed, high) < between:
        low, high = high, high * 2
    while high - low > 0.005:
        middle = (low + high) / 2
        low, high = (middle, high) if _between(usual, noticed, middle) < between else (low, middle)
    return high


def _between(usual: float, noticed: float, score: float) -> float:
    return mean_tests(Chart(usual=usual, noticed=noticed, threshold=score), usual)
