"""When something is said of an hour, and when it is held against what came."""

from datetime import timedelta

import pytest

from handoffs.models import Queue
from oversight.models import Forecast, QueueHour
from oversight.queues import forecasts
from tests import factories
from tests.oversight.histories import HOUR, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy() -> Queue:
    """Two weeks, in which twelve came in every hour of the day and three people were there."""
    queue = factories.QueueFactory()
    QueueHour.objects.bulk_create(
        QueueHour(queue=queue, starts_at=TODAY - number * HOUR, came=12, samples=60, hands=180)
        for number in range(1, 15 * 24)
    )
    return queue


@pytest.mark.parametrize(("minutes", "said"), [(15, 1), (15.02, 0), (59, 0), (1, 1)])
def test_an_hour_is_spoken_of_shortly_before_it_begins(
    busy: Queue, minutes: float, said: int
) -> None:
    assert forecasts.make(now=TODAY - timedelta(minutes=minutes)) == said

    assert [one.starts_at for one in Forecast.objects.all()] == [TODAY] * said
    # and once
    assert forecasts.make(now=TODAY - timedelta(minutes=0.5)) == 1 - said


def test_an_hour_is_judged_when_nothing_of_it_is_open(busy: Queue) -> None:
    forecasts.make(now=TODAY - timedelta(minutes=5))
    hour = QueueHour.objects.create(
        queue=busy, starts_at=TODAY, came=4, taken=3, wait_seconds=360, in_time=2, late=1,
        undecided=1,
    )  # fmt: skip
    later = TODAY + 2 * HOUR
    # whoever is still waiting may be late yet
    assert forecasts.pairs(busy, now=later) == []

    hour.undecided = 0
    hour.late = 2
    hour.save()
    (pair,) = forecasts.pairs(busy, now=later)
    assert (pair.wait, pair.in_time, pair.came) == (120, 0.5, 4)
    # not before it is over
    assert forecasts.pairs(busy, now=TODAY + HOUR / 2) == []
