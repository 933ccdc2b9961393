"""How often to draw each source, so that what is drawn looks like all that is reviewed: pure.

Only some handoffs can be copied, and only those that were right: by that alone tests would be told.
So a regression learns, from what classifiers go by, how likely one like this can be copied; and a
source stands for all those like it, also for those that can't.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import mul
from statistics import median

from oversight.statistics import classifiers

# none stands for more than so many of the usual ones: it would be met again and again
MOST = 4.0
# of fewer, or of all but so few, a word says who it is
_RARE = 5
# as there are a thousand words beside thirty figures
_OF_WORDS = 0.2
_SHRINK, _STEPS, _NEAR, _FAR = 0.01, 200, 1e-3, 30.0

Seen = tuple[Mapping[str, float], frozenset[str]]
Alike = Sequence[Sequence[float]]


def alike(seen: Sequence[Seen]) -> Alike:
    """Return how much any two have in common: figures, of one size, and words."""
    _, table = classifiers.by_figures([figures for figures, _ in seen])
    said = Counter(word for _, words in seen for word in words)
    telling = {word for word, of in said.items() if _RARE <= of <= len(seen) - _RARE}
    words = [words & telling for _, words in seen]
    found = [[0.0] * len(seen) for _ in seen]
    for at, row in enumerate(table):
        for other in range(at + 1):
            shared = _OF_WORDS**2 * len(words[at] & words[other])
            found[at][other] = found[other][at] = sum(map(mul, row, table[other])) + shared
    return found


def weights(pairs: Alike, copied: Sequence[bool], known: Sequence[int]) -> list[float]:
    """Say of all how often each is to be drawn, having learned from the `known` ones alone."""
    if all(copied[at] for at in known):
        return [1.0] * len(pairs)
    theirs = [[row[at] for at in known] for row in pairs]
    learned, level = _learn([theirs[at] for at in known], [copied[at] for at in known])
    found = [1 + math.exp(-_score(learned, level, row)) for row in theirs]
    usual = median(found[at] for at in known if copied[at])
    return [min(one, MOST * usual) for one in found]


def _learn(pairs: Alike, copied: Sequence[bool]) -> tuple[list[float], float]:
    """Fit a logistic regression that is kept flat, by accelerated steps down its slope."""
    size = len(copied)
    pace = 1 / (_SHRINK + (1 + _largest(pairs) / size) / 4)
    learned = ahead = [0.0] * size
    level = level_ahead = math.log(sum(copied) / (size - sum(copied)))
    for step in range(_STEPS):
        off = [
            (1 / (1 + math.exp(-_score(ahead, level_ahead, row))) - label) / size
            for row, label in zip(pairs, copied, strict=True)
        ]
        fresh = [
            one - pace * (slope + _SHRINK * one) for one, slope in zip(ahead, off, strict=True)
        ]
        fresh_level, on = level_ahead - pace * sum(off), step / (step + 3)
        moved = max(map(abs, map(float.__sub__, fresh, learned))) * size
        ahead = [one + on * (one - old) for one, old in zip(fresh, learned, strict=True)]
        level_ahead = fresh_level + on * (fresh_level - level)
        learned, level = fresh, fresh_level
        if moved < _NEAR:
            break
    return learned, level


def _largest(pairs: Alike) -> float:
    """Return about the largest eigenvalue: no step may be longer than it allows."""
    way, found = [1 + at / len(pairs) for at in range(len(pairs))], 1.0
    for _ in range(20):
        fresh = [sum(map(mul, row, way)) for row in pairs]
        found = math.sqrt(sum(map(mul, fresh, fresh))) or 1.0
        way = [one / found for one in fresh]
    return 1.1 * found


def _score(learned: Sequence[float], level: float, row: Sequence[float]) -> float:
    return max(-_FAR, min(_FAR, float(level + sum(map(mul, learned, row)))))
