"""The certificate of blindness: can anything tell tests from real handoffs?

Classifiers learn from some of both and guess at others. How often one ranks a test above a real
one is its AUC; 0.5 is guessing. What is certified is the bound that the true AUC lies below, by
figures and by words, and a generator whose bound is above 0.55, or that too little is known of,
makes no more tests.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TypeVar

from oversight.statistics import classifiers

MOST = 0.55
CONFIDENCE = 0.95
# each week there are two guesses at each fault: not one in ten retires by luck in a year
SURE = 0.999
FOLDS = 5
# below so many sources the bound is not to be relied on
LEAST = 30
_TOLD = 5


@dataclass(frozen=True, kw_only=True)
class Look:
    """What can be seen of a handoff, and `of` which real one it is, or is a copy."""

    of: Hashable
    figures: Mapping[str, float]
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Guess:
    """How well one classifier told them apart; `telling`: by what, the worst first."""

    by: str
    auc: float
    upper: float
    # above it the true one lies for sure
    lower: float = 0.0
    telling: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Certificate:
    tests: int
    reals: int
    sources: int
    guesses: tuple[Guess, ...] = field(default=(Guess(by="figures", auc=0.5, upper=1.0),))

    @property
    def worst(self) -> Guess:
        return max(self.guesses, key=lambda one: one.upper)

    @property
    def holds(self) -> bool:
        return self.worst.upper <= MOST

    @property
    def is_told_apart(self) -> bool:
        """Tell whether there surely is a tell, rather than too little known."""
        return not self.holds and any(one.lower > 0.5 for one in self.guesses)


def certify(tests: Sequence[Look], reals: Sequence[Look], *, seed: int) -> Certificate:
    """Try to tell them apart; who guesses at a copy has seen neither it nor its source."""
    sources = len({look.of for look in tests})
    found = Certificate(tests=len(tests), reals=len(reals), sources=sources)
    if sources < LEAST or len({look.of for look in reals}) < LEAST:
        return found
    rows, labels = [*tests, *reals], [1] * len(tests) + [0] * len(reals)
    folds = _folds(rows, labels, seed)
    guesses = tuple(_guess(how, rows, labels, folds) for how in (_figures, _words))
    return replace(found, guesses=guesses)


# a way to score the rows `at` after learning from the rows `rest`, and what it goes by
Scores = Callable[[Sequence[int], Sequence[int]], list[float]]
Telling = Callable[[], list[tuple[str, float]]]
One = TypeVar("One")


def _guess(
    how: Callable[[Sequence[Look], list[int]], tuple[str, Scores, Telling]],
    rows: Sequence[Look],
    labels: list[int],
    folds: Sequence[int],
) -> Guess:
    by, score, telling = how(rows, labels)
    scores = [0.0] * len(rows)
    for fold in range(FOLDS):
        rest = [at for at, one in enumerate(folds) if one != fold]
        mine = [at for at, one in enumerate(folds) if one == fold]
        for at, found in zip(mine, score(rest, mine), strict=True):
            scores[at] = found
    tests, reals = _apart(scores, labels)
    of = [look.of for look in rows]
    kinds = _apart(of, labels)
    upper = auc_upper(tests, reals, of=kinds)
    lower = auc_lower(tests, reals, of=kinds, confidence=SURE)
    worst = sorted(telling(), key=lambda one: (-abs(one[1]), one[0]))[:_TOLD]
    return Guess(by=by, auc=auc(tests, reals), upper=upper, lower=lower, telling=tuple(worst))


def _figures(rows: Sequence[Look], labels: list[int]) -> tuple[str, Scores, Telling]:
    names, table = classifiers.by_figures([row.figures for row in rows])

    def score(rest: Sequence[int], mine: Sequence[int]) -> list[float]:
        weights = classifiers.learn_figures([table[at] for at in rest], [labels[at] for at in rest])
        return [classifiers.score_figures(weights, table[at]) for at in mine]

    def telling() -> list[tuple[str, float]]:
        return list(zip(names, classifiers.learn_figures(table, labels)[1:], strict=True))

    return "figures", score, telling


def _words(rows: Sequence[Look], labels: list[int]) -> tuple[str, Scores, Telling]:
    def score(rest: Sequence[int], mine: Sequence[int]) -> list[float]:
        weights = classifiers.learn_words(
            [rows[at].words for at in rest], [labels[at] for at in rest]
        )
        return [classifiers.score_words(weights, rows[at].words) for at in mine]

    def telling() -> list[tuple[str, float]]:
        return list(classifiers.shares_apart([row.words for row in rows], labels).items())

    return "words", score, telling


def auc(tests: Sequence[float], reals: Sequence[float]) -> float:
    """Return how often a test scores above a real one; equal ones count half."""
    return sum(_parts(tests, reals)) / len(tests)


def auc_upper(
    tests: Sequence[float],
    reals: Sequence[float],
    *,
    of: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    confidence: float = CONFIDENCE,
) -> float:
    """Return DeLong's one-sided bound, kept within 0 and 1 by its logit; of too few, 1.

    `of` says what each was made of: a copy is no news beside its source and other copies of it
    (Obuchowski 1997). Below a half is no tell: the classifier has learned which side is which, and
    where there is nothing to learn each fold errs a little to the side of the others.
    """
    found = auc(tests, reals)
    if not 0 < found < 1 or min(len(tests), len(reals)) < 2:
        return 1.0
    kinds = of or (range(len(tests)), range(-len(reals), 0))
    spread = _spread(_parts(tests, reals), [1 - one for one in _parts(reals, tests)], kinds, found)
    error = math.sqrt(max(0.0, spread)) / (found * (1 - found))
    logit = math.log(found / (1 - found)) + NormalDist().inv_cdf(confidence) * error
    return 1 / (1 + math.exp(-logit))


def auc_lower(
    tests: Sequence[float],
    reals: Sequence[float],
    *,
    of: tuple[Sequence[Hashable], Sequence[Hashable]],
    confidence: float,
) -> float:
    """Return the bound from below; where all were told, as of so many told one by one."""
    if auc(tests, reals) == 1:
        return float((1 - confidence) ** (1 / min(len(set(of[0])), len(set(of[1])))))
    return 1 - auc_upper(reals, tests, of=of[::-1], confidence=confidence)


def _spread(
    tests: Sequence[float],
    reals: Sequence[float],
    of: tuple[Sequence[Hashable], Sequence[Hashable]],
    mean: float,
) -> float:
    """Return the variance of an AUC from what each test and each real one adds to it."""
    mine, theirs = _added(tests, of[0], mean), _added(reals, of[1], mean)
    both = len(mine.keys() | theirs.keys())
    together = sum(one * theirs.get(name, 0.0) for name, one in mine.items())
    squares = (_inflated(mine) / len(tests) ** 2, _inflated(theirs) / len(reals) ** 2)
    return sum(squares) + 2 * both / (both - 1) * together / (len(tests) * len(reals))


def _added(parts: Sequence[float], of: Sequence[Hashable], mean: float) -> dict[Hashable, float]:
    found: dict[Hashable, float] = defaultdict(float)
    for part, name in zip(parts, of, strict=True):
        found[name] += part - mean
    return found


def _inflated(added: Mapping[Hashable, float]) -> float:
    few = len(added)
    return few / (few - 1) * sum(one**2 for one in added.values()) if few > 1 else math.inf


def _parts(ones: Sequence[float], others: Sequence[float]) -> list[float]:
    """Return for each the share of the others that it is above, equal ones counting half."""
    ordered = sorted(others)
    return [
        (bisect_left(ordered, one) + bisect_right(ordered, one)) / (2 * len(ordered))
        for one in ones
    ]


def _apart(rows: Sequence[One], labels: Sequence[int]) -> tuple[list[One], list[One]]:
    both = list(zip(rows, labels, strict=True))
    return [one for one, label in both if label], [one for one, label in both if not label]


def _folds(rows: Sequence[Look], labels: Sequence[int], seed: int) -> list[int]:
    """Deal sources out to folds with all their copies; those that have copies evenly."""
    copied = {row.of for row, label in zip(rows, labels, strict=True) if label}
    sources = list(dict.fromkeys(row.of for row in rows))
    random.Random(seed).shuffle(sources)
    sources.sort(key=lambda one: one not in copied)
    place = {one: number % FOLDS for number, one in enumerate(sources)}
    return [place[row.of] for row in rows]
