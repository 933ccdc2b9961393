"""What a proportion may be, beside Wilson's interval (`governance.estimates`), which pages draw.

Clopper and Pearson's holds for certain and is what a claim to an auditor is made of.
"""

import math

from governance.estimates import Share, wilson

# of fewer than these a page says "not enough data", and draws the interval all the same
ENOUGH = 20
_STEPS = 60


def clopper_pearson(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval: it holds the truth at least as often as it says."""
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else beta_quantile(tail, count, of - count + 1)
    high = 1.0 if count == of else beta_quantile(1 - tail, count + 1, of - count)
    return low, high


def jeffreys(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval that knows nothing beforehand but how shares usually lie."""
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else beta_quantile(tail, count + 0.5, of - count + 0.5)
    high = 1.0 if count == of else beta_quantile(1 - tail, count + 0.5, of - count + 0.5)
    return low, high


def at_most(count: int, of: int, confidence: float = 0.95) -> float:
    """Return what the share is at most: one side of Clopper and Pearson's; of nothing, all."""
    return 1.0 if count == of else beta_quantile(confidence, count + 1, of - count)


def is_below(share: float, count: int, of: int, confidence: float = 0.95) -> bool:
    """Say whether `at_most` is no more than this share: one look instead of a search."""
    return count < of and beta_below(share, count + 1, of - count) >= confidence


def difference(now: Share, before: Share) -> tuple[float, float]:
    """Return the 95 % interval of how much a share has changed, by Newcombe's rule (1998)."""
    low, high = now.interval
    low_before, high_before = before.interval
    down = math.hypot(now.share - low, high_before - before.share)
    up = math.hypot(high - now.share, before.share - low_before)
    change = now.share - before.share
    return change - down, change + up


def needed(share: float, half_width: float) -> int:
    """Return of how many a share has to be for Wilson's interval to be so narrow."""
    of = 1
    while _width(round(share * of), of) > 2 * half_width:
        of += 1
    return of


def _width(count: int, of: int) -> float:
    low, high = wilson(count, of)
    return high - low


def independent(count: float, each: float, likeness: float) -> float:
    """Return how many independent ones `count` are worth of which people gave `each`."""
    return count / (1 + (each - 1) * likeness)


def beta_quantile(share: float, a: float, b: float) -> float:
    """Return below what so much of a beta distribution lies."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_below(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def beta_below(x: float, a: float, b: float) -> float:
    """Return how much of a beta distribution lies below x."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_below(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front += a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's rule."""
    tiny = 1e-300
    c, d = 1.0, 1 / max(tiny, 1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / (1 + term * d or tiny)
            c = 1 + term / c or tiny
            found *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return found
