"""Two that try to tell tests from real handoffs: one looks at figures, the other at words.

Either learns from rows that are known to be one or the other, and then scores others: the higher,
the more it looks like a test.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from operator import mul

Features = Mapping[str, float]
# of so many a word is learned from; rarer ones name one handoff, not a kind
_RARE = 3
_STEPS, _NEAR, _SHRINK, _SMOOTH = 12, 1e-5, 0.01, 0.5


def by_figures(rows: Sequence[Features]) -> tuple[list[str], list[list[float]]]:
    """Return the names of all features, and each row with the mean 0 and the deviation 1."""
    names = sorted({name for row in rows for name in row})
    return names, _scaled([[row.get(name, 0.0) for name in names] for row in rows])


def learn_words(
    rows: Sequence[Collection[str]], labels: Sequence[int], often: Sequence[float]
) -> dict[str, float]:
    """Return what each word speaks for: the log of how much oftener tests say it than real ones."""
    said = Counter(word for row in rows for word in row)
    (others, reals), (ones, tests) = _said(rows, labels, often)
    return {
        word: math.log((ones[word] + _SMOOTH) / (tests + 2 * _SMOOTH))
        - math.log((others[word] + _SMOOTH) / (reals + 2 * _SMOOTH))
        for word, times in said.items()
        if times >= _RARE
    }


def shares_apart(
    rows: Sequence[Collection[str]], labels: Sequence[int], often: Sequence[float]
) -> dict[str, float]:
    """Return by how much the share of tests that say a word is above that of real ones."""
    (others, reals), (ones, tests) = _said(rows, labels, often)
    return {word: ones[word] / tests - others[word] / reals for word in ones.keys() | others.keys()}


Said = tuple[Counter[str], float]


def _said(
    rows: Sequence[Collection[str]], labels: Sequence[int], often: Sequence[float]
) -> tuple[Said, Said]:
    """Count the words of real ones and of tests, and of how many they are."""
    found, size = (Counter[str](), Counter[str]()), [0.0, 0.0]
    for row, label, counts in zip(rows, labels, often, strict=True):
        size[label] += counts
        for word in row:
            found[label][word] += counts  # type: ignore[assignment]
    return (found[0], size[0]), (found[1], size[1])


def score_words(weights: Mapping[str, float], row: Collection[str]) -> float:
    return sum(weights.get(word, 0.0) for word in row)


def learn_figures(
    table: Sequence[Sequence[float]], labels: Sequence[int], often: Sequence[float]
) -> list[float]:
    """Fit a logistic regression in which tests and real ones weigh the same, by Newton's steps."""
    size, ones = len(table[0]) + 1, sum(map(mul, labels, often))
    shares = {1: 0.5 / ones, 0: 0.5 / (sum(often) - ones)}
    weights = [0.0] * size
    for _ in range(_STEPS):
        slope = [_SHRINK * weight for weight in weights]
        bend = [[_SHRINK if at == other else 0.0 for other in range(size)] for at in range(size)]
        for row, label, counts in zip(table, labels, often, strict=True):
            full, guess = (1.0, *row), _logistic(score_figures(weights, row))
            weight = counts * shares[label]
            off, spread = weight * (guess - label), weight * guess * (1 - guess)
            for at, value in enumerate(full):
                slope[at] += off * value
                for other in range(at + 1):
                    bend[at][other] += spread * value * full[other]
        step = _solve(bend, slope)
        weights = [weight - one for weight, one in zip(weights, step, strict=True)]
        if max(map(abs, step)) < _NEAR:
            break
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


def score_figures(weights: Sequence[float], row: Sequence[float]) -> float:
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
