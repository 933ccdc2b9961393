"""Many workers let tests in at once, and people decide meanwhile: each thing happens once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Client, User
from handoffs import moves
from handoffs.models import Handoff
from handoffs.states import HandoffState
from oversight.blind_tests import cohorts, releases, sowing, telling
from oversight.models import Chart, Cohort, SpentPair, Sprout, Tally
from reviews import claims, decisions, lots, sealed
from reviews.disclosed import WasATest
from reviews.errors import ClaimLost
from reviews.models import Plant
from tests import factories
from tests.database import Databases
from tests.oversight import sown
from tests.oversight.sown import Desk
from tests.oversight.test_pooled_releases import MONDAY, meet
from tests.reviews.racing import Racer, all_at_once

now = timezone.now
COHORT = "retail-support / refund approvers"
KIND = telling.key("wrong amount", "easy", "wrongly allows")


@pytest.fixture
def desk(
    committed_db: Databases, shop: factories.Shop, bot: Client, bot_key: str, mia: User, ann: User
) -> Desk:
    return sown.desk(shop, bot, bot_key, owner=mia, reviewer=ann)


def test_of_many_workers_one_begins_it_and_one_lets_it_ask(desk: Desk) -> None:
    desk.review(3)
    all_at_once([lambda: cohorts.count(now=now())] * 4)
    assert Cohort.objects.get().reviews == 3

    sown.due(desk)
    begun = all_at_once([lambda: sowing.begin_due(now=now())] * 4)
    assert sorted(one.result for one in begun) == [0, 0, 0, 1]
    assert Plant.objects.count() == SpentPair.objects.count() == 1

    later = Sprout.objects.get().asks_at
    stood = all_at_once([lambda: sowing.ask_due(now=later)] * 4)
    assert sum(one.result for one in stood) == 1
    assert not Plant.objects.get().ended
    assert Handoff.objects.filter(run=Plant.objects.get().run_id).count() == 1


def test_whole_turns_at_once_do_everything_once(desk: Desk) -> None:
    for _ in range(4):
        desk.review(10)
        for one in all_at_once([lambda: sowing.sow(now=now())] * 3):
            assert one.result is None

    assert Cohort.objects.get().reviews == 40
    assert Plant.objects.count() == 4


def test_what_is_counted_while_a_test_begins_is_counted_beside_it(desk: Desk) -> None:
    before = sown.due(desk)
    desk.review(3)
    number = cohorts.due(before)
    assert number is not None
    with transaction.atomic():
        # whoever begins one holds the cohort from before it is made
        cohort = sowing._lock(before.name)
        assert cohort is not None
        counter = Racer(lambda: cohorts.count(now=now()))
        counter.wait_until_blocked()
        cohorts.settle(cohort, number)
    assert counter.done() == 3

    after = Cohort.objects.get()
    assert (after.reviews, after.done) == (before.reviews + 3, number)


def test_none_begins_while_it_is_counted_and_then_one_does(desk: Desk) -> None:
    before = sown.due(desk, ahead=3)
    desk.review(3)
    with transaction.atomic():
        cohorts.count(now=now())
        assert Racer(lambda: sowing.begin_due(now=now())).done() == 0
    assert sowing.begin_due(now=now()) == 1

    assert Cohort.objects.get().reviews == before.reviews + 3


def held(desk: Desk, by: User) -> Plant:
    plant = desk.test()
    desk.never_busy()
    claims.pick(plant.handoff_id or "", by=by, now=now())
    claims.mark_opened(plant.handoff_id or "", by=by, now=now())
    return plant


def reject(plant: Plant, by: User) -> Any:
    choice = decisions.Choice(verb="reject", reason="The order was for a tenth of that.")
    return decisions.decide(plant.handoff_id or "", by=by, choice=choice, now=now())


def taken_out(plant: Plant) -> Any:
    assert plant.handoff is not None
    late = plant.handoff.deadline_at - timedelta(seconds=60)
    return sowing.take_out(now=late)


@pytest.mark.parametrize("person_first", [True, False])
def test_somebody_decides_as_its_time_is_up(desk: Desk, ann: User, person_first: bool) -> None:
    plant = held(desk, ann)
    calls = [lambda: reject(plant, ann), lambda: taken_out(plant)]
    if not person_first:
        calls.reverse()
    racers = []
    with transaction.atomic():
        moves.lock_run(plant.run_id)
        for call in calls:
            racers.append(Racer(call))
            racers[-1].wait_until_blocked()
    said, _ = (one.done() for one in (racers if person_first else racers[::-1]))

    assert isinstance(said, WasATest if person_first else ClaimLost)
    plant.refresh_from_db()
    assert plant.ended
    assert Handoff.objects.get(id=plant.handoff_id).state == HandoffState.WITHDRAWN.value


def test_a_week_is_told_once_by_many_who_close_it(committed_db: Databases) -> None:
    with transaction.atomic():
        lot = sealed.take(COHORT)
        for number in range(20):
            lot = lots.add(lot, person=number % 5, kind=KIND, caught=number > 2)
        sealed.write(COHORT, lot)
    releases.close(now=datetime(2026, 11, 21, tzinfo=UTC))
    monday = datetime(2026, 11, 23, tzinfo=UTC)

    closed = all_at_once([lambda: releases.close(now=monday)] * 4)

    assert sum(one.result for one in closed) == 1
    assert Tally.objects.count() == Chart.objects.count() == 1


def test_several_teams_are_told_together_once_by_many_who_close(committed_db: Databases) -> None:
    for number in range(3):
        meet(f"retail / team {number}", range(10 * number, 10 * number + 4))

    all_at_once([lambda: releases.close(now=MONDAY)] * 4)
    releases.close(now=MONDAY + timedelta(days=1))

    assert list(Tally.objects.values_list("team", "tests", "caught")) == [("", 36, 33)]


@pytest.mark.parametrize("test_first", [True, False])
def test_a_test_met_while_its_lot_is_closed_is_in_that_or_in_the_next(
    desk: Desk, ann: User, test_first: bool
) -> None:
    plant = held(desk, ann)
    with transaction.atomic():
        lot = sealed.take(COHORT)
        for number in range(20):
            lot = lots.add(lot, person=-number % 5, kind=KIND, caught=number > 2)
        sealed.write(COHORT, lot)
    Chart.objects.create(cohort=COHORT, workflow="retail-support", team="t", begun_on="2026-11-01")
    calls = [lambda: reject(plant, ann), lambda: releases.close(now=now())]
    if not test_first:
        calls.reverse()
    racers = []
    with transaction.atomic():
        sealed.take(COHORT)
        for call in calls:
            racers.append(Racer(call))
            racers[-1].wait_until_blocked()
    for one in racers:
        one.done()

    with transaction.atomic():
        left = sealed.take(COHORT).tests
    assert Tally.objects.get(kind="").tests + left == 21
    assert left == (0 if test_first else 1)


def test_whoever_has_two_tests_of_a_cohort_ended_at_once_loses_none(desk: Desk, ann: User) -> None:
    with transaction.atomic():
        sealed.take(COHORT)

    def one(person: int) -> None:
        with transaction.atomic():
            sealed.write(
                COHORT, lots.add(sealed.take(COHORT), person=person, kind=KIND, caught=True)
            )

    all_at_once([lambda person=person: one(person) for person in range(6)])

    with transaction.atomic():
        assert sealed.take(COHORT).tests == 6
