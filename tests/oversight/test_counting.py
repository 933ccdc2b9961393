"""What is counted of queues, from the database's own history, and whether what was said held."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import calendars
from handoffs.models import Handoff, Queue
from oversight.models import Arrival, Forecast, QueueFigures, QueueHour
from oversight.queues import arrivals, counting, figures, forecasts, hours, profiles
from reviews import claims
from tests import factories, walks
from tests.factories import Shop
from tests.oversight import histories
from tests.oversight.histories import HOUR, TODAY
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(shop: Shop) -> list[User]:
    return [
        factories.UserFactory(email=f"r{n}@example.com", roles=[Role.REVIEWER], groups=[shop.team])
        for n in range(5)
    ]


@pytest.mark.slow
def test_what_was_said_of_an_hour_holds(shop: Shop, bot: Client, five: list[User]) -> None:
    """Sixteen days in the database; two of them are forecast hour by hour, as they come."""
    run = walks.start_run(shop, bot)
    past = histories.simulate(
        days=16, per_hour=8, handling=1350, hands=4, deadline=3600, seed=12
    )  # fmt: skip
    histories.live_through(shop, run, past, five, deadline=3600, hands=4, forecast_hours=40)

    pairs = forecasts.pairs(shop.queue, now=TODAY + timedelta(hours=1))

    assert len(pairs) == 40
    waits = sum(bool(pair.wait_inside) for pair in pairs) / len(pairs)
    shares = sum(bool(pair.in_time_inside) for pair in pairs) / len(pairs)
    assert 0.8 <= waits < 1 and shares >= 0.8
    assert all(pair.said.made_at < pair.said.starts_at for pair in pairs)
    # and it is worth saying: hours that were said to be longer were longer
    longest = sorted(pairs, key=lambda pair: pair.said.wait_seconds)
    first, last = longest[:13], longest[-13:]
    assert sum(p.wait or 0 for p in last) > 1.25 * sum(p.wait or 0 for p in first)


def test_an_hour_is_counted_as_it_was(shop: Shop, bot: Client, five: list[User]) -> None:
    run = walks.start_run(shop, bot)
    past = histories.simulate(days=1, per_hour=10, handling=900, hands=3, deadline=900, seed=3)
    histories.live_through(shop, run, past, five, deadline=900, hands=3, forecast_hours=1)

    known = [one for one in past if TODAY - 5 * HOUR <= one.came_at < TODAY - 4 * HOUR]
    taken = [one for one in known if one.taken_at]
    counted = QueueHour.objects.get(queue=shop.queue, starts_at=TODAY - 5 * HOUR)

    assert (counted.came, counted.taken) == (len(known), len(taken))
    waits = sum((one.taken_at - one.came_at).total_seconds() for one in taken if one.taken_at)
    assert counted.wait_seconds == pytest.approx(waits, abs=0.1)
    in_time = sum(one.ended_at - one.came_at <= timedelta(seconds=900) for one in taken)
    assert (counted.in_time, counted.late) == (in_time, len(known) - in_time)
    assert counted.hands / counted.samples == 3


def test_what_comes_is_noted_where_it_came_to(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot)
    now = timezone.now()
    counting.count(now=now)
    Handoff.objects.filter(pk=handoff.pk).update(queue=shop.leads_queue)
    counting.count(now=now + timedelta(minutes=2))

    arrival = Arrival.objects.get(handoff_id=handoff.id)
    assert arrival.queue == shop.queue and arrival.outcome == ""
    hour = QueueHour.objects.get(queue=shop.queue, came=1)
    assert hour.undecided == 1


def test_what_became_of_it_is_looked_up_ever_more_seldom(shop: Shop, bot: Client) -> None:
    put(shop, bot)
    now = timezone.now()
    arrivals.note_new(now=now)
    looks = 0
    for minute in range(1, 24 * 60):
        looks += arrivals.settle_due(now=now + timedelta(minutes=minute))

    assert 10 <= looks <= 40


def test_a_claim_and_an_answer_are_seen(shop: Shop, bot: Client, bot_key: str, ann: User) -> None:
    handoff = walks.waiting(shop, bot, bot_key)
    claims.pick(handoff.id, by=ann, now=timezone.now())
    walks.say(handoff)
    later = timezone.now() + timedelta(minutes=2)

    counting.count(now=later)
    counting.count(now=later)

    arrival = Arrival.objects.get()
    assert arrival.outcome == "in_time" and arrival.wait_seconds is not None
    assert 0 <= arrival.wait_seconds < 60
    assert QueueHour.objects.get(came=1).in_time == 1


def test_waits_are_counted_in_opening_hours() -> None:
    calendar = calendars.read("UTC", {"monday": ["09:00-17:00"], "tuesday": ["09:00-17:00"]}, {})
    # Monday 16:00 to Tuesday 10:00
    waited = arrivals.open_seconds(calendar, TODAY + 16 * HOUR, TODAY + 34 * HOUR)
    assert waited == 2 * 3600
    always = calendars.read("UTC", {}, {})
    assert arrivals.open_seconds(always, TODAY, TODAY + 18 * HOUR) == 18 * 3600
    assert arrivals.open_seconds(calendar, TODAY + 20 * HOUR, TODAY + 21 * HOUR) == 0


def test_nothing_can_be_said_afterwards(shop: Shop) -> None:
    band = dict.fromkeys(
        ["came", "hands", "wait_seconds", "wait_low", "wait_high", "in_time", "in_time_low",
         "in_time_high"], 1.0)  # fmt: skip
    with pytest.raises(IntegrityError, match="forecast_was_made_before"), transaction.atomic():
        Forecast.objects.create(
            queue=shop.queue, starts_at=TODAY, made_at=TODAY + timedelta(seconds=1), **band
        )


def test_handling_is_told_only_where_nobody_can_be_found_in_it(
    shop: Shop, bot: Client, five: list[User]
) -> None:
    run = walks.start_run(shop, bot)
    past = histories.simulate(days=3, per_hour=4, handling=600, hands=4, deadline=7200, seed=8)
    histories.live_through(shop, run, past, five[:4], deadline=7200, hands=4, forecast_hours=1)
    figures.measure(now=TODAY)
    found = QueueFigures.objects.get(queue=shop.queue)
    assert found.handling_seconds is None and found.handled > 100
    assert found.deadline_seconds == 7200

    more = histories.simulate(days=2, per_hour=4, handling=600, hands=4, deadline=7200, seed=9)
    histories.live_through(shop, run, more, five, deadline=7200, hands=4, forecast_hours=1)
    figures.measure(now=TODAY)
    found.refresh_from_db()
    assert found.handling_seconds == pytest.approx(600, rel=0.1)
    assert found.handling_spread == pytest.approx(2**-0.5, rel=0.15)

    # what this week brought is not in it
    figures.measure(now=TODAY - timedelta(days=3))
    found.refresh_from_db()
    assert found.handled == 0


def test_what_comes_at_night_is_found_in_the_morning() -> None:
    queue = factories.QueueFactory(
        hours={"monday": ["09:00-12:00"], "tuesday": ["09:00-12:00"]}, time_zone="Europe/Berlin"
    )
    # Monday 20:00 in Berlin
    evening = TODAY + 18 * HOUR
    QueueHour.objects.create(queue=queue, starts_at=evening, came=6)

    profile = profiles.read(queue, now=evening + 7 * 24 * HOUR)

    assert profile.at(evening).arrivals == 6 and profile.at(evening).work == 0
    (morning,) = [cell for cell in profile.cells if cell.carried]
    assert (morning.day, morning.hour, morning.work) == ("Tuesday", 9, 6)


def test_hours_without_anything_count_as_well() -> None:
    queue = factories.QueueFactory()
    for week in (0, 2):
        QueueHour.objects.create(queue=queue, starts_at=TODAY - timedelta(weeks=3 - week), came=6)
    profile = profiles.read(queue, now=TODAY)
    # it came on two of three Mondays
    assert profile.cells[0].weeks == 3 and profile.cells[0].arrivals == 4
    assert profile.hours_seen == 3 * 168


def test_nothing_is_said_of_a_queue_that_nobody_works(shop: Shop) -> None:
    assert forecasts.make(now=TODAY - timedelta(minutes=10)) == 0
    # nor long before
    assert forecasts.make(now=TODAY - timedelta(minutes=40)) == 0


def test_what_is_long_past_is_let_go(shop: Shop) -> None:
    old = timezone.now() - timedelta(days=500)
    QueueHour.objects.create(queue=shop.queue, starts_at=hours.start(old), came=1)
    for outcome in ("in_time", ""):
        Arrival.objects.create(
            handoff_id=f"ho_{outcome}", queue=shop.queue, came_at=old, outcome=outcome, look_at=old
        )

    counting.forget(now=timezone.now())

    assert not QueueHour.objects.exists()
    # what nobody answered yet is not past
    assert [one.outcome for one in Arrival.objects.all()] == [""]
    assert Queue.objects.filter(pk=shop.queue.pk).exists()
