"""Lots are told once a week, of many; charts are looked at once a day; what can't be told goes."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from oversight.blind_tests import charts, releases, telling
from oversight.models import Chart, Tally
from reviews import lots, sealed
from reviews.lots import Lot
from reviews.models import SealedLot

pytestmark = pytest.mark.django_db
COHORT = "retail-support / refund approvers"
KIND = telling.key("wrong amount", "easy", "wrongly allows")
MONDAY = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def meet(caught: Sequence[bool], *, people: int = 5, cohort: str = COHORT) -> None:
    """Let so many people meet tests in turn."""
    lot = sealed.take(cohort)
    for number, one in enumerate(caught):
        lot = lots.add(lot, person=number % people, kind=KIND, caught=one)
    sealed.write(cohort, lot)


def opened(cohort: str = COHORT) -> Lot:
    return sealed.take(cohort)


def kept(cohort: str = COHORT) -> bytes:
    return bytes(SealedLot.objects.get(cohort=cohort).sealed)


def told() -> list[dict[str, Any]]:
    return list(Tally.objects.values("workflow", "team", "week", "kind", "tests", "caught"))


USUAL = [*[True] * 9, False]
ALL, HALF = [True], [True, False]


# Weeks


def test_a_week_that_is_over_is_told_and_the_lot_begins_empty() -> None:
    meet(USUAL * 2)
    releases.close(now=MONDAY - 2 * DAY)
    assert told() == []

    releases.close(now=MONDAY)

    assert told() == [
        {
            "workflow": "retail-support",
            "team": "refund approvers",
            "week": date(2026, 11, 16),
            "kind": "",
            "tests": 20,
            "caught": 18,
        }
    ]
    assert opened().counts == {}


def test_closing_again_tells_nothing_twice() -> None:
    meet(USUAL * 2)
    releases.close(now=MONDAY - 2 * DAY)
    for hours in range(0, 72, 6):
        releases.close(now=MONDAY + timedelta(hours=hours))

    assert len(told()) == 1


def test_what_is_met_after_a_week_was_told_is_told_with_the_next() -> None:
    meet(USUAL * 2)
    releases.close(now=MONDAY - 2 * DAY)
    releases.close(now=MONDAY)
    meet(HALF * 10)
    releases.close(now=MONDAY + DAY)
    releases.close(now=MONDAY + WEEK)

    assert [(one["week"], one["tests"], one["caught"]) for one in told()] == [
        (date(2026, 11, 16), 20, 18),
        (date(2026, 11, 23), 20, 10),
    ]


@pytest.mark.parametrize(("caught", "people"), [(USUAL * 2, 4), (USUAL * 2 + ALL, 4), (USUAL, 5)])
def test_what_is_of_few_stays_sealed(caught: list[bool], people: int) -> None:
    meet(caught, people=people)
    releases.close(now=MONDAY - 2 * DAY)
    releases.close(now=MONDAY)

    assert told() == []
    assert opened().tests == len(caught)


def test_what_is_all_one_way_is_put_by_and_told_with_the_next_that_is_not() -> None:
    meet(ALL * 40, people=8)
    releases.close(now=MONDAY - 2 * DAY)
    releases.close(now=MONDAY)
    assert told() == []
    meet(ALL * 3 + [False])
    releases.close(now=MONDAY + WEEK)
    assert told() == []
    meet(USUAL * 2)

    releases.close(now=MONDAY + 2 * WEEK)

    assert [(one["tests"], one["caught"]) for one in told()] == [(64, 61)]


def test_of_two_quiet_weeks_together_enough_is_told() -> None:
    meet(USUAL)
    releases.close(now=MONDAY - 2 * DAY)
    releases.close(now=MONDAY)
    meet(USUAL)
    releases.close(now=MONDAY + WEEK)

    assert [one["tests"] for one in told()] == [20]


def test_what_could_not_be_told_in_thirteen_weeks_is_emptied() -> None:
    meet(USUAL * 2, people=3)
    releases.close(now=MONDAY - 2 * DAY)
    for week in range(13):
        releases.close(now=MONDAY + week * WEEK)
    assert opened().tests == 20

    releases.close(now=MONDAY + 13 * WEEK)

    assert opened() == lots.empty(score=opened().score) or opened().tests == 0
    assert (opened().since, opened().met) == ((), {})
    assert told() == []


def test_cohorts_are_told_each_by_itself() -> None:
    meet(USUAL * 2)
    meet(HALF * 10, cohort="banking / payments")
    releases.close(now=MONDAY - 2 * DAY)
    releases.close(now=MONDAY)

    assert [(one["workflow"], one["team"], one["caught"]) for one in told()] == [
        ("banking", "payments", 10),
        ("retail-support", "refund approvers", 18),
    ]


def test_a_lot_that_no_secret_opens_begins_anew_and_keeps_no_other(settings: Any) -> None:
    meet(USUAL * 2)
    settings.SECRET_KEY = "another one, and the old one is gone"
    meet(USUAL * 2, cohort="banking / payments")
    releases.close(now=MONDAY - 2 * DAY)
    releases.close(now=MONDAY)

    assert [one["workflow"] for one in told()] == ["banking"]
    assert opened().tests == 0


# Days


def alarmed() -> bool:
    return Chart.objects.get(cohort=COHORT).raised


def test_a_team_that_lets_everything_through_is_found() -> None:
    meet([False] * 10)
    releases.close(now=MONDAY)

    assert alarmed()


def test_a_team_that_catches_as_usual_is_not() -> None:
    meet(USUAL)
    releases.close(now=MONDAY)

    assert not alarmed()
    assert opened().since == ()


def test_what_four_people_did_is_not_looked_at_yet() -> None:
    meet([False] * 12, people=4)
    releases.close(now=MONDAY)
    assert not alarmed()
    assert len(opened().since) == 12

    lot = lots.add(opened(), person=99, kind=KIND, caught=False)
    sealed.write(COHORT, lot)
    releases.close(now=MONDAY + DAY)

    assert alarmed()


def test_it_is_looked_at_once_a_day() -> None:
    meet(USUAL)
    releases.close(now=MONDAY)
    meet([False] * 20)
    releases.close(now=MONDAY + timedelta(hours=20))
    assert not alarmed()

    releases.close(now=MONDAY + DAY)

    assert alarmed()


def test_each_look_writes_every_lot_anew_whether_anything_came_or_not() -> None:
    meet([True], people=1)
    releases.close(now=MONDAY)
    before = kept()
    releases.close(now=MONDAY + DAY)

    assert kept() != before
    assert len(kept()) == len(before)
    assert Chart.objects.get().looked_on == (MONDAY + DAY).date()


def test_the_score_stays_in_the_lot_when_it_is_told() -> None:
    meet([False, True] + [True, False, False] * 6)
    releases.close(now=MONDAY - 2 * DAY)
    assert not alarmed() or opened().score == 0.0
    score = opened().score
    releases.close(now=MONDAY)

    assert opened().counts == {}
    assert opened().score == score


def test_what_was_not_looked_at_yet_is_kept_with_who_made_it_when_a_lot_is_told() -> None:
    meet(USUAL * 2)
    releases.close(now=MONDAY - 2 * DAY)
    meet([False, False, False], people=3)
    releases.close(now=MONDAY)

    assert [one["tests"] for one in told()] == [23]
    assert (len(opened().since), len(opened().met)) == (3, 3)
    meet([False], people=1)
    assert len(opened().met) == 3


def test_after_an_alarm_it_takes_many_that_are_caught_to_be_quiet_again() -> None:
    meet([False] * 10)
    releases.close(now=MONDAY)
    for day in (1, 2):
        assert alarmed()
        meet(ALL * 5)
        releases.close(now=MONDAY + day * DAY)

    assert not alarmed()
    # what it was may be so again: it begins half way to the next alarm
    assert opened().score > 0


def test_after_an_alarm_more_misses_keep_it_up() -> None:
    meet([False] * 10)
    for day in range(5):
        releases.close(now=MONDAY + day * DAY)
        meet([False, True, True, False, True])
        assert alarmed()


def test_what_a_team_is_used_to_is_learned_from_what_was_told() -> None:
    chart = Chart(cohort=COHORT, workflow="retail-support", team="refund approvers")
    today = MONDAY.date()
    assert charts._usual(chart, today) == 0.10
    for back, tests, caught in ((6, 40, 30), (8, 40, 30), (2, 40, 0), (60, 400, 0)):
        Tally.objects.create(
            workflow="retail-support",
            team="refund approvers",
            week=today - back * WEEK,
            tests=tests,
            caught=caught,
        )

    assert charts._usual(chart, today) == 0.25
