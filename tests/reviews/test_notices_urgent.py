"""What becomes urgent is told to whoever can do something about it, in their hours if it can."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import calendars, ladder, stops
from handoffs.actors import person_actor
from handoffs.models import ActionType, Handoff, Rung
from reviews import availability, claims, notice_wishes
from reviews.models import Notice
from tests.factories import Shop
from tests.reviews.telling import look, send, subjects, told
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _begun(shop: Shop) -> None:
    look()


@pytest.fixture
def harmless(shop: Shop) -> None:
    """What the agent wants can be undone, so that nobody need be woken."""
    ActionType.objects.filter(pk=shop.refund_order.pk).update(reversibility="reversible")


def become_urgent(handoff: Handoff) -> None:
    Handoff.objects.filter(id=handoff.id).update(
        urgent_at=timezone.now(), next_at=timezone.now(), next_rung="urgent"
    )
    ladder.fire_overdue()
    look()


def off_duty(*people: User) -> None:
    """Let these people's hours begin tomorrow."""
    tomorrow = calendars.WEEKDAYS[(timezone.now() + timedelta(days=1)).weekday()]
    for person in people:
        availability.set_hours(
            person,
            time_zone="UTC",
            hours={tomorrow: ["08:00-16:00"]},
            assignable=True,
            by=person,
            now=timezone.now(),
        )


def stand_in(shop: Shop) -> User:
    return User.objects.get(name="Stand-in")


def mine(who: User) -> Notice:
    return Notice.objects.get(recipient=who)


def test_the_team_is_told_once_how_soon_it_is_late(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    handoff = put(shop, bot, due_in=600)
    become_urgent(handoff)
    look()
    send()

    assert told(ann) == told(ben) == ["urgent"]
    [subject] = subjects(ann)
    assert subject.startswith("Urgent, in 9 min: Refund 312.50 USD")


def test_only_who_holds_it_is_told(shop: Shop, bot: Client, ann: User, ben: User) -> None:
    handoff = put(shop, bot, due_in=600)
    claims.pick(handoff.id, by=ben, now=timezone.now())
    become_urgent(handoff)

    assert told(ben) == ["urgent"]
    assert told(ann) == []


def test_what_an_outage_passed_over_is_told_to_nobody(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot, due_in=600)
    Handoff.objects.filter(id=handoff.id).update(urgent_since=timezone.now())
    Rung.objects.create(
        handoff=handoff,
        round=1,
        level=1,
        rung="urgent",
        due_at=timezone.now(),
        outcome="urgent",
        passed_over=True,
    )
    look()

    assert told(ann) == []


def test_nothing_of_what_is_stopped_is_urgent(
    shop: Shop, bot: Client, ann: User, mia: User
) -> None:
    handoff = put(shop, bot, due_in=600)
    Handoff.objects.filter(id=handoff.id).update(
        urgent_at=timezone.now(), next_at=timezone.now(), next_rung="urgent"
    )
    ladder.fire_overdue()
    presser = stops.Presser(by=person_actor(mia.pk, "manager"), user=mia)
    stops.stop(shop.workflow, reason="Look first", presser=presser, now=timezone.now())
    look()

    assert told(ann) == []


def test_off_duty_it_waits_for_the_morning(
    shop: Shop, bot: Client, ann: User, ben: User, harmless: None
) -> None:
    off_duty(ann)
    become_urgent(put(shop, bot, due_in=600))
    send()

    assert mine(ann).due_at.hour == 8
    assert mine(ann).due_at > timezone.now()
    assert subjects(ann) == []
    assert len(subjects(ben)) == 1


def test_nobody_is_woken_while_a_colleague_is_there(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    off_duty(ann)
    become_urgent(put(shop, bot, due_in=600))

    assert not mine(ann).wakes
    assert not mine(ben).wakes


def test_what_is_critical_wakes_when_nobody_is_there(
    shop: Shop, bot: Client, ann: User, ben: User
) -> None:
    off_duty(ann, ben, stand_in(shop))
    notice_wishes.say(by=ben, how={}, digest_hour=None, wakes=False, quiet=[], now=timezone.now())
    become_urgent(put(shop, bot, due_in=600))
    send()

    assert mine(ann).wakes
    assert len(subjects(ann)) == 1
    assert not mine(ben).wakes
    assert subjects(ben) == []


def test_what_can_be_undone_wakes_nobody(
    shop: Shop, bot: Client, ann: User, ben: User, harmless: None
) -> None:
    off_duty(ann, ben, stand_in(shop))
    become_urgent(put(shop, bot, due_in=600))

    assert not mine(ann).wakes


def test_what_has_stopped_an_agent_wakes(
    shop: Shop, bot: Client, ann: User, ben: User, harmless: None
) -> None:
    off_duty(ann, ben, stand_in(shop))
    become_urgent(put(shop, bot, due_in=600, tier="hard_stop"))

    assert mine(ann).wakes


def test_nobody_is_told_while_they_are_away(shop: Shop, bot: Client, ann: User, ben: User) -> None:
    now: Any = timezone.now()
    back = now + timedelta(days=3)
    availability.go_away(ann, starts_at=now, ends_at=back, by=ann, now=now)
    off_duty(ben, stand_in(shop))
    become_urgent(put(shop, bot, due_in=600))
    send()

    assert mine(ann).due_at >= back
    assert subjects(ann) == []
    assert mine(ben).wakes


def test_the_queues_hours_are_those_of_who_said_none(
    shop: Shop, bot: Client, ann: User, harmless: None
) -> None:
    tomorrow = calendars.WEEKDAYS[(timezone.now() + timedelta(days=1)).weekday()]
    shop.queue.hours = {tomorrow: ["07:00-11:00"]}
    shop.queue.save()
    become_urgent(put(shop, bot, due_in=600))

    assert mine(ann).due_at.hour == 7
