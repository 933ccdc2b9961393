"""Teams of few are told of together, where what is told is stored: once a week, under one name."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from oversight.blind_tests import pooling, releases, telling
from oversight.models import Chart, Tally
from reviews import lots, sealed

pytestmark = pytest.mark.django_db
KIND = telling.key("wrong amount", "easy", "wrongly allows")
MONDAY = datetime(2026, 11, 23, 0, 5, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
BEGUN = MONDAY.date() - pooling.WITH_THE_HOUSE * WEEK


@transaction.atomic
def meet(cohort: str, people: Sequence[int], *, missed: int = 1, begun: date = BEGUN) -> None:
    """Let each of a team meet three tests; nothing was told of it for so long."""
    lot = sealed.take(cohort)
    for number, person in enumerate(one for one in people for _ in range(3)):
        lot = lots.add(lot, person=person, kind=KIND, caught=number >= missed)
    sealed.write(cohort, lot)
    workflow, _, team = cohort.partition(" / ")
    known = {"workflow": workflow, "team": team, "begun_on": begun, "closed": MONDAY.date() - WEEK}
    Chart.objects.get_or_create(cohort=cohort, defaults=known)


def told() -> list[tuple[Any, ...]]:
    rows = Tally.objects.order_by("week", "workflow", "team")
    return list(rows.values_list("workflow", "team", "week", "kind", "tests", "caught"))


def left() -> list[int]:
    with transaction.atomic():
        return [sealed.take(name).tests for name in Chart.objects.values_list("pk", flat=True)]


LAST = date(2026, 11, 16)


def test_three_teams_of_four_are_told_of_their_workflow_and_begin_anew() -> None:
    for number in range(3):
        meet(f"retail / team {number}", range(10 * number, 10 * number + 4))

    releases.close(now=MONDAY)

    assert told() == [("retail", "", LAST, "", 36, 33)]
    assert left() == [0, 0, 0]
    assert set(Chart.objects.values_list("begun_on", "pooled")) == {(MONDAY.date(),) * 2}


def test_of_three_workflows_they_are_told_of_the_house() -> None:
    for number in range(3):
        meet(f"workflow {number} / team", range(10 * number, 10 * number + 4))

    releases.close(now=MONDAY)

    assert told() == [("", "", LAST, "", 36, 33)]


def test_whoever_decides_in_several_teams_is_one_person() -> None:
    for number in range(3):
        meet(f"workflow {number} / team", range(4))

    releases.close(now=MONDAY)

    assert told() == []
    assert left() == [12, 12, 12]


def test_who_was_named_by_another_secret_is_not_put_beside_who_was_not(settings: Any) -> None:
    """They could be the same person, and count as two."""
    meet("x / one", range(4))
    meet("y / other", range(10, 14))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    meet("z / last", range(4))

    releases.close(now=MONDAY)

    assert told() == []
    assert left() == [12, 12, 12]


def test_a_team_that_is_enough_is_told_by_itself_and_not_with_others() -> None:
    meet("retail / large", range(20, 30))
    meet("retail / small", range(4))

    releases.close(now=MONDAY)

    assert told() == [("retail", "large", LAST, "", 30, 29)]
    assert left() == [0, 12]


def test_it_is_tried_once_a_week_whatever_comes_meanwhile() -> None:
    for number in range(2):
        meet(f"retail / team {number}", range(10 * number, 10 * number + 4))
    releases.close(now=MONDAY)
    meet("retail / team 2", range(20, 24))
    for hours in range(0, 7 * 24, 12):
        releases.close(now=MONDAY + timedelta(hours=hours))
    assert told() == []

    releases.close(now=MONDAY + WEEK)

    assert [one[2:] for one in told()] == [(MONDAY.date(), "", 36, 33)]


def test_it_waits_until_every_teams_week_is_closed() -> None:
    for number in range(3):
        meet(f"retail / team {number}", range(10 * number, 10 * number + 4))
    # another worker is at it
    Chart.objects.filter(team="team 2").update(looked_on=MONDAY.date())
    releases.close(now=MONDAY)
    assert (told(), set(Chart.objects.values_list("pooled"))) == ([], {(None,)})

    releases.close(now=MONDAY + DAY)

    assert [one[4:] for one in told()] == [(36, 33)]


def test_what_came_of_a_team_since_is_told_with_the_next() -> None:
    for week in range(2):
        for number in range(3):
            meet(f"retail / team {number}", range(10 * number, 10 * number + 4), missed=week + 1)
        releases.close(now=MONDAY + week * pooling.WITH_ITS_WORKFLOW * WEEK)

    assert [one[4:] for one in told()] == [(36, 33), (36, 30)]


def test_all_one_way_is_not_told_of_ten_either() -> None:
    for number in range(3):
        meet(f"retail / team {number}", range(10 * number, 10 * number + 4), missed=0)

    releases.close(now=MONDAY)

    assert (told(), left()) == ([], [0, 0, 0])
