"""How far a number lies from others, by figures that a few wild ones among them cannot move."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

# makes the median absolute deviation of a normal distribution its standard deviation
TO_SIGMA = 1.4826
# fewer say nothing
MINIMUM = 50
# so many have to be the same before another one stands out
CONSTANT_MINIMUM = 100
# the outermost share of those known; tails differ, and ordinary ones reach this far
_OUTER = 0.98


@dataclass(frozen=True)
class Deviation:
    """How many robust deviations a number lies from the median, upwards positive.

    `reach` is how much further out it lies than all but the outermost 2 % of the others. Both are
    infinite when the others are all the same. `logarithmic` says on which scale this is.
    """

    score: float
    reach: float
    median: float
    logarithmic: bool = False


def deviation(value: float, others: Sequence[float]) -> Deviation | None:
    """Measure `value` against others, or return None when they are too few to say.

    Amounts are skewed: of numbers that are all above zero, the smaller of the deviation itself and
    of that of the logarithms counts.
    """
    plain = _deviation(value, others)
    if plain is None or value <= 0 or min(others) <= 0:
        return plain
    logs = _deviation(math.log(value), [math.log(one) for one in others])
    if logs is None or abs(logs.score) >= abs(plain.score):
        return plain
    return Deviation(logs.score, logs.reach, plain.median, logarithmic=True)


def _deviation(value: float, others: Sequence[float]) -> Deviation | None:
    if len(others) < MINIMUM:
        return None
    middle = median(others)
    distance = value - middle
    spread = _spread(others, middle)
    if spread is None:
        return None
    if spread == 0:
        if distance == 0:
            return Deviation(0.0, 0.0, middle)
        return Deviation(math.copysign(math.inf, distance), math.inf, middle)
    far = _outermost(others, middle)
    reach = abs(distance) / far if far else math.inf
    return Deviation(distance / spread, reach, middle)


def _spread(others: Sequence[float], middle: float) -> float | None:
    """Return the robust standard deviation; 0 when all are the same, None when nothing can be said.

    Where most are the same the median deviation is 0, and every other number would be infinitely
    far. Then those that differ are asked how far they usually lie, if there are enough of them.
    """
    distances = [abs(one - middle) for one in others]
    usual = median(distances)
    if usual > 0:
        return TO_SIGMA * usual
    differing = [distance for distance in distances if distance > 0]
    if not differing:
        return 0.0 if len(others) >= CONSTANT_MINIMUM else None
    return TO_SIGMA * median(differing) if len(differing) >= MINIMUM else None


def _outermost(others: Sequence[float], middle: float) -> float:
    distances = sorted(abs(one - middle) for one in others if one != middle)
    return distances[min(len(distances) - 1, int(_OUTER * len(distances)))]
