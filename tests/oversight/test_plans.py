"""How many people it takes, and what one more or one fewer would change."""

import math

import pytest

from oversight.statistics import plans
from oversight.statistics.plans import Work

HOUR = 3600.0
SIXTY = Work(arrivals=60, handling_seconds=240, deadline_seconds=900)


def test_the_fewest_who_meet_the_target_unhurried() -> None:
    people = plans.needed(SIXTY)
    enough, one_fewer = plans.outlook(SIXTY, people), plans.outlook(SIXTY, people - 1)

    assert enough.meets(SIXTY.target)
    assert not one_fewer.meets(SIXTY.target)
    assert enough.busy <= plans.CALM


@pytest.mark.parametrize(("arrivals", "people"), [(60, 5), (61, 6)])
def test_nobody_is_planned_to_be_busy_all_the_time(arrivals: float, people: int) -> None:
    """With hours to spare all would be answered in time; four fifths of the time is enough."""
    work = Work(arrivals=arrivals, handling_seconds=240, deadline_seconds=48 * HOUR)
    five = plans.outlook(work, 5)

    assert five.in_time > 0.99
    assert five.meets(work.target) == (people == 5)
    assert plans.needed(work) == people


@pytest.mark.parametrize(("handling", "people"), [(240, 6), (300, 7), (360, 8)])
def test_a_minute_more_of_real_review_takes_one_person_more(handling: float, people: int) -> None:
    work = Work(arrivals=60, handling_seconds=handling, deadline_seconds=8 * HOUR)
    # taken within five minutes nearly always, as the table of the literature has it
    found = next(
        count for count in range(1, 20)
        if plans.outlook(work, count).wait_of_nine < 300 and plans.outlook(work, count).busy < 0.9
    )  # fmt: skip
    assert found == people


def test_one_more_and_one_fewer() -> None:
    fewer, these, more = plans.around(SIXTY, 5)

    assert [one.people for one in (fewer, these, more)] == [4, 5, 6]
    assert fewer.is_endless and fewer.in_time < 1
    assert these.wait > more.wait and these.in_time < more.in_time
    assert these.wait == pytest.approx(2.2 * 60, rel=0.02)


def test_another_escalation_rate() -> None:
    half, same, twice = plans.scaled(SIXTY, 6, factors=(0.5, 1, 2))

    assert half.needed < same.needed < twice.needed
    assert same.needed == plans.needed(SIXTY)
    assert twice.now.is_endless
    # twice the work needs less than twice the people: the spare grows with its square root
    assert twice.needed < 2 * same.needed


def test_nothing_to_do_needs_nobody() -> None:
    nothing = Work(arrivals=0, handling_seconds=240, deadline_seconds=900)
    assert plans.needed(nothing) == 0
    assert plans.outlook(nothing, 0).wait == 0
    assert plans.outlook(nothing, 0).in_time == 1


def test_a_deadline_shorter_than_the_work_is_planned_for_as_well_as_it_can_be() -> None:
    hurried = Work(arrivals=60, handling_seconds=600, deadline_seconds=300)
    people = plans.needed(hurried)
    assert people > plans.needed(Work(arrivals=60, handling_seconds=600, deadline_seconds=7200))
    assert math.isfinite(plans.outlook(hurried, people).wait)


def test_nobody_there_for_work_is_endless() -> None:
    assert plans.outlook(SIXTY, 0).is_endless
    assert plans.outlook(SIXTY, 0).in_time == 0
