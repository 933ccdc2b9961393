"""How fast queues fill and empty: measured from what was done, and what is promised by it."""

import dataclasses
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers, rates
from handoffs.actors import client_actor
from handoffs.models import Handoff, QueueRate
from reviews import claims, decisions
from reviews import rates as measuring
from reviews.models import Claim
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
AT_ONCE = {"undo_seconds": 0}
NOW = timezone.now()
RATE = rates.Rate(
    queue_id=1,
    measured_at=NOW,
    read_at=NOW,
    finished_per_hour=12,
    handling_seconds=120,
    handling_count=50,
    reviewers_present=2,
    hands=2,
)


def measured(shop: Shop) -> rates.Rate:
    measuring.measure(now=timezone.now())
    return rates.of([shop.queue.pk])[shop.queue.pk]


def decided(shop: Shop, bot: Client, by: User, *, took: float = 60) -> Handoff:
    """A handoff that `by` took and decided, so many seconds later."""
    handoff = put(shop, bot, safeguards=AT_ONCE)
    claims.pick(handoff.id, by=by, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(
            "update reviews_claim set taken_at = taken_at - make_interval(secs => %s) "
            "where handoff_id = %s",
            [took, handoff.id],
        )
    decisions.decide(
        handoff.id, by=by, choice=Choice(verb="approve", reason="It holds."), now=timezone.now()
    )
    return handoff


def test_what_came_what_was_finished_and_how_long_it_took(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    decided(shop, bot, ann, took=60)
    decided(shop, bot, ben, took=180)
    put(shop, bot)

    found = measured(shop)

    assert (found.arrivals_per_hour, found.finished_per_hour) == (3, 2)
    assert found.handling_seconds == pytest.approx(120, abs=2)
    assert (found.handling_count, found.reviewers_present, found.hands) == (2, 2, 2)


def test_what_the_agent_took_back_was_not_finished_by_anybody(shop: Shop, bot: Client) -> None:
    handoff = put(shop, bot)
    by = client_actor(bot.name, "k")
    answers.withdraw(handoff.id, reason="No longer", by=by, now=timezone.now())

    assert measured(shop).finished_per_hour == 0


def test_a_page_left_open_over_lunch_is_no_work(shop: Shop, bot: Client, ann: User) -> None:
    handoff = decided(shop, bot, ann, took=3600)
    # a trigger counts by its own clock: the page said that nobody looks
    Claim.objects.filter(handoff=handoff).update(read_seconds=0)

    assert measured(shop).handling_seconds == pytest.approx(measuring.PAUSE_SECONDS, abs=1)


def test_who_works_on_two_queues_is_half_a_pair_of_hands_in_each(
    shop: Shop, bot: Client, ann: User
) -> None:
    factories.let_work(shop.team, shop.leads_queue)
    for queue in (shop.queue, shop.leads_queue):
        handoff = put(shop, bot, queue=queue)
        claims.take_next(by=ann, now=timezone.now(), queue_slug=queue.slug)
        assert Claim.objects.filter(handoff=handoff).exists()

    found = measured(shop)

    assert (found.reviewers_present, found.hands) == (1, 0.5)


def test_who_let_go_ten_minutes_ago_has_left(shop: Shop, bot: Client, ann: User) -> None:
    decided(shop, bot, ann)
    Claim.objects.update(
        ended_at=timezone.now() - timedelta(minutes=11), taken_at=NOW - timedelta(hours=1)
    )

    assert measured(shop).reviewers_present == 0


def test_a_busy_while_begins_when_something_waits_and_ends_when_nothing_does(
    shop: Shop, bot: Client, ann: User
) -> None:
    put(shop, bot)
    first = measured(shop).busy_since
    assert first is not None
    assert measured(shop).busy_since == first

    claims.take_next(by=ann, now=timezone.now())

    assert measured(shop).busy_since is None


def test_what_was_measured_of_handling_is_kept_while_nothing_new_is(
    shop: Shop, bot: Client, ann: User
) -> None:
    decided(shop, bot, ann)
    before = measured(shop).handling_seconds
    Claim.objects.update(taken_at=NOW - timedelta(days=8))

    assert measured(shop).handling_seconds == before


def test_a_new_queue_is_measured_too(shop: Shop) -> None:
    assert rates.of([shop.queue.pk]) == {}

    assert measured(shop).per_hour == 0
    assert QueueRate.objects.count() == 2


# --- what follows from it


def changed(**changes: object) -> rates.Rate:
    return dataclasses.replace(RATE, **changes)


@pytest.mark.parametrize(
    ("rate", "per_hour"),
    [
        (changed(), 60),
        (changed(finished_per_hour=80), 80),
        (changed(busy_since=NOW - timedelta(minutes=14)), 60),
        (changed(busy_since=NOW - timedelta(minutes=15)), 12),
        (changed(busy_since=NOW - timedelta(hours=1), finished_per_hour=0), 60),
        (changed(handling_count=rates.ENOUGH - 1), 30),
        (changed(handling_seconds=None), 30),
        (changed(hands=0), 12),
        (changed(hands=0, finished_per_hour=0), 0),
    ],
    ids=[
        "what those present can do",
        "what was finished, when more",
        "not busy for long",
        "busy for long: what was finished",
        "busy, and they only just came",
        "too few to know how long one takes",
        "none to know by",
        "all have left",
        "nothing at all",
    ],
)
def test_how_many_an_hour(rate: rates.Rate, per_hour: float) -> None:
    assert rate.per_hour == per_hour


def test_the_wait_is_that_of_all_before_and_of_oneself() -> None:
    assert rates.wait_seconds(RATE, 0) == 60
    assert rates.wait_seconds(RATE, 9) == 600


@pytest.mark.parametrize(
    "rate",
    [None, changed(hands=0, finished_per_hour=0), changed(measured_at=NOW - rates.FRESH)],
    ids=["never measured", "nobody works", "long ago"],
)
def test_nothing_is_promised_that_was_not_measured(rate: rates.Rate | None) -> None:
    assert rates.wait_seconds(rate, 3) is None


def test_work_is_counted_at_the_measured_handling_time() -> None:
    assert rates.work_seconds(RATE, 5) == 600
    assert rates.work_seconds(None, 5) == 5 * rates.ASSUMED_HANDLING_SECONDS
