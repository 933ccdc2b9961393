"""Intervals against published figures, and the sentences that are made of them."""

import pytest

from governance import estimates
from governance.estimates import Share

# Newcombe 1998 (Statistics in Medicine 17, table I) and R's binom package
PUBLISHED = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718),
    (4, 20, 0.0806577, 0.4160174),
    (18, 20, 0.6989664, 0.9721335),
    (4, 200, 0.0078044, 0.0503),
    (27, 30, 0.7438, 0.9654),
    (90, 100, 0.8256, 0.9448),
]


@pytest.mark.parametrize(("count", "of", "low", "high"), PUBLISHED)
def test_wilson_gives_what_was_published(count: int, of: int, low: float, high: float) -> None:
    assert estimates.wilson(count, of) == pytest.approx((low, high), abs=6e-5)


def test_of_nothing_anything_is_possible_and_more_than_all_is_no_share() -> None:
    assert estimates.wilson(0, 0) == (0.0, 1.0)
    assert estimates.wilson(7, 7)[1] == 1.0
    with pytest.raises(ValueError):
        estimates.wilson(8, 7)


def test_the_area_and_its_error_are_hanley_and_mcneils() -> None:
    # Hanley & McNeil 1982: an area of .893 from 51 and 58 cases has a standard error of .032
    assert estimates.hanley_mcneil(0.893, 51, 58) == pytest.approx(0.0325, abs=1e-4)
    assert estimates.ranking({1: (4, 0), 2: (0, 3)}) is not None
    assert estimates.ranking({1: (4, 0), 2: (0, 3)})[0] == 1.0  # type: ignore[index]
    assert estimates.ranking({1: (4, 3)})[0] == 0.5  # type: ignore[index]
    assert estimates.ranking({1: (4, 0)}) is None


@pytest.mark.parametrize(
    ("count", "of", "said"),
    [
        (2, 10_000, "below 1 %"),
        (1_500, 100_000, "at the lower edge of 1 to 2 %"),
        (800, 10_000, "inside the usual 2 to 15 %"),
        (17_500, 100_000, "at the upper edge of 15 to 20 %"),
        (5_000, 10_000, "above 20 %"),
    ],
)
def test_a_rate_is_said_against_the_usual_edges(count: int, of: int, said: str) -> None:
    sentence = estimates.against_the_band(Share(count, of))

    assert said in sentence and "So few" not in sentence


def test_a_rate_of_few_says_where_else_it_may_lie() -> None:
    sentence = estimates.against_the_band(Share(2, 14))

    assert "inside the usual 2 to 15 %" in sentence
    assert "So few proposals could also mean" in sentence and "above 20 %" in sentence
    assert "no rate" in estimates.against_the_band(Share(0, 0))


def test_a_share_is_never_rounded_to_nothing_or_to_all() -> None:
    assert [
        estimates.percent(x).replace("\xa0", " ") for x in (0, 1, 0.0004, 0.004, 0.126, 0.9996)
    ] == [
        *("0 %", "100 %", "under 0.1 %", "0.4 %", "13 %", "over 99.9 %"),
    ]
