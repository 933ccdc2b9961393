"""Which results of tests may be told: those in which, and between which, nobody is found.

A cell is a set of parts (a cohort in a week). It may be told if enough people gave enough tests,
nobody most of them, and it is not all one way. And nothing that two told cells leave over may
break that: a team less its day shift is its night shift.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PEOPLE, PEOPLE_ACROSS_TEAMS, TESTS, SHARE = 5, 10, 20, 0.4
# below so many people a cell of all or none tells of each of them
ALL_OR_NONE = 10
# what can be put together of more cells than this is not looked through: no more is told
_MOST = 512


@dataclass(frozen=True, kw_only=True)
class Part:
    """Tests by whoever took them, without names, in the order of nothing; and how many caught.

    `people` maps an opaque token to a number of tests. It exists in memory while a period is
    closed and is never stored.
    """

    people: Mapping[str, int]
    caught: int


Cell = frozenset[str]


def may_tell(
    parts: Iterable[Part], *, people: int = PEOPLE, all_or_none: float = ALL_OR_NONE
) -> bool:
    """Say whether a cell of these parts, by itself, tells of nobody.

    Where it may be known who was tested, `all_or_none` is infinite: a cell that is all one way
    would tell of everybody in it, however many they are.
    """
    found: dict[str, int] = {}
    caught = 0
    for part in parts:
        caught += part.caught
        for person, tests in part.people.items():
            found[person] = found.get(person, 0) + tests
    tests = sum(found.values())
    if len(found) < people or tests < TESTS or max(found.values()) > SHARE * tests:
        return False
    return len(found) >= all_or_none or 0 < caught < tests


def told(
    parts: Mapping[str, Part],
    wanted: Sequence[Iterable[str]],
    *,
    people: int = PEOPLE,
    all_or_none: float = ALL_OR_NONE,
) -> list[Cell]:
    """Return which of the wanted cells are told, those named first before others.

    Each is told only if nothing that follows from all that is told tells of fewer people.
    """
    released: list[Cell] = []
    known: set[Cell] = set()
    for cell in map(frozenset, wanted):
        if not cell or cell in released:
            continue
        more = _follows(known, cell)
        if more is not None and all(
            may_tell((parts[name] for name in one), people=people, all_or_none=all_or_none)
            for one in more - known
        ):
            released.append(cell)
            known = more
    return released


def _follows(known: set[Cell], cell: Cell) -> set[Cell] | None:
    """Return all that can be reckoned from these: parts within others, and others beside them."""
    found, fresh = set(known), [cell]
    while fresh:
        one = fresh.pop()
        if one in found:
            continue
        for other in tuple(found):
            for more in _between(one, other):
                if more and more not in found:
                    fresh.append(more)
        found.add(one)
        if len(found) > _MOST:
            return None
    return found


def _between(one: Cell, other: Cell) -> tuple[Cell, ...]:
    if one < other:
        return (other - one,)
    if other < one:
        return (one - other,)
    return () if one & other else (one | other,)
