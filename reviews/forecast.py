"""When a question will be answered, from what was measured, and how sure that is: pure.

The wait is a sum: as many finished ones as are ahead, at the pace of those who work the queue, and
then the work on this one. Each is as uneven as an exponential time, and the pace is known from a
few only; a gamma distribution with the same mean and variance gives the moment that is kept so
often. Nothing is said where too little was measured, nobody is there, or too many are ahead.
"""

import math
from dataclasses import dataclass

from handoffs import rates
from handoffs.rates import Rate

# the moment that is told is kept so often
CONFIDENCE = 0.8
# behind more than these nobody is told a time
MOST_AHEAD = 300
# what is told is rounded up: within so many seconds, to so many
_GRAINS = ((3_600, 300), (6 * 3_600, 900), (24 * 3_600, 1_800), (math.inf, 3_600))
_STEPS = 200


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Seconds of open hours: half of all such are answered by `median`, `CONFIDENCE` by `by`."""

    median: float
    by: float


def forecast(rate: Rate | None, *, ahead: int, in_hand: bool) -> Forecast | None:
    """Predict the answer to what has so many before it, or is in somebody's hands already."""
    if rate is None or not rate.is_fresh or rate.handling_count < rates.ENOUGH:
        return None
    if rate.reviewers_present < 1 or rate.per_hour <= 0 or ahead > MOST_AHEAD:
        return None
    known = float(rate.handling_count)
    mean = rate.handling
    variance = mean * mean * (1 + 1 / known)
    if not in_hand:
        taken, each = ahead + 1, 3600 / rate.per_hour
        mean += taken * each
        variance += taken * each * each * (1 + taken / known)
    shape, scale = mean * mean / variance, variance / mean
    return Forecast(
        median=scale * gamma_quantile(0.5, shape), by=scale * gamma_quantile(CONFIDENCE, shape)
    )


def rounded(seconds: float) -> int:
    """Round up to what people say: five minutes, a quarter, half or a whole hour."""
    grain = next(grain for within, grain in _GRAINS if seconds <= within)
    return max(1, math.ceil(seconds / grain)) * grain


def gamma_quantile(share: float, shape: float) -> float:
    """Return what a gamma variable of this shape, in units of its scale, is below so often."""
    low, high = 0.0, shape + 1.0
    while gamma_share(high, shape) < share:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if gamma_share(middle, shape) < share else (low, middle)
        if high - low < 1e-12 * high:
            break
    return (low + high) / 2


def gamma_share(x: float, shape: float) -> float:
    """Return how often a gamma variable is at most `x`: the regularised incomplete function."""
    if x <= 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        return front * _series(x, shape)
    return 1.0 - front * _fraction(x, shape)


def _series(x: float, shape: float) -> float:
    term = total = 1.0 / shape
    for step in range(1, 10_000):
        term *= x / (shape + step)
        total += term
        if term < total * 1e-15:
            break
    return total


def _fraction(x: float, shape: float) -> float:
    """Evaluate the continued fraction of the upper tail by Lentz's method."""
    tiny = 1e-300
    b = x + 1.0 - shape
    c, d = 1.0 / tiny, 1.0 / b
    total = d
    for step in range(1, 10_000):
        a = step * (shape - step)
        b += 2.0
        d = 1.0 / ((a * d + b) or tiny)
        c = (b + a / c) or tiny
        total *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return total
