"""Whoever has a dump, the rota and the code guesses whose a miss was: right as the rule has it.

The dump says who met which test, and when: the log does, and the order of rows. It says what was
told and in which week, and so when something was not told although enough were tested. What it
does not say is what anybody did. The guesser here knows all of that, and how it came about.
"""

import itertools
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from oversight.blind_tests import telling
from oversight.blind_tests.telling import Told
from oversight.statistics import cells
from reviews import lots

KINDS = ("wrong amount", "stale fact", "scope creep")
HOW = ("easy", "hard")
HARM = ("wrongly allows", "wrongly denies")


@dataclass(frozen=True)
class Trial:
    """One test that was met; whoever has the dump knows all but `caught`."""

    person: int
    kind: str
    caught: bool


@dataclass(frozen=True)
class Release:
    """What was told, and of which tests; `held` are those known before to be all one way."""

    rows: list[Told]
    tests: list[Trial]
    held: list[Trial]


def team(chance: random.Random) -> Iterator[list[Trial]]:
    """Yield a year of weeks of a team: some away, some quick, some who catch less."""
    people = range(chance.randint(5, 9))
    pace = [chance.choice((0.3, 1.0, 1.0, 2.0)) for _ in people]
    catches = chance.choice((0.6, 0.85, 0.95, 0.99))
    common = [chance.random() ** 2 for _ in itertools.product(KINDS, HOW, HARM)]
    names = [telling.key(*one) for one in itertools.product(KINDS, HOW, HARM)]
    for _ in range(52):
        here = [one for one in people if chance.random() < 0.8] or list(people)
        many = chance.randint(0, 12)
        met = chance.choices(here, [pace[one] for one in here], k=many)
        kinds = chance.choices(names, common, k=many)
        yield [
            Trial(one, kind, chance.random() < catches)
            for one, kind in zip(met, kinds, strict=True)
        ]


def year(chance: random.Random) -> Iterator[Release]:
    """Let the product close each week; note for the guesser what is to be known of it."""
    lot, fresh, held = lots.empty(), list[Trial](), list[Trial]()
    for week in team(chance):
        for one in week:
            lot = lots.add(lot, person=one.person, kind=one.kind, caught=one.caught)
        fresh += week
        rows, lot = telling.close(lot)
        if rows:
            yield Release(rows, fresh, held)
            fresh, held = [], []
        elif seen_to_be_one_way(fresh):
            held, fresh = held + fresh, []


def seen_to_be_one_way(tests: Sequence[Trial]) -> bool:
    """Of many, and still not told: then it was all one way."""
    met = Counter(one.person for one in tests)
    return (
        len(met) >= cells.PEOPLE
        and len(tests) >= cells.TESTS
        and max(met.values()) <= cells.SHARE * len(tests)
    )


def within(row: Told, kind: str) -> bool:
    words = (row.kind, row.difficulty, row.harm)
    return all(one in ("", other) for one, other in zip(words, kind.split("|"), strict=True))


def pieces(release: Release) -> list[list[Trial]]:
    """Cut the tests as finely as what was told cuts them."""
    found: dict[tuple[bool, ...], list[Trial]] = {}
    for one in release.tests:
        found.setdefault(tuple(within(row, one.kind) for row in release.rows), []).append(one)
    return list(found.values())


def expected_misses(release: Release, cut: Sequence[Sequence[Trial]]) -> list[float]:
    """Say how many misses to expect in each piece, of all ways that fit what was told."""
    wanted = [
        row.tests
        - row.caught
        - sum(within(row, one.kind) for one in release.held if not one.caught)
        for row in release.rows
    ]
    inside = [[within(row, piece[0].kind) for row in release.rows] for piece in cut]
    total, sums = 0, [0] * len(cut)
    for ways in itertools.product(*(range(min(len(piece), wanted[0]) + 1) for piece in cut)):
        fits = all(
            sum(one for one, has in zip(ways, inside, strict=True) if has[number]) == want
            for number, want in enumerate(wanted)
        )
        if fits:
            weight = math.prod(math.comb(len(p), one) for p, one in zip(cut, ways, strict=True))
            total += weight
            sums = [one + weight * more for one, more in zip(sums, ways, strict=True)]
    return [one / total for one in sums]


def test_no_miss_is_anybodys_more_often_than_the_rule_lets() -> None:
    """Each piece that what was told leaves is of many, none of whom had most of it."""
    chance = random.Random(20261121)
    releases = [one for _ in range(400) for one in year(chance)]
    parted = [one for one in releases if len(one.rows) > 1]
    assert len(releases) > 1_000
    assert len(parted) > 50

    for release in releases:
        cut = pieces(release)
        for piece, misses in zip(cut, expected_misses(release, cut), strict=True):
            met = Counter(one.person for one in piece)
            assert misses == 0 or max(met.values()) <= cells.SHARE * len(piece)


def test_a_guesser_is_right_no_oftener_than_that() -> None:
    """They name, for every miss of every year, whoever met most where it must lie."""
    chance = random.Random(7)
    right = guessed = 0
    for release in (one for _ in range(400) for one in year(chance)):
        for piece in pieces(release):
            missed = [one.person for one in piece if not one.caught]
            (named, _) = Counter(one.person for one in piece).most_common(1)[0]
            right += missed.count(named)
            guessed += len(missed)

    assert guessed > 5_000
    assert right / guessed <= cells.SHARE


def test_nothing_is_known_for_certain_of_anybody() -> None:
    """No piece of what is told is all caught or all missed, whatever was not told beside it."""
    chance = random.Random(3)
    for release in (one for _ in range(200) for one in year(chance)):
        cut = pieces(release)
        for piece, misses in zip(cut, expected_misses(release, cut), strict=True):
            assert 0 < misses < len(piece)


def test_the_first_miss_after_weeks_without_one_is_not_of_whoever_was_tested_since() -> None:
    """Twenty tests without a miss are not told; that says so. Then one more is met, and missed."""
    lot = lots.empty()
    for number in range(20):
        lot = lots.add(lot, person=number % 5, kind="amount|easy|allows", caught=True)
    rows, lot = telling.close(lot)
    assert rows == []

    lot = lots.add(lot, person=3, kind="amount|easy|allows", caught=False)
    rows, lot = telling.close(lot)
    assert rows == []

    for number in range(20):
        lot = lots.add(lot, person=number % 5, kind="amount|easy|allows", caught=True)
    rows, lot = telling.close(lot)
    assert rows == [Told(tests=41, caught=40)]
    assert telling.close(lot) == ([], lot)


def test_where_two_told_cells_meet_there_are_many_too() -> None:
    """Else: two hard ones were met by one person, and the sums fit only if that one missed."""
    lot = lots.empty()

    def meet(many: int, kind: str, missed: int, *, people: int = 5) -> None:
        nonlocal lot
        for number in range(many):
            person = number % people if people > 1 else 3
            lot = lots.add(lot, person=person, kind=kind, caught=number >= missed)

    meet(20, "amount|easy|allows", 1)
    meet(2, "amount|hard|allows", 1, people=1)
    meet(2, "stale|easy|allows", 0, people=2)
    meet(20, "stale|hard|allows", 1)

    told = telling.told(lot)

    assert told[0] == Told(tests=44, caught=41)
    assert not (any(one.kind for one in told) and any(one.difficulty for one in told))


@pytest.mark.parametrize("missed", [0, 1])
def test_what_is_missing_of_what_is_told_tells_nothing(missed: int) -> None:
    """Either kind was all caught, or the other: which one is not said by telling one of them."""
    lot = lots.empty()
    for kind in (0, 1):
        for number in range(20):
            caught = kind != missed or number >= 3
            lot = lots.add(lot, person=number % 5, kind=f"{kind}|easy|allows", caught=caught)

    assert telling.told(lot) == [Told(tests=40, caught=37)]
