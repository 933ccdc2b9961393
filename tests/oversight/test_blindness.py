"""The certificate: holds for copies that nothing tells apart, fails for those with a tell."""

import random
from statistics import mean

import pytest

from oversight import blindness


def drawn(count: int, seed: int, *, off: float = 0.0) -> list[dict[str, float]]:
    chance = random.Random(seed)
    return [
        {"words": chance.gauss(80, 20), "facts": chance.randint(3, 9), "hour": chance.gauss(off, 1)}
        for _ in range(count)
    ]


def test_ranks_are_counted_with_ties_by_half() -> None:
    assert blindness.auc([3, 4], [1, 2]) == 1
    assert blindness.auc([1, 2], [3, 4]) == 0
    assert blindness.auc([1, 1], [1, 1]) == 0.5
    assert blindness.auc([1, 3], [2]) == 0.5


def test_delongs_variance_of_a_case_by_hand() -> None:
    # tests 1, 3, 5 against 2, 4: parts 0, ½, 1 and, seen from the others, ⅔, ⅓
    upper = blindness.auc_upper([1, 3, 5, 6], [2, 4])
    assert blindness.auc([1, 3, 5, 6], [2, 4]) == pytest.approx(0.625)
    assert 0.625 < upper < 1


def test_the_bound_holds_as_often_as_it_says() -> None:
    """Scores one apart by d have a known AUC, the normal distribution's of d / sqrt(2)."""
    chance, true, held = random.Random(3), 0.638, 0
    for _ in range(400):
        tests = [chance.gauss(0.5, 1) for _ in range(60)]
        reals = [chance.gauss(0, 1) for _ in range(120)]
        held += blindness.auc_upper(tests, reals) >= true

    assert 0.92 <= held / 400 <= 0.98


def test_copies_that_are_alike_are_certified() -> None:
    """Of 600 copies that nothing tells apart 19 in 20 certificates hold; of 300 only 3 in 4."""
    found = [blindness.certify(drawn(600, n), drawn(1800, n + 50), seed=1) for n in range(3)]

    assert mean(one.auc for one in found) == pytest.approx(0.5, abs=0.03)
    assert sum(one.holds for one in found) >= 2


def test_a_tell_is_found_and_named() -> None:
    found = blindness.certify(drawn(150, 1, off=0.8), drawn(300, 2), seed=1)

    assert not found.holds
    assert found.auc > 0.65
    assert found.telling[0][0] == "hour"


def test_too_few_are_certified_of_nothing() -> None:
    found = blindness.certify(drawn(4, 1), drawn(300, 2), seed=1)

    assert (found.upper, found.holds) == (1.0, False)
