"""Who may meet a test: not too often, and nobody who would know it."""

from datetime import date

import pytest

from reviews import meeting
from reviews.meeting import Hands, Known, Met, Unfit

TODAY, YESTERDAY = date(2026, 11, 23), date(2026, 11, 22)
NOBODY = Known(fault=(), source=(), owners=())


def hands(*, met: Met | None = None, reviewed: int = 50, holds: int = 0) -> Hands:
    return Hands(person=7, day=TODAY, met=met or Met(), reviewed=reviewed, holds=holds)


def test_whoever_met_none_may() -> None:
    assert meeting.unfit(hands(reviewed=0), NOBODY) is None


@pytest.mark.parametrize(("times", "reason"), [(1, None), (2, Unfit.TODAY), (3, Unfit.TODAY)])
def test_two_a_day_and_no_more(times: int, reason: Unfit | None) -> None:
    met = Met(day=TODAY, times=times, last_claim=40)

    assert meeting.unfit(hands(met=met), NOBODY) is reason


def test_what_was_yesterday_does_not_count_today() -> None:
    met = Met(day=YESTERDAY, times=2, last_claim=40)

    assert meeting.unfit(hands(met=met), NOBODY) is None


@pytest.mark.parametrize(("reviewed", "reason"), [(9, Unfit.LATELY), (10, None)])
def test_ten_reviews_lie_between_two(reviewed: int, reason: Unfit | None) -> None:
    met = Met(day=YESTERDAY, times=1, last_claim=40)

    assert meeting.unfit(hands(met=met, reviewed=reviewed), NOBODY) is reason


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (Known(fault=(7,), source=(), owners=()), Unfit.KNOWS_FAULT),
        (Known(fault=(), source=(7,), owners=()), Unfit.KNOWS_SOURCE),
        (Known(fault=(), source=(), owners=(7,)), Unfit.IS_OWNER),
        (Known(fault=(8,), source=(8,), owners=(8,)), None),
    ],
)
def test_whoever_would_know_it_does_not_meet_it(known: Known, reason: Unfit | None) -> None:
    assert meeting.unfit(hands(), known) is reason


def test_nobody_meets_one_beside_something_else() -> None:
    assert meeting.unfit(hands(holds=1), NOBODY) is Unfit.HOLDS_OTHERS


def test_meeting_again_counts_on_the_same_day_and_anew_on_the_next() -> None:
    once = Met().again(day=YESTERDAY, claim=3)
    twice = once.again(day=YESTERDAY, claim=20)

    assert twice == Met(day=YESTERDAY, times=2, last_claim=20)
    assert twice.again(day=TODAY, claim=41) == Met(day=TODAY, times=1, last_claim=41)
