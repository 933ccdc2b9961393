"""The sweep against counting by hand, and asking at random on the diagonal."""

import random
from collections import Counter

import hypothesis.strategies as st
from hypothesis import given

from governance import tradeoff

CASES = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=60)


def cells(cases: list[tuple[int, bool]]) -> dict[int, tuple[int, int]]:
    counted = Counter(cases)
    return {rank: (counted[rank, False], counted[rank, True]) for rank, _ in counted}


@given(CASES)
def test_each_point_is_what_asking_from_that_rank_up_would_do(
    cases: list[tuple[int, bool]],
) -> None:
    points = tradeoff.curve(cells(cases), str)

    wrongs = sum(wrong for _, wrong in cases)
    assert points[0].asked.count == 0 and points[0].passed.count == wrongs
    assert points[-1].asked.count == len(cases) and points[-1].passed.count == 0
    for point in points[1:]:
        asked = [one for one in cases if one[0] >= int(point.cut)]
        out = [one for one in cases if one[0] < int(point.cut)]
        passed = sum(wrong for _, wrong in out)
        assert (point.asked.count, point.asked.of) == (len(asked), len(cases))
        assert (point.passed.count, point.passed.of) == (passed, wrongs)
        assert (point.wrong_out.count, point.wrong_out.of) == (passed, len(out))


def test_asking_at_random_lies_on_the_diagonal() -> None:
    chance = random.Random(5)
    drawn = [(chance.randrange(20), chance.random() < 0.3) for _ in range(20_000)]

    points = tradeoff.curve(cells(drawn), str)

    assert max(abs(point.passed.share - point.chance) for point in points) < 0.03
    assert not any(point.beats_chance for point in points[2:-2])
    assert "cannot be told from chance" in tradeoff.against_chance(cells(drawn))


def test_an_order_that_knows_beats_chance_and_says_so() -> None:
    drawn = [(number // 100, number >= 700) for number in range(1000)]

    points = tradeoff.curve(cells(drawn), str)

    assert points[3].asked.share == 0.3 and points[3].passed.count == 0
    assert points[3].beats_chance and "the order helps" in tradeoff.against_chance(cells(drawn))
    backwards = {-rank: counts for rank, counts in cells(drawn).items()}
    assert "worse than chance" in tradeoff.against_chance(backwards)


def test_a_long_curve_is_thinned_and_keeps_both_ends() -> None:
    points = tradeoff.curve({rank: (1, 1) for rank in range(5000)}, str)

    assert len(points) <= tradeoff.MAX_POINTS
    assert points[0].asked.count == 0 and points[-1].asked.share == 1


def test_nothing_known_gives_no_curve() -> None:
    assert tradeoff.curve({}, str) == []
    assert "nothing to compare" in tradeoff.against_chance({})
