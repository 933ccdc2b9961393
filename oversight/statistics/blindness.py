"""The certificate of blindness: can anything tell tests from real handoffs?

Classifiers learn from some of both and guess at others. How often one ranks a test above a real
one is its AUC; 0.5 is guessing. What is certified is the bound that the true AUC lies below, by
figures and by words, and a generator whose bound is above 0.55, or that too little is known of,
makes no more tests.

Some sources are drawn oftener than others (`matching`), and a copy counts as often as its source is
drawn. How often that is was learned, as everything is, without those that are guessed at.
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from operator import mul
from statistics import NormalDist
from typing import TypeVar

from oversight.statistics import classifiers, matching

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
    # how often each real one is to be drawn, of those that are sources; none: each as often as any
    draws: tuple[float, ...] = ()

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


def certify(
    tests: Sequence[Look],
    reals: Sequence[Look],
    *,
    seed: int,
    sources: Sequence[int] | None = None,
) -> Certificate:
    """Try to tell them apart; who guesses at a copy has seen neither it nor its source.

    `sources` says of each test which of the real ones it is a copy of; None: each counts alike.
    """
    many = len({look.of for look in tests})
    found = Certificate(tests=len(tests), reals=len(reals), sources=many)
    if many < LEAST or len({look.of for look in reals}) < LEAST:
        return found
    trial = _Trial([*tests, *reals], [1] * len(tests) + [0] * len(reals), seed)
    if sources is not None:
        found = replace(found, draws=tuple(trial.draw(reals, sources)))
    return replace(found, guesses=tuple(trial.guess(how) for how in (_figures, _words)))


# a way to score the rows `at` after learning from the rows `rest` with their weights, and its name
Weights = Sequence[float]
Scores = Callable[[Sequence[int], Sequence[int], Weights], list[float]]
Telling = Callable[[Weights], list[tuple[str, float]]]
One = TypeVar("One")


class _Trial:
    """Tests and real ones together, dealt out to folds; `often` is what each counts in a fold."""

    def __init__(self, rows: Sequence[Look], labels: Sequence[int], seed: int) -> None:
        self._rows, self._labels = rows, labels
        folds = _folds(rows, labels, seed)
        self._folds = [
            ([at for at, one in enumerate(folds) if one != fold],
             [at for at, one in enumerate(folds) if one == fold])
            for fold in range(FOLDS)
        ]  # fmt: skip
        self._often: list[Weights] = [[1.0] * len(rows)] * FOLDS
        self._always: Weights = [1.0] * len(rows)

    def draw(self, reals: Sequence[Look], sources: Sequence[int]) -> list[float]:
        """Let copies count as often as their sources are drawn; return how often that is."""
        pairs = matching.alike([(look.figures, look.words) for look in reals])
        copied, tests = [False] * len(reals), len(sources)
        for at in sources:
            copied[at] = True

        def often(known: Sequence[int]) -> list[float]:
            return matching.weights(pairs, copied, known)

        def counted(found: Weights) -> Weights:
            return [*(found[at] for at in sources), *([1.0] * len(reals))]

        self._often = [
            counted(often([at - tests for at in rest if at >= tests])) for rest, _ in self._folds
        ]
        found = often(range(len(reals)))
        self._always = counted(found)
        return found

    def guess(self, how: Callable[[Sequence[Look], Sequence[int]], "_How"]) -> Guess:
        by, score, telling = how(self._rows, self._labels)
        scores, counts = [0.0] * len(self._rows), [1.0] * len(self._rows)
        for (rest, mine), often in zip(self._folds, self._often, strict=True):
            found = score(rest, mine, [often[at] for at in rest])
            fair = _mean([often[at] for at in mine if self._labels[at]])
            for at, one in zip(mine, found, strict=True):
                scores[at], counts[at] = one, often[at] / fair if self._labels[at] else 1.0
        tests, reals = _apart(scores, self._labels)
        of = _apart([look.of for look in self._rows], self._labels)
        weighed = _apart(counts, self._labels)
        worst = sorted(telling(self._always), key=lambda one: (-abs(one[1]), one[0]))[:_TOLD]
        return Guess(
            by=by,
            auc=auc(tests, reals, often=weighed),
            upper=auc_upper(tests, reals, of=of, often=weighed),
            lower=auc_lower(tests, reals, of=of, often=weighed, confidence=SURE),
            telling=tuple(worst),
        )


_How = tuple[str, Scores, Telling]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 1.0


def _figures(rows: Sequence[Look], labels: Sequence[int]) -> _How:
    names, table = classifiers.by_figures([row.figures for row in rows])

    def score(rest: Sequence[int], mine: Sequence[int], often: Weights) -> list[float]:
        learned = classifiers.learn_figures(
            [table[at] for at in rest], [labels[at] for at in rest], often
        )
        return [classifiers.score_figures(learned, table[at]) for at in mine]

    def telling(often: Weights) -> list[tuple[str, float]]:
        learned = classifiers.learn_figures(table, labels, often)
        return list(zip(names, learned[1:], strict=True))

    return "figures", score, telling


def _words(rows: Sequence[Look], labels: Sequence[int]) -> _How:
    def score(rest: Sequence[int], mine: Sequence[int], often: Weights) -> list[float]:
        learned = classifiers.learn_words(
            [rows[at].words for at in rest], [labels[at] for at in rest], often
        )
        return [classifiers.score_words(learned, rows[at].words) for at in mine]

    def telling(often: Weights) -> list[tuple[str, float]]:
        return list(classifiers.shares_apart([row.words for row in rows], labels, often).items())

    return "words", score, telling


Both = tuple[Sequence[One], Sequence[One]]


def auc(
    tests: Sequence[float], reals: Sequence[float], *, often: Both[float] | None = None
) -> float:
    """Return how often a test scores above a real one; equal ones count half."""
    mine, theirs = often or _alike(tests, reals)
    return float(sum(map(mul, mine, _parts(tests, reals, theirs))) / sum(mine))


def auc_upper(
    tests: Sequence[float],
    reals: Sequence[float],
    *,
    of: Both[Hashable] | None = None,
    often: Both[float] | None = None,
    confidence: float = CONFIDENCE,
) -> float:
    """Return DeLong's one-sided bound, kept within 0 and 1 by its logit; of too few, 1.

    `of` says what each was made of: a copy is no news beside its source and other copies of it
    (Obuchowski 1997). `often` says as how many each counts: that is no news either. Below a half is
    no tell: the classifier has learned which side is which, and where there is nothing to learn
    each fold errs a little to the side of the others.
    """
    found = auc(tests, reals, often=often)
    if not 0 < found < 1 or min(len(tests), len(reals)) < 2:
        return 1.0
    kinds = of or (range(len(tests)), range(-len(reals), 0))
    spread = _spread((tests, reals), kinds, often or _alike(tests, reals), found)
    error = math.sqrt(max(0.0, spread)) / (found * (1 - found))
    logit = math.log(found / (1 - found)) + NormalDist().inv_cdf(confidence) * error
    return 1 / (1 + math.exp(-logit))


def auc_lower(
    tests: Sequence[float],
    reals: Sequence[float],
    *,
    of: Both[Hashable],
    confidence: float,
    often: Both[float] | None = None,
) -> float:
    """Return the bound from below; where all were told, as of so many told one by one."""
    often = often or _alike(tests, reals)
    if auc(tests, reals, often=often) == 1:
        return float((1 - confidence) ** (1 / min(len(set(of[0])), len(set(of[1])))))
    return 1 - auc_upper(reals, tests, of=of[::-1], often=often[::-1], confidence=confidence)


def _alike(tests: Sequence[float], reals: Sequence[float]) -> Both[float]:
    return [1.0] * len(tests), [1.0] * len(reals)


def _spread(scores: Both[float], of: Both[Hashable], often: Both[float], mean: float) -> float:
    """Return the variance of an AUC from what each test and each real one adds to it."""
    (tests, reals), (mine, theirs) = scores, often
    ours = _added(_parts(tests, reals, theirs), of[0], mine, mean)
    others = _added([1 - one for one in _parts(reals, tests, mine)], of[1], theirs, mean)
    both = len(ours.keys() | others.keys())
    together = sum(one * others.get(name, 0.0) for name, one in ours.items())
    return _inflated(ours) + _inflated(others) + 2 * both / (both - 1) * together


def _added(
    parts: Sequence[float], of: Sequence[Hashable], often: Sequence[float], mean: float
) -> dict[Hashable, float]:
    found: dict[Hashable, float] = defaultdict(float)
    whole = sum(often)
    for part, name, counts in zip(parts, of, often, strict=True):
        found[name] += counts * (part - mean) / whole
    return found


def _inflated(added: Mapping[Hashable, float]) -> float:
    few = len(added)
    return few / (few - 1) * sum(one**2 for one in added.values()) if few > 1 else math.inf


def _parts(ones: Sequence[float], others: Sequence[float], often: Sequence[float]) -> list[float]:
    """Return for each the share of the others that it is above, equal ones counting half."""
    order = sorted(range(len(others)), key=others.__getitem__)
    ordered, below = [others[at] for at in order], [0.0]
    below += accumulate(often[at] for at in order)
    return [
        (below[bisect_left(ordered, one)] + below[bisect_right(ordered, one)]) / (2 * below[-1])
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
