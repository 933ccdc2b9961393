"""Which decisions were made too fast to have been made: of a team, never of a person.

The logarithm of active times is a mixture of two normal distributions where some decide without
reading. With too few, or without two clearly apart, a tenth of the mean is the cut.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

ENOUGH = 200
FALLBACK_SHARE = 0.10
# whoever reads faster than this did not read
WORDS_PER_MINUTE = 300
ROUNDS = 500
_SLOWEST_FAST = 0.05
_FAR_BELOW = 0.5
# to each factor of e
_BINS = 50


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the two: its share of all, and its distribution."""

    share: float
    median: float
    sigma: float

    def quantile(self, share: float) -> float:
        return math.exp(math.log(self.median) + self.sigma * NormalDist().inv_cdf(share))


@dataclass(frozen=True, kw_only=True)
class Mixture:
    rapid: Part
    engaged: Part
    # equally likely to be of either
    cut: float


@dataclass(frozen=True, kw_only=True)
class Rapid:
    """The share of decisions below a cut, and by which rule it was found."""

    cut: float
    share: float
    of: float
    mixture: Mixture | None


Timed = tuple[float, float]


def rapid(times: Sequence[Timed]) -> Rapid:
    """Find the rapid ones among (seconds, how many): by mixture, or by the fallback."""
    return _rapid(tuple(times))


# weeks that are over are looked at again and again
@lru_cache(maxsize=512)
def _rapid(times: tuple[Timed, ...]) -> Rapid:
    total = sum(count for _, count in times)
    mixture = fit(in_bins(times)) if total >= ENOUGH else None
    if mixture is not None and _apart(mixture):
        return Rapid(cut=mixture.cut, share=mixture.rapid.share, of=total, mixture=mixture)
    cut = fallback(times)
    below = sum(count for seconds, count in times if seconds < cut)
    return Rapid(cut=cut, share=below / total if total else 0.0, of=total, mixture=None)


def in_bins(times: Sequence[Timed]) -> list[Timed]:
    """Put times that lie within 2 % of one another together: many are fitted as fast as few."""
    found: dict[int, float] = {}
    for seconds, count in times:
        if seconds > 0:
            place = math.floor(math.log(seconds) * _BINS)
            found[place] = found.get(place, 0.0) + count
    return [(math.exp((place + 0.5) / _BINS), count) for place, count in sorted(found.items())]


def fallback(times: Sequence[Timed]) -> float:
    """Return a tenth of the mean (Wise and Ma)."""
    total = sum(count for _, count in times)
    return FALLBACK_SHARE * sum(seconds * count for seconds, count in times) / max(total, 1)


def _apart(mixture: Mixture) -> bool:
    """Two humps, not one that is a little crooked (Ashman's D above 2), and no mere speck.

    And the fast ones far below the slow: where a page closes after a while, the slowest gather at
    its limit as a narrow hump, and everybody else is not rapid because of them.
    """
    fast, slow = mixture.rapid, mixture.engaged
    spread = math.sqrt((fast.sigma**2 + slow.sigma**2) / 2)
    apart = (math.log(slow.median) - math.log(fast.median)) / max(spread, 1e-9)
    below = mixture.cut <= _FAR_BELOW * slow.median
    return apart > 2 and below and 0.005 < fast.share < 0.995


def fit(times: Sequence[Timed]) -> Mixture | None:
    """Fit both parts by expectation and maximisation; None where all times are the same."""
    points = [(math.log(seconds), count) for seconds, count in times if seconds > 0 and count > 0]
    if len(points) < 2:
        return None
    first, second = _weighted_quantile(points, 0.1), _weighted_quantile(points, 0.9)
    found = ((0.5, first, 1.0), (0.5, second, 1.0))
    for _ in range(ROUNDS):
        before, found = found, _round(points, *found)
        if (
            max(
                abs(x - y)
                for a, b in zip(before, found, strict=True)
                for x, y in zip(a, b, strict=True)
            )
            < 1e-10
        ):
            break
    fast, slow = sorted(found, key=lambda part: part[1])
    return Mixture(rapid=_part(fast), engaged=_part(slow), cut=math.exp(_cut(fast, slow)))


_Normal = tuple[float, float, float]


def _round(points: Sequence[Timed], one: _Normal, two: _Normal) -> tuple[_Normal, _Normal]:
    sums = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    a1, b1, c1 = _terms(one)
    a2, b2, c2 = _terms(two)
    for x, count in points:
        # the logarithm of how much likelier the second is
        apart = a2 - b2 * (x - c2) ** 2 - a1 + b1 * (x - c1) ** 2
        second = count / (1 + math.exp(-apart)) if apart > -700 else 0.0
        for sum_, part in zip(sums, (count - second, second), strict=True):
            sum_[0] += part
            sum_[1] += part * x
            sum_[2] += part * x * x
    total = sums[0][0] + sums[1][0]
    return _moments(sums[0], total), _moments(sums[1], total)


def _terms(part: _Normal) -> _Normal:
    share, mean, sigma = part
    return math.log(max(share, 1e-300) / sigma), 1 / (2 * sigma * sigma), mean


def _moments(sums: Sequence[float], total: float) -> _Normal:
    count = max(sums[0], 1e-12)
    mean = sums[1] / count
    return sums[0] / total, mean, max(0.02, math.sqrt(max(0.0, sums[2] / count - mean * mean)))


def _part(found: _Normal) -> Part:
    share, mean, sigma = found
    return Part(share=share, median=math.exp(mean), sigma=sigma)


def _cut(fast: _Normal, slow: _Normal) -> float:
    def slower(x: float) -> bool:
        (a1, b1, c1), (a2, b2, c2) = _terms(fast), _terms(slow)
        return a2 - b2 * (x - c2) ** 2 > a1 - b1 * (x - c1) ** 2

    low, high = fast[1], slow[1]
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if slower(middle) else (middle, high)
    return (low + high) / 2


def _weighted_quantile(points: Sequence[Timed], share: float) -> float:
    ordered = sorted(points)
    target, seen = share * sum(count for _, count in ordered), 0.0
    for x, count in ordered:
        seen += count
        if seen >= target:
            return x
    return ordered[-1][0]


def cumulative_cut(answers: Sequence[tuple[float, bool]], chance: float) -> float | None:
    """Return until what time those who answered so fast are right no more than by chance.

    The partner of the mixture, where the truth is known; None if even the fastest are better.
    """
    cut, right = None, 0
    for number, (seconds, is_right) in enumerate(sorted(answers), start=1):
        right += is_right
        if right / number <= chance:
            cut = seconds
    return cut


def least_seconds(words: int, mixture: Mixture | None, *, most: float) -> float:
    """Return how long a decision should take at least: what reading takes, or the fastest
    twentieth of those who do read; never more than its deadline leaves."""
    reading = words / WORDS_PER_MINUTE * 60
    engaged = mixture.engaged.quantile(_SLOWEST_FAST) if mixture else 0.0
    return min(most, max(reading, engaged))
