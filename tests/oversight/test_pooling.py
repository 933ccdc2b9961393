"""Several teams told at once: of ten, each test once, and nothing left over by any difference."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from oversight.blind_tests import pooling, telling
from oversight.blind_tests.pooling import HOUSE, WITH_ITS_WORKFLOW, WITH_THE_HOUSE, Pooled, Waiting
from oversight.blind_tests.telling import Told
from oversight.statistics import cells
from reviews import lots
from reviews.lots import Lot

SALT = "ab" * 16
EASY, HARD = "amount|easy|allows", "stale|hard|denies"


def lot(people: Sequence[int], each: int = 3, *, missed: int = 1, kind: str = EASY) -> Lot:
    found = Lot(salt=SALT)
    for number, person in enumerate(one for one in people for _ in range(each)):
        found = lots.add(found, person=person, kind=kind, caught=number >= missed)
    return found


def waiting(
    name: str, found: Lot, *, workflow: str = "refunds", weeks: int = WITH_THE_HOUSE
) -> Waiting:
    return Waiting(cohort=name, workflow=workflow, weeks=weeks, lot=found)


def close(*these: Waiting) -> Pooled:
    return pooling.close(these)


A, B, C = range(4), range(10, 14), range(20, 24)


def test_teams_of_four_are_told_together_once_they_are_ten() -> None:
    nine = close(waiting("a", lot(A)), waiting("b", lot(range(10, 15))))
    ten = close(waiting("a", lot(A)), waiting("b", lot(range(10, 16))))

    assert (nine.told, nine.lots) == ({}, {})
    assert ten.told == {"refunds": [Told(tests=30, caught=28)]}
    assert ten.told_of == {"a", "b"}
    assert all(not one.counts for one in ten.lots.values())


def test_whoever_is_in_two_teams_is_one() -> None:
    assert not close(waiting("a", lot(range(6))), waiting("b", lot(range(2, 8)))).told
    assert close(waiting("a", lot(range(6))), waiting("b", lot(range(4, 10)))).told


def test_nobody_gives_most_of_it_over_all_their_teams() -> None:
    busy, others = 99, [waiting("c", lot(range(10), 2))]
    small = {name: lots.together([lot([busy], 8), lot([number], 1)])
             for number, name in ((50, "a"), (51, "b"))}  # fmt: skip

    assert close(waiting("a", small["a"]), *others).told
    assert not close(*(waiting(name, one) for name, one in small.items()), *others).told


def test_first_with_its_workflow_then_with_the_house() -> None:
    def at(weeks: int, *workflows: str) -> dict[str, list[Told]]:
        return close(*(waiting(name, lot(people), workflow=workflow, weeks=weeks)
                       for name, people, workflow in zip("abc", (A, B, C), workflows, strict=True)
                       )).told  # fmt: skip

    together = [Told(tests=36, caught=33)]
    assert at(WITH_ITS_WORKFLOW - 1, "x", "x", "x") == {}
    assert at(WITH_ITS_WORKFLOW, "x", "x", "x") == {"x": together}
    assert at(WITH_ITS_WORKFLOW, "x", "y", "z") == {}
    assert at(WITH_THE_HOUSE - 1, "x", "y", "z") == {}
    assert at(WITH_THE_HOUSE, "x", "y", "z") == {HOUSE: together}


def test_what_was_told_with_its_workflow_is_not_told_with_the_house() -> None:
    its = [waiting(name, lot(people), workflow="x")
           for name, people in (("a", A), ("b", B), ("c", C))]  # fmt: skip
    others = [waiting(f"o{n}", lot(range(10 * n, 10 * n + 4)), workflow=f"w{n}") for n in (5, 6, 7)]

    assert close(*its, *others).told == {
        "x": [Told(tests=36, caught=33)],
        HOUSE: [Told(tests=36, caught=33)],
    }


def test_what_is_all_one_way_is_put_by_and_told_with_the_next() -> None:
    found = close(waiting("a", lot(A, missed=0)), waiting("b", lot(range(10, 16), missed=0)))
    assert not found.told
    assert {name: one.held for name, one in found.lots.items()} == {
        "a": {EASY: (12, 12)},
        "b": {EASY: (18, 18)},
    }
    first = lots.add(found.lots["a"], person=3, kind=EASY, caught=False)
    # the first miss after it is of whoever was tested since
    assert close(waiting("a", first), waiting("b", found.lots["b"])).lots == {}

    more = {
        name: lots.together([one, lot(people, missed=1)])
        for (name, one), people in zip(found.lots.items(), (A, range(10, 16)), strict=True)
    }
    again = close(*(waiting(name, one) for name, one in more.items()))

    assert again.told == {"refunds": [Told(tests=60, caught=58)]}
    assert all(one.held == {} for one in again.lots.values())


def test_what_the_chart_was_not_looked_at_for_stays_only_where_five_are() -> None:
    found = close(waiting("a", lot(A)), waiting("b", lot(range(10, 16))))

    assert (found.lots["a"].since, found.lots["a"].met) == ((), {})
    assert len(found.lots["b"].since) == 18


def test_kinds_are_told_of_ten_too() -> None:
    def told(hard: Sequence[int]) -> list[Told]:
        both = lots.together([lot(range(5), 4), lot(range(5), 4, kind=HARD)])
        more = lots.together([lot(range(5, 10), 4), lot(hard, 4, kind=HARD)])
        return close(waiting("a", both), waiting("b", more)).told["refunds"]

    assert {one.kind for one in told(range(5, 10))} == {"", "amount", "stale"}
    assert {one.kind for one in told(range(5, 9))} == {""}


# Over random histories of a house


@dataclass(frozen=True)
class Trial:
    """One test; whoever has the dump knows all but `caught`."""

    person: int
    kind: str
    caught: bool


@dataclass
class Cohort:
    name: str
    workflow: str
    people: list[int]
    lot: Lot = field(default_factory=lambda: Lot(salt=SALT))
    begun: int = 0
    fresh: list[Trial] = field(default_factory=list)
    # of what it showed, all one way, it is known
    held: list[Trial] = field(default_factory=list)


@dataclass(frozen=True)
class Release:
    where: str
    row: Told
    tests: list[Trial]
    held: list[Trial]
    people: int


def house(chance: random.Random) -> list[Cohort]:
    """Make two or three workflows of small teams; some people are in several."""
    found, someone = [], itertools.count()
    for workflow in range(chance.randint(1, 3)):
        for team in range(chance.randint(1, 3)):
            people = [next(someone) for _ in range(chance.choice((1, 2, 3, 4, 4, 5, 6)))]
            if found and chance.random() < 0.5:
                people += chance.sample(
                    found[-1].people, k=chance.randint(1, len(found[-1].people))
                )
            found.append(Cohort(f"w{workflow} / t{team}", f"w{workflow}", people))
    return found


def meet(one: Cohort, chance: random.Random, catches: float) -> None:
    for _ in range(chance.choice((0, 1, 2, 3, 6))):
        test = Trial(chance.choice(one.people), chance.choice((EASY, HARD)),
                     chance.random() < catches)  # fmt: skip
        one.lot = lots.add(one.lot, person=test.person, kind=test.kind, caught=test.caught)
        one.fresh.append(test)


def kinds(row: Told) -> tuple[str, str, str]:
    return row.kind, row.difficulty, row.harm


def release(
    where: str, rows: Sequence[Told], of: Sequence[Cohort], people: int
) -> Iterator[Release]:
    """Note which tests each told figure is of, and let those cohorts begin anew."""
    for row in rows:
        within = [
            [test for one in of for test in those(one)
             if all(a in ("", b) for a, b in zip(kinds(row), test.kind.split("|"), strict=True))]
            for those in (lambda one: one.fresh, lambda one: one.held)
        ]  # fmt: skip
        yield Release(where, row, within[0], within[1], people)
    for one in of:
        one.fresh, one.held = [], []


def put_by(of: Sequence[Cohort]) -> None:
    for one in of:
        one.held, one.fresh = one.held + one.fresh, []


def year(chance: random.Random) -> Iterator[Release]:
    """Let the product close each week of a house, as `oversight.releases` does."""
    cohorts, catches = house(chance), chance.choice((0.5, 0.8, 0.95))
    for week in range(52):
        for one in cohorts:
            meet(one, chance, catches)
            rows, after = telling.close(one.lot)
            if rows:
                yield from release(one.name, rows, [one], cells.PEOPLE)
                one.begun = week
            elif after is not one.lot:
                put_by([one])
            elif week - one.begun >= telling.KEPT_WEEKS:
                one.begun, one.fresh, after = week, [], lots.emptied(after)
            one.lot = lots.named(after, salt=SALT)
        yield from together(cohorts, week)


def together(cohorts: Sequence[Cohort], week: int) -> Iterator[Release]:
    those = [Waiting(cohort=one.name, workflow=one.workflow, weeks=week - one.begun, lot=one.lot)
             for one in cohorts]  # fmt: skip
    found = pooling.close(those)
    for where, rows in found.told.items():
        of = [one for one in cohorts
              if one.name in found.told_of and (one.workflow == where or where == HOUSE)
              and (where != HOUSE or one.workflow not in found.told)]  # fmt: skip
        yield from release(where, rows, of, cells.PEOPLE_ACROSS_TEAMS)
        for one in of:
            one.begun = week
    for one in cohorts:
        after = found.lots.get(one.name)
        if after is not None and one.name not in found.told_of:
            put_by([one])
        one.lot = lots.named(after or one.lot, salt=SALT)


@pytest.fixture(scope="module")
def years() -> list[list[Release]]:
    chance = random.Random(20261121)
    return [list(year(chance)) for _ in range(150)]


def of_many(tests: Sequence[Trial], people: int) -> bool:
    met = Counter(one.person for one in tests)
    return (
        len(met) >= people
        and len(tests) >= cells.TESTS
        and max(met.values()) <= cells.SHARE * len(tests)
    )


def is_whole(one: Release) -> bool:
    return kinds(one.row) == ("", "", "")


def test_each_test_is_told_once_and_added_up_rightly(years: list[list[Release]]) -> None:
    """So the figure of all teams is that of some and that of the others, each told by itself."""
    for releases in years:
        told = [id(test) for one in releases if is_whole(one) for test in one.tests + one.held]
        assert len(told) == len(set(told))
        for one in releases:
            tests = one.tests + one.held
            assert (one.row.tests, one.row.caught) == (
                len(tests), sum(test.caught for test in tests),
            )  # fmt: skip


def test_together_is_of_ten_and_never_all_one_way(years: list[list[Release]]) -> None:
    found = [one for releases in years for one in releases]
    pooled = [one for one in found if " / " not in one.where]
    assert len(pooled) > 200
    assert {one.where for one in pooled} >= {HOUSE, "w0"}
    for one in found:
        assert of_many(one.tests, one.people)
        assert 0 < sum(test.caught for test in one.tests) < len(one.tests)


def test_no_sum_and_no_difference_of_told_figures_is_of_few(years: list[list[Release]]) -> None:
    """By brute force: every way to add up or take away five neighbouring figures at once."""
    differences = 0
    for releases in years[:40]:
        of = [(one, frozenset(map(id, one.tests))) for one in releases]
        tests = {id(test): test for one in releases for test in one.tests}
        for at in range(0, len(of), 3):
            for signs in itertools.product((-1, 0, 1), repeat=len(of[at : at + 5])):
                counted = Counter[int]()
                for sign, (_, cell) in zip(signs, of[at : at + 5], strict=True):
                    counted.update(dict.fromkeys(cell, sign) if sign else {})
                left = [one for one, times in counted.items() if times]
                if left and all(abs(counted[one]) == 1 for one in left):
                    differences += -1 in signs
                    assert of_many([tests[one] for one in left], cells.PEOPLE)
    assert differences > 500


def test_a_guesser_is_right_no_oftener_than_the_rule_lets(years: list[list[Release]]) -> None:
    """They name whoever met most where a miss must lie; what was put by they know."""
    right = guessed = 0
    for one in (one for releases in years for one in releases if " / " not in one.where):
        missed = [test.person for test in one.tests if not test.caught]
        ((named, _),) = Counter(test.person for test in one.tests).most_common(1)
        right, guessed = right + missed.count(named), guessed + len(missed)
    assert guessed > 1_000
    assert right / guessed <= cells.SHARE
