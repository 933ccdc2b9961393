"""When tests come in: at the rate, evenly, foreseen by nobody, and not at all when it is busy."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.statistics import pacing
from oversight.statistics.pacing import Block, Off, Situation

SECRET = b"a secret of the server"
RATES = st.floats(min_value=0.005, max_value=pacing.CAP)


def quiet(**other: object) -> Situation:
    usual = {
        "noticed": True, "switched_on": True, "stopped": False, "incident": False,
        "came": 12, "usual": 12.0, "oldest": 0.1, "taken": 0.3,
    }  # fmt: skip
    return Situation(**{**usual, **other})  # type: ignore[arg-type]


def over(
    reviews: int, rate: float, *, cohort: str = "refunds", secret: bytes = SECRET
) -> list[int]:
    """Return the numbers of the reviews after which a test came in."""
    done, came = None, []
    for number in range(1, reviews + 1):
        due = pacing.due(secret, cohort, reviews=number, rate=rate, done=done)
        if due is not None:
            done = due
            came.append(number)
    return came


@given(rate=RATES, reviews=st.integers(1, 100_000))
def test_every_review_lies_in_one_stretch(rate: float, reviews: int) -> None:
    number = pacing.stretch(reviews, rate)

    assert pacing.first(number, rate) <= reviews < pacing.first(number + 1, rate)


@given(rate=RATES, number=st.integers(0, 5_000))
def test_the_drawn_review_lies_in_its_stretch(rate: float, number: int) -> None:
    drawn = pacing.drawn(SECRET, "refunds", number, rate)

    assert pacing.first(number, rate) <= drawn < pacing.first(number + 1, rate)


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.03, 0.05, 0.07, 0.10])
def test_as_many_come_as_the_rate_says(rate: float) -> None:
    assert abs(len(over(10_000, rate)) - 10_000 * rate) <= 1


def test_they_come_evenly_and_never_two_in_a_stretch() -> None:
    came = over(5_000, 0.02)

    assert Counter((number - 1) // 50 for number in came).most_common(1)[0][1] == 1
    assert max(later - earlier for earlier, later in zip(came, came[1:], strict=False)) < 100


def test_every_review_of_a_stretch_is_as_likely_as_any() -> None:
    places = Counter((number - 1) % 50 for number in over(200_000, 0.02))

    # 4,000 draws over 50 places: chi-squared, 49 degrees of freedom, its 99.9 % quantile is 85
    assert sum((places[at] - 80) ** 2 / 80 for at in range(50)) < 85


def test_nobody_foresees_it_without_the_secret_nor_from_another_cohort() -> None:
    mine = over(2_000, 0.02)

    assert mine == over(2_000, 0.02)
    assert mine != over(2_000, 0.02, secret=b"another")
    assert mine != over(2_000, 0.02, cohort="payments")


def test_what_was_missed_is_not_made_up_for() -> None:
    # nothing could come in during the first three stretches
    due = pacing.due(SECRET, "refunds", reviews=200, rate=0.02, done=None)
    assert due == 3

    assert pacing.due(SECRET, "refunds", reviews=200, rate=0.02, done=3) is None


def test_names_that_run_together_are_told_apart() -> None:
    assert pacing.place(SECRET, "ab", "c") != pacing.place(SECRET, "a", "bc")


@pytest.mark.parametrize("rate", [0.0, -0.1, 0.1001, 1.0])
def test_no_rate_beyond_the_cap(rate: float) -> None:
    with pytest.raises(ValueError):
        pacing.drawn(SECRET, "refunds", 1, rate)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({}, None),
        ({"noticed": False}, Off.NO_NOTICE),
        ({"switched_on": False}, Off.SWITCHED_OFF),
        ({"stopped": True}, Off.STOPPED),
        ({"incident": True}, Off.INCIDENT),
        ({"came": 18}, None),
        ({"came": 19}, Off.SURGE),
        ({"came": 9, "usual": 1.0}, None),
        ({"came": 10, "usual": 1.0}, Off.SURGE),
        ({"came": 40, "usual": None}, Off.SURGE),
        ({"oldest": 0.51}, Off.BEHIND),
        ({"taken": 0.81}, Off.FULL),
        ({"taken": None}, None),
    ],
)
def test_what_keeps_tests_out(other: dict[str, object], reason: Off | None) -> None:
    assert pacing.off(quiet(**other)) is reason


def test_kinds_are_met_alike_and_difficulties_within_them() -> None:
    amount = [Block("wrong amount", level, "wrongly allows") for level in ("easy", "hard")]
    stale = Block("stale fact", "medium", "wrongly allows")
    met: Counter[Block] = Counter()

    for number in range(40):
        chosen = pacing.choose(SECRET, "refunds", number, met=met, stock=[*amount, stale])
        assert chosen is not None
        met[chosen] += 1

    assert met == {amount[0]: 10, amount[1]: 10, stale: 20}


def test_nothing_in_stock_is_no_test() -> None:
    assert pacing.choose(SECRET, "refunds", 1, met={}, stock=[]) is None
