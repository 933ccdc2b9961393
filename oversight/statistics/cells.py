"""Which results of tests may be told: those in which, and between which, nobody is found.

A cell is a set of parts (a cohort in a week). It may be told if enough people gave enough tests,
nobody most of them, and it is not all one way. And nothing that can be reckoned from told cells may
break that: a team less its day shift is its night shift, and of three cells that overlap the first
and the second less the third may be two people. So every sum and difference of parts that follows
is found by linear algebra, and has to keep the rule itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

PEOPLE, PEOPLE_ACROSS_TEAMS, TESTS, SHARE = 5, 10, 20, 0.4
# below so many people a cell of all or none tells of each of them
ALL_OR_NONE = 10
# of so many cells that are independent of one another everything is tried; beyond, none is told
_MOST = 8


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
    for cell in map(frozenset, wanted):
        if not cell or cell in released:
            continue
        known = _follows([*released, cell])
        if known and all(
            may_tell(_counted(parts, one), people=people, all_or_none=all_or_none) for one in known
        ):
            released.append(cell)
    return released


# what is added (1) and what is taken away (-1)
_Sum = dict[str, int]


def _counted(parts: Mapping[str, Part], one: _Sum) -> Iterable[Part]:
    """Return the parts of a sum; where one is taken away, what was missed counts as caught.

    So a difference that is as large as it can be is all one way: all of these, none of those.
    """
    for name, sign in one.items():
        part = parts[name]
        if sign > 0:
            yield part
        else:
            yield Part(people=part.people, caught=sum(part.people.values()) - part.caught)


def _follows(cells: Sequence[Cell]) -> list[_Sum] | None:
    """Return every sum and difference of parts that these cells let reckon; None of too many.

    Whatever follows from cells is a combination of the rows they make, and of reduced rows it is
    the one that its own entries in their first columns name.
    """
    names = sorted(frozenset[str]().union(*cells))
    rows = _reduced([[Fraction(name in cell) for name in names] for cell in cells])
    if len(rows) > _MOST:
        return None
    sums = [[Fraction(0)] * len(names)]
    for row in rows:
        more = [[x + y for x, y in zip(one, row, strict=True)] for one in sums]
        less = [[x - y for x, y in zip(one, row, strict=True)] for one in sums]
        # a sum and its opposite are the same knowledge
        sums = [*sums, *more, *(less if len(sums) > 1 else [])]
    return [
        {name: int(value) for name, value in zip(names, one, strict=True) if value}
        for one in sums[1:]
        if all(abs(value) in (0, 1) for value in one)
    ]


def _reduced(rows: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return rows that say the same, each with a first column in which only it has a 1."""
    found: list[list[Fraction]] = []
    for column in range(len(rows[0])):
        first = next((row for row in rows if row[column]), None)
        if first is None:
            continue
        rows = [row for row in rows if row is not first]
        first = [value / first[column] for value in first]
        rows = [_less(row, first, column) for row in rows]
        found = [*(_less(row, first, column) for row in found), first]
    return found


def _less(row: list[Fraction], first: list[Fraction], column: int) -> list[Fraction]:
    return [x - row[column] * y for x, y in zip(row, first, strict=True)]
