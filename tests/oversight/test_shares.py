"""Proportions: published intervals, and how often each interval holds the truth."""

import math
import random

import pytest

from governance.estimates import Share, wilson
from oversight import shares

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


@pytest.mark.parametrize("of", [20, 60])
def test_how_often_each_holds_the_truth(of: int) -> None:
    """Over every outcome, so exactly; the exact one never less than it says."""
    truths = [number / 40 for number in range(1, 40)]
    for way, interval in WAYS.items():
        held = [interval(count, of) for count in range(of + 1)]
        found = [
            sum(
                math.comb(of, count) * truth**count * (1 - truth) ** (of - count)
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
    chance = random.Random(11)
    held = 0
    for _ in range(3000):
        caught = sum(chance.random() < 0.9 for _ in range(100))
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
