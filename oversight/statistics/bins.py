"""Times as counts in bins, each a tenth longer than the one before: enough for any percentile.

A bin says no more than that somebody took about so long: no single time is kept.
"""

import math
from collections.abc import Mapping

# to each factor of e; the same in SQL, see oversight.counted.days
PER_E = 10
LEAST_SECONDS = 0.1

Bins = Mapping[str, int]


def of(seconds: float) -> str:
    return str(math.floor(math.log(max(seconds, LEAST_SECONDS)) * PER_E))


def middle(name: str) -> float:
    """Return the seconds in the middle of a bin: at most 5 % from each in it."""
    return math.exp((int(name) + 0.5) / PER_E)


def add(into: dict[str, int], more: Bins) -> None:
    for name, count in more.items():
        into[name] = into.get(name, 0) + count


def quantile(bins: Bins, share: float) -> float | None:
    """Return below what time this share lies; None of nothing."""
    total, seen = sum(bins.values()), 0
    for name in sorted(bins, key=int):
        seen += bins[name]
        if seen >= share * total:
            return middle(name)
    return None


def timed(bins: Bins) -> list[tuple[float, float]]:
    """Return them as (seconds, how many), for oversight.statistics.speeds."""
    return [(middle(name), float(count)) for name, count in bins.items()]


def below(bins: Bins, seconds: float) -> int:
    """Return how many took less, as well as bins know."""
    return sum(count for name, count in bins.items() if middle(name) < seconds)
