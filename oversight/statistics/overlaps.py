"""What two figures that overlap leave over: a queue less an action type may be one decision.

A whole is told by several kinds of parts: its queues, its tiers, its action types. Parts of one
kind lie side by side, parts of two kinds overlap. Two of them, taken from one another or from the
whole, tell of what only one of them has; so that has to be enough as well.

A cell is a set of the smallest things there are: what came to one queue in one tier as one action.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, product
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Least = TypeVar("Least", bound=Hashable)
Kind = Mapping[Name, frozenset[Least]]


def held_back(
    kinds: Sequence[Kind[Name, Least]],
    whole: frozenset[Least],
    *,
    enough: Callable[[frozenset[Least]], bool],
    size: Callable[[frozenset[Least]], int],
) -> set[Name]:
    """Return which of these told parts must not be told beside the others, the smaller first."""
    known, held = cache(enough), set[Name]()
    while True:
        left = [{name: kind[name] for name in kind if name not in held} for kind in kinds]
        found = next(_betraying(left, whole, known), None)
        if found is None:
            return held
        held.add(min(found, key=lambda name: (size(_cell(left, name)), str(name))))


def _betraying(
    kinds: Sequence[Kind[Name, Least]],
    whole: frozenset[Least],
    enough: Callable[[frozenset[Least]], bool],
) -> Iterator[Collection[Name]]:
    """Yield the told parts that leave too little over, each time two of them or one and a rest."""
    for one, other in combinations(kinds, 2):
        for (names, cell), (others, beside) in product(_known(one, whole), _known(other, whole)):
            apart = cell ^ beside
            # both less the whole: what both have, less what neither has
            if any(left and not enough(left) for left in (apart, whole - apart)):
                yield [*names, *others]


def _known(
    kind: Kind[Name, Least], whole: frozenset[Least]
) -> Iterator[tuple[list[Name], frozenset[Least]]]:
    """Yield what is known of one kind: each part, and what they leave over of the whole."""
    for name, cell in kind.items():
        yield [name], cell
    rest = whole.difference(*kind.values())
    if kind and rest:
        yield list(kind), rest


def _cell(kinds: Sequence[Kind[Name, Least]], name: Name) -> frozenset[Least]:
    return next(kind[name] for kind in kinds if name in kind)
