"""Proportions: published intervals, and how often each interval holds the truth."""

import math
import random

import pytest

from governance.estimates import Share, wilson
from oversight.statistics import shares

# R's binom, Newcombe (1998), and reckoned by a second program: Wilson, Clopper–Pearson, Jeffreys
KNOWN = [
    (4, 20, (0.0806577, 0.4160174), (0.0573340, 0.4366140), (0.0715, 0.4082)),
    (18, 20, (0.6989664, 0.9721335), (0.6830173, 0.9876515), (0.7161, 0.9786)),
    (4, 200, (0.0078044, 0.0503), (0.0054756, 0.0504), (0.0068, 0.0468)),
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676), (0.2545, 0.3656)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617), (0.0604, 0.1576)),
    (0, 20, (0, 0.1611), (0, 0.1684), (0, 0.1166)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776), (0.0037, 0.1501)),
    (27, 30, (0.7438, 0.9654), (0.7347, 0.9789), (0.7566, 0.9710)),
    (90, 100, (0.8256, 0.9448), (0.8238, 0.9510), (0.8299, 0.9474)),
]
WAYS = {"wilson": wilson, "exact": shares.clopper_pearson, "jeffreys": shares.jeffreys}


@pytest.mark.parametrize(("count", "of", "score", "exact", "jeffreys"), KNOWN)
def test_published_intervals(
    count: int, of: int, score: tuple[float, ...], exact: tuple[float, ...],
    jeffreys: tuple[float, ...],
) -> None:  # fmt: skip
    for way, known in (("wilson", score), ("exact", exact), ("jeffreys", jeffreys)):
        assert WAYS[way](count, of) == pytest.approx(known, abs=0.6e-4), way


def test_how_many_it_takes() -> None:
    found = [[shares.needed(p, half) for half in (0.15, 0.10, 0.05)] for p in (0.8, 0.9)]
    assert found == [[26, 60, 245], [15, 34, 141]]


def test_what_none_of_so_many_still_allows() -> None:
    for of, known in ((20, 0.1391), (30, 0.0950), (59, 0.0495), (100, 0.0295), (299, 0.00997)):
        assert shares.at_most(0, of) == pytest.approx(known, abs=0.6e-4)
        assert shares.at_most(0, of) == pytest.approx(1 - 0.05 ** (1 / of))
    # the trap of an audit without a find: 295 of 9,000 may still be wrong
    assert 9000 * shares.at_most(0, 90) == pytest.approx(295, abs=0.5)
    assert shares.at_most(3, 3) == 1.0
    # 299 without one is the least that makes it 1 %
    assert [shares.is_below(0.01, 0, of) for of in (298, 299)] == [False, True]


def test_twenty_each_of_people_who_are_alike_are_worth_half() -> None:
    assert 1000 / shares.independent(1000, 20, 0.05) == pytest.approx(1.95)


@pytest.mark.parametrize("of", [1, 7, 20, 59, 200])
def test_what_a_share_is_at_most_holds_as_often_as_it_says(of: int) -> None:
    """One side, over every outcome, so exactly: never less than 19 in 20; nor idle throughout."""
    most = [shares.at_most(count, of) for count in range(of + 1)]
    found = [
        sum(chance(count, of, truth) for count in range(of + 1) if truth <= most[count])
        for truth in (number / 200 for number in range(1, 200))
    ]
    assert min(found) >= 0.95 - 1e-9
    assert min(found) < 0.97
    for share in (0.01, 0.05, 0.3):
        for count in range(of + 1):
            assert shares.is_below(share, count, of) is (most[count] <= share)


@pytest.mark.parametrize(
    ("share", "of", "most"),
    [
        (0.05, 200, 4), (0.05, 500, 16), (0.05, 1000, 38), (0.05, 2000, 83),
        (0.02, 200, 0), (0.02, 500, 4), (0.02, 1000, 12), (0.02, 2000, 29),
        (0.01, 200, None), (0.01, 500, 1), (0.01, 1000, 4), (0.01, 2000, 12),
    ],
)  # fmt: skip
def test_how_many_corrections_still_let_it_be_said_that_few_are_wrong(
    share: float, of: int, most: int | None
) -> None:
    """A binomial with this share gives so few in at most one case of twenty: what LTT asks."""
    held = [count for count in range(of) if shares.is_below(share, count, of)]
    assert (max(held) if held else None) == most


def test_how_many_it_takes_without_any() -> None:
    for share, least in ((0.05, 59), (0.02, 149), (0.01, 299)):
        assert [shares.is_below(share, 0, of) for of in (least - 1, least)] == [False, True]


def test_so_few_tests_say_what_thousands_of_overrides_hardly_do() -> None:
    """A catch rate of 90 % or of 50 %: twelve tests, by the binomial distribution itself."""

    def at_most_caught(caught: int, of: int, rate: float) -> float:
        return shares.beta_below(1 - rate, of - caught, caught + 1)

    assert at_most_caught(8, 12, 0.9) == pytest.approx(0.0256, abs=0.6e-4)
    assert at_most_caught(8, 12, 0.5) > 0.9
    # a window of twenty: alarm at fifteen or fewer
    known = [(0.9, 0.043, 0.0006), (0.7, 0.76, 0.006), (0.5, 0.99, 0.006)]
    for rate, share, within in known:
        assert at_most_caught(15, 20, rate) == pytest.approx(share, abs=within)
    # the override rate meanwhile moves from 3.76 % to 2.96 %
    before, after = 0.0376, 0.0296
    size = 1.959964 * math.sqrt(before * (1 - before)) + 1.281552 * math.sqrt(after * (1 - after))
    assert (size / (before - after)) ** 2 == pytest.approx(5440, rel=0.001)


def test_people_who_are_alike_are_allowed_for() -> None:
    """Each of twenty people has a rate of their own: trials taken for independent are too sure."""
    draw = random.Random(4)
    # a beta distribution whose likeness within people is 0.05: 1 / (a + b + 1)
    a, b = 0.8 * 19, 0.2 * 19
    naive = held = 0
    for _ in range(1500):
        caught = 0
        for _ in range(20):
            rate = draw.betavariate(a, b)
            caught += sum(draw.random() < rate for _ in range(20))
        low, high = wilson(caught, 400)
        naive += low <= 0.8 <= high
        worth = shares.independent(400, 20, 0.05)
        low, high = wilson(round(caught / 400 * worth), round(worth))
        held += low <= 0.8 <= high
    assert naive / 1500 < 0.87
    assert held / 1500 == pytest.approx(0.95, abs=0.02)


def chance(count: int, of: int, truth: float) -> float:
    return math.comb(of, count) * truth**count * (1 - truth) ** (of - count)


@pytest.mark.parametrize("of", [20, 60])
def test_how_often_each_holds_the_truth(of: int) -> None:
    """Over every outcome, so exactly; the exact one never less than it says."""
    truths = [number / 40 for number in range(1, 40)]
    for way, interval in WAYS.items():
        held = [interval(count, of) for count in range(of + 1)]
        found = [
            sum(
                chance(count, of, truth)
                for count, (low, high) in enumerate(held)
                if low <= truth <= high
            )
            for truth in truths
        ]
        if way == "exact":
            assert min(found) >= 0.95
        assert min(found) > (0.80 if way == "jeffreys" else 0.83), way
        assert sum(found) / len(found) > 0.945, way


def test_how_often_wilson_holds_it_by_drawing() -> None:
    draw = random.Random(11)
    held = 0
    for _ in range(3000):
        caught = sum(draw.random() < 0.9 for _ in range(100))
        low, high = wilson(caught, 100)
        held += low <= 0.9 <= high
    assert held / 3000 == pytest.approx(0.95, abs=0.02)


def test_newcombes_examples_of_a_difference() -> None:
    # method 10 of his paper of 1998, table II
    for now, before, low, high in (
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(6, 7), Share(2, 7), 0.0582, 0.8062),
        (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
        (Share(0, 10), Share(0, 20), -0.1611, 0.2775),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0),
    ):
        assert shares.difference(now, before) == pytest.approx((low, high), abs=6e-5)


def test_a_change_that_is_none_is_seen_as_one_no_oftener_than_stated() -> None:
    chance, wrong = random.Random(4), 0
    for _ in range(2000):
        now, before = (Share(sum(chance.random() < 0.9 for _ in range(60)), 60) for _ in "ab")
        low, high = shares.difference(now, before)
        wrong += not low <= 0 <= high
    assert wrong <= 0.06 * 2000
