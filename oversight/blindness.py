"""The certificate of blindness: can anything tell tests from real handoffs?

A classifier learns from some of both and guesses at others. How often it ranks a test above a real
one is its AUC; 0.5 is guessing. What is certified is the bound that its true AUC lies below, and a
generator whose bound is above 0.55, or that too little is known of, makes no more tests.
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

MOST = 0.55
CONFIDENCE = 0.95
FOLDS = 5
_STEPS, _SHRINK = 12, 0.01

Features = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """`telling` are the features that separated most, with their weights, the worst first."""

    tests: int
    reals: int
    auc: float
    upper: float
    telling: tuple[tuple[str, float], ...]

    @property
    def holds(self) -> bool:
        return self.upper <= MOST


def certify(tests: Sequence[Features], reals: Sequence[Features], *, seed: int) -> Certificate:
    """Try to tell them apart, each by a classifier that has not seen it."""
    rows = [(row, 1) for row in tests] + [(row, 0) for row in reals]
    if len(tests) < FOLDS or len(reals) < FOLDS:
        return Certificate(tests=len(tests), reals=len(reals), auc=0.5, upper=1.0, telling=())
    names = sorted({name for row, _ in rows for name in row})
    table = _scaled([[row.get(name, 0.0) for name in names] for row, _ in rows])
    labels = [label for _, label in rows]
    scores = _guessed(table, labels, seed)
    found = auc(*_apart(scores, labels))
    upper = auc_upper(*_apart(scores, labels))
    weights = zip(names, _learn(table, labels)[1:], strict=True)
    telling = sorted(weights, key=lambda one: -abs(one[1]))[:5]
    return Certificate(
        tests=len(tests), reals=len(reals), auc=found, upper=upper, telling=tuple(telling)
    )


def auc(tests: Sequence[float], reals: Sequence[float]) -> float:
    """Return how often a test scores above a real one; equal ones count half."""
    return sum(_parts(tests, reals)) / len(tests)


def auc_upper(
    tests: Sequence[float], reals: Sequence[float], *, confidence: float = CONFIDENCE
) -> float:
    """Return DeLong's one-sided bound, kept within 0 and 1 by its logit; of too few, 1.

    Below a half is no tell: the classifier has learned which side is which, and where there is
    nothing to learn each fold errs a little to the side of the others.
    """
    found = auc(tests, reals)
    if not 0 < found < 1 or min(len(tests), len(reals)) < 2:
        return 1.0
    of_tests = _variance(_parts(tests, reals)) / len(tests)
    of_reals = _variance([1 - part for part in _parts(reals, tests)]) / len(reals)
    error = math.sqrt(of_tests + of_reals) / (found * (1 - found))
    logit = math.log(found / (1 - found)) + NormalDist().inv_cdf(confidence) * error
    return 1 / (1 + math.exp(-logit))


def _parts(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return for each the share of the others that it is above, equal ones counting half."""
    ordered = sorted(others)
    return [
        (_below(ordered, one, False) + _below(ordered, one, True)) / (2 * len(ordered))
        for one in ones
    ]


def _below(ordered: Sequence[float], value: float, with_equal: bool) -> int:
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value or (with_equal and ordered[middle] == value):
            low = middle + 1
        else:
            high = middle
    return low


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _apart(scores: Sequence[float], labels: Sequence[int]) -> tuple[list[float], list[float]]:
    both = list(zip(scores, labels, strict=True))
    return [s for s, label in both if label], [s for s, label in both if not label]


def _guessed(table: list[list[float]], labels: list[int], seed: int) -> list[float]:
    """Score each row by what was learned from the other folds; both kinds lie in every fold."""
    chance, folds = random.Random(seed), [0] * len(table)
    for label in (0, 1):
        mine = [at for at, one in enumerate(labels) if one == label]
        chance.shuffle(mine)
        for number, at in enumerate(mine):
            folds[at] = number % FOLDS
    scores = [0.0] * len(table)
    for fold in range(FOLDS):
        rest = [at for at in range(len(table)) if folds[at] != fold]
        weights = _learn([table[at] for at in rest], [labels[at] for at in rest])
        for at in range(len(table)):
            if folds[at] == fold:
                scores[at] = _score(weights, table[at])
    return scores


def _learn(table: Sequence[Sequence[float]], labels: Sequence[int]) -> list[float]:
    """Fit a logistic regression in which tests and real ones weigh the same, by Newton's steps."""
    ones, size = sum(labels), len(table[0]) + 1
    shares = {1: 0.5 / ones, 0: 0.5 / (len(labels) - ones)}
    weights = [0.0] * size
    for _ in range(_STEPS):
        slope = [_SHRINK * weight for weight in weights]
        bend = [[_SHRINK if at == other else 0.0 for other in range(size)] for at in range(size)]
        for row, label in zip(table, labels, strict=True):
            full, guess = (1.0, *row), _logistic(_score(weights, row))
            off, spread = shares[label] * (guess - label), shares[label] * guess * (1 - guess)
            for at, value in enumerate(full):
                slope[at] += off * value
                for other in range(at + 1):
                    bend[at][other] += spread * value * full[other]
        step = _solve(bend, slope)
        weights = [weight - one for weight, one in zip(weights, step, strict=True)]
    return weights


def _solve(bend: list[list[float]], slope: Sequence[float]) -> list[float]:
    """Solve for the step by Cholesky; of the positive matrix the lower half is filled."""
    size = len(slope)
    root = [[0.0] * size for _ in range(size)]
    for at in range(size):
        for other in range(at + 1):
            rest = bend[at][other] - sum(root[at][k] * root[other][k] for k in range(other))
            root[at][other] = math.sqrt(rest) if at == other else rest / root[other][other]
    half = [0.0] * size
    for at in range(size):
        half[at] = (slope[at] - sum(root[at][k] * half[k] for k in range(at))) / root[at][at]
    step = [0.0] * size
    for at in reversed(range(size)):
        later = sum(root[k][at] * step[k] for k in range(at + 1, size))
        step[at] = (half[at] - later) / root[at][at]
    return step


def _score(weights: Sequence[float], row: Sequence[float]) -> float:
    return weights[0] + sum(w * value for w, value in zip(weights[1:], row, strict=True))


def _logistic(score: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def _scaled(table: list[list[float]]) -> list[list[float]]:
    """Give every feature the mean 0 and the deviation 1; what is always the same becomes 0."""
    columns = list(zip(*table, strict=True))
    scales: list[Callable[[float], float]] = []
    for column in columns:
        mean = sum(column) / len(column)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in column) / len(column))
        scales.append(_scale(mean, deviation))
    return [[scale(v) for scale, v in zip(scales, row, strict=True)] for row in table]


def _scale(mean: float, deviation: float) -> Callable[[float], float]:
    return lambda value: (value - mean) / deviation if deviation else 0.0
