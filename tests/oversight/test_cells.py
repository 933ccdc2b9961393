"""Which results are told: small, dominated, uniform ones are not, nor what two leave over."""

from collections.abc import Mapping
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oversight.statistics import cells
from oversight.statistics.cells import Part


def part(*tests: int, caught: int | None = None, first: int = 0) -> Part:
    return Part(
        people={f"p{first + number}": count for number, count in enumerate(tests)},
        caught=sum(tests) // 2 if caught is None else caught,
    )


def test_five_people_twenty_tests_and_nobody_most_of_them() -> None:
    assert cells.may_tell([part(4, 4, 4, 4, 4)])
    assert not cells.may_tell([part(5, 5, 5, 5)])
    assert not cells.may_tell([part(4, 4, 4, 4, 3)])
    assert cells.may_tell([part(8, 3, 3, 3, 3)])
    assert not cells.may_tell([part(9, 3, 3, 3, 3)])
    assert not cells.may_tell([])


def test_across_teams_it_takes_ten() -> None:
    nine, ten = part(*[3] * 9), part(*[3] * 10)
    assert not cells.may_tell([nine], people=cells.PEOPLE_ACROSS_TEAMS)
    assert cells.may_tell([ten], people=cells.PEOPLE_ACROSS_TEAMS)


def test_all_or_none_tells_of_each_of_a_few() -> None:
    assert not cells.may_tell([part(5, 5, 5, 5, 5, caught=25)])
    assert not cells.may_tell([part(5, 5, 5, 5, 5, caught=0)])
    assert cells.may_tell([part(*[3] * 10, caught=30)])


def test_the_same_person_in_two_parts_is_one() -> None:
    assert not cells.may_tell([part(5, 5, 5, 5), part(5, 5, 5, 5)])


def test_a_total_does_not_betray_what_was_held_back() -> None:
    parts = {"day": part(5, 5, 5, 5, 5), "night": part(4, 4, first=50)}
    assert cells.told(parts, [["day"], ["night"], ["day", "night"]]) == [frozenset({"day"})]
    # told first, the total keeps the day shift back
    whole = frozenset({"day", "night"})
    assert cells.told(parts, [["day", "night"], ["day"]]) == [whole]


def test_nor_do_three() -> None:
    big = {name: part(5, 5, 5, 5, 5, first=10 * number) for number, name in enumerate("abc")}
    parts = {**big, "small": part(3, 3, first=90)}
    found = cells.told(parts, [["a", "b", "c", "small"], ["a"], ["b"], ["c"]])
    assert frozenset({"a", "b", "c", "small"}) in found and frozenset("a") in found
    # the rest of the total after two is large enough, after three it is not
    assert frozenset("b") in found and frozenset("c") not in found


def test_more_than_can_be_looked_through_is_not_told() -> None:
    parts = {str(n): part(*[5] * 5, first=10 * n) for n in range(16)}
    assert 1 < len(cells.told(parts, [[name] for name in parts])) < 16


def test_nor_does_what_three_that_overlap_leave_over() -> None:
    """No cell lies in another: the first and the second less the third are three small parts."""
    people = {name: part(*[5] * 6, first=10 * number) for number, name in enumerate("xy")}
    small = {name: part(3, first=50) for name in "abc"}
    parts = {**people, **small}
    wanted = [["x", "a", "b"], ["a", "y", "c"], ["x", "a", "y"]]

    assert all(cells.may_tell(parts[name] for name in cell) for cell in wanted)
    assert cells.told(parts, wanted) == [frozenset("xab"), frozenset("ayc")]


def test_nor_a_difference_of_two_that_overlap() -> None:
    parts = {"day": part(*[5] * 6), "ann": part(4, first=50), "bob": part(4, first=60)}

    assert cells.told(parts, [["day", "ann"], ["day", "bob"]]) == [frozenset({"day", "ann"})]


def test_a_difference_as_large_as_it_can_be_is_all_one_way() -> None:
    """All of one team caught and none of the other: the difference says so of everybody."""
    common = part(*[5] * 12, caught=30)

    def both(caught: int) -> int:
        teams = {
            "one": part(*[5] * 4, caught=caught, first=20),
            "other": part(*[5] * 4, caught=0, first=40),
        }
        return len(cells.told({"both": common, **teams}, [["both", "one"], ["both", "other"]]))

    assert both(19) == 2 and both(20) == 1


_PARTS = st.dictionaries(
    st.sampled_from("abcd"),
    st.builds(
        lambda tests, first: part(*tests, first=first),
        st.lists(st.integers(1, 9), min_size=1, max_size=8),
        st.integers(0, 12),
    ),
    min_size=1,
)


@given(_PARTS, st.data())
def test_nothing_told_and_no_difference_breaks_the_rule(
    parts: Mapping[str, Part], data: st.DataObject
) -> None:
    cell = st.frozensets(st.sampled_from(sorted(parts)), min_size=1)
    found = cells.told(parts, data.draw(st.lists(cell, max_size=6)))
    for one in found:
        assert cells.may_tell(parts[name] for name in one)
        for other in found:
            if one < other:
                assert cells.may_tell(parts[name] for name in other - one)


# five teams, some of them large enough to be told and some not
_TEAMS = st.lists(st.tuples(st.integers(1, 7), st.integers(2, 6)), min_size=5, max_size=5).map(
    lambda teams: {
        name: part(*[tests] * people, first=10 * number)
        for number, (name, (people, tests)) in enumerate(zip("abcde", teams, strict=True))
    }
)


@settings(max_examples=150)
@given(_TEAMS, st.lists(st.frozensets(st.sampled_from("abcde"), min_size=2), max_size=6))
def test_no_sum_or_difference_that_follows_breaks_the_rule(
    parts: Mapping[str, Part], wanted: list[frozenset[str]]
) -> None:
    """Another method: each sum that breaks the rule is held against the rank of what is told."""
    names = sorted(parts)
    found = cells.told(parts, wanted)
    rows = np.array([[name in one for name in names] for one in found], dtype=float)
    for signs in product((-1, 0, 1), repeat=len(names)):
        if not any(signs):
            continue
        counted = [
            parts[name] if sign > 0 else _turned(parts[name])
            for name, sign in zip(names, signs, strict=True)
            if sign
        ]
        if not cells.may_tell(counted):
            assert not found or _rank(np.vstack([rows, signs])) > _rank(rows), (found, signs)


def _turned(one: Part) -> Part:
    return Part(people=one.people, caught=sum(one.people.values()) - one.caught)


def _rank(rows: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(rows))
