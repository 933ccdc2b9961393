"""What overflowed goes back when there is room, and what is too much moves out; held stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Client, User
from handoffs import queries, rooms
from handoffs.calendars import WEEKDAYS
from handoffs.models import AuditEntry, Handoff, MatrixRow, Queue, QueueDepth, Transition
from reviews import claims, overflowing
from reviews.models import Claim
from tests import factories, walks
from tests.factories import Shop
from tests.reviews.waiting import put


def move() -> int:
    return overflowing.move(now=timezone.now())


def limit(queue: Queue, count: int, **changes: object) -> None:
    Queue.objects.filter(pk=queue.pk).update(depth_limit=count, **changes)


def overflowed(shop: Shop, bot: Client, bot_key: str) -> tuple[Handoff, Handoff]:
    """One that filled its queue, and one that found it full."""
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)
    first = walks.waiting(shop, bot, bot_key)
    second = walks.waiting(shop, bot, bot_key)
    assert second.queue == shop.leads_queue
    return first, second


def waiting(queue: Queue) -> int:
    return queries.room(queue.pk)[1]


pytestmark = pytest.mark.usefixtures("database")


def test_it_goes_back_when_there_is_room_and_not_before(shop, bot, bot_key):
    first, second = overflowed(shop, bot, bot_key)
    assert move() == 0
    walks.say(first)

    assert (move(), move()) == (1, 0)

    second.refresh_from_db()
    assert (second.queue, second.overflow_from) == (shop.queue, None)
    assert (waiting(shop.queue), waiting(shop.leads_queue)) == (1, 0)
    last = Transition.objects.filter(handoff_id=second.id).latest("id")
    assert (last.cause, last.to_state) == ("went_back", "waiting")
    assert AuditEntry.objects.filter(action="handoff.went_back", subject=second.id).exists()


def test_its_deadline_and_its_people_stay(shop, bot, bot_key):
    first, second = overflowed(shop, bot, bot_key)
    walks.say(first)

    move()

    after = Handoff.objects.get(id=second.id)
    for name in ("deadline_at", "role_id", "level", "round", "urgent_at", "next_at"):
        assert getattr(after, name) == getattr(second, name)


def test_what_is_left_of_business_time_counts_on_in_the_hours_it_comes_to(shop, bot, bot_key):
    MatrixRow.objects.filter(pk=shop.row.pk).update(business_time=True)
    first, second = overflowed(shop, bot, bot_key)
    Handoff.objects.filter(id=second.id).update(
        counted_from=timezone.now() - timedelta(hours=3), counted_seconds=4 * 3600
    )
    day = [*WEEKDAYS][(timezone.now() + timedelta(days=3)).weekday()]
    Queue.objects.filter(pk=shop.queue.pk).update(hours={day: ["10:00-16:00"]})
    walks.say(first)

    move()

    second.refresh_from_db()
    opens = (timezone.now() + timedelta(days=3)).replace(hour=10, minute=0, second=0, microsecond=0)
    assert second.queue == shop.queue
    assert abs(second.deadline_at - (opens + timedelta(hours=1))) < timedelta(seconds=30)
    assert second.next_at == second.urgent_at < second.deadline_at


def test_what_somebody_holds_stays_where_it_is(shop, bot, bot_key, ann):
    first, second = overflowed(shop, bot, bot_key)
    factories.let_work(shop.team, shop.leads_queue)
    claims.take_next(by=ann, now=timezone.now(), queue_slug=shop.leads_queue.slug)
    assert Claim.objects.filter(handoff=second, ended_at=None).exists()
    walks.say(first)

    assert move() == 0
    claims.give_back(second.id, by=ann, now=timezone.now())
    assert move() == 1


def test_a_queue_takes_back_only_as_much_as_keeps_it_calm(shop, bot, bot_key):
    limit(shop.queue, 20, overflow_queue=shop.leads_queue)
    QueueDepth.objects.filter(queue=shop.queue, slot=0).update(waiting=18)
    for _ in range(5):
        walks.waiting(shop, bot, bot_key)
    QueueDepth.objects.filter(queue=shop.queue, slot=0).update(waiting=15)
    assert move() == 0

    QueueDepth.objects.filter(queue=shop.queue, slot=0).update(waiting=14)

    assert move() == 2
    assert waiting(shop.queue) == 16


def test_those_due_first_go_back_first(shop, bot, bot_key):
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)
    first = walks.waiting(shop, bot, bot_key)
    late, early = (walks.waiting(shop, bot, bot_key) for _ in range(2))
    Handoff.objects.filter(id=early.id).update(deadline_at=timezone.now())
    walks.say(first)

    move()

    assert Handoff.objects.get(id=early.id).queue == shop.queue
    assert Handoff.objects.get(id=late.id).queue == shop.leads_queue


def test_what_is_too_much_moves_out_those_due_last_first(shop, bot):
    soon, later, last = (put(shop, bot, due_in=hours * 3600) for hours in (1, 2, 3))
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)

    assert move() == 2
    assert move() == 0

    there = Handoff.objects.filter(queue=shop.leads_queue, overflow_from=shop.queue)
    assert set(there) == {later, last}
    assert Handoff.objects.get(id=soon.id).queue == shop.queue
    assert (waiting(shop.queue), waiting(shop.leads_queue)) == (1, 2)


def test_it_moves_on_to_the_next_queue_with_room(shop, bot):
    third = factories.QueueFactory(slug="third")
    limit(shop.leads_queue, 1, overflow_queue=third)
    put(shop, bot, queue=shop.leads_queue)
    for _ in range(2):
        put(shop, bot)
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)

    move()

    assert Handoff.objects.filter(queue=third, overflow_from=shop.queue).count() == 1


def test_what_is_urgent_or_has_nowhere_to_go_stays(shop, bot):
    urgent = put(shop, bot, urgent_since=timezone.now())
    put(shop, bot, terms={"at_limit": "pause"})
    limit(shop.queue, 1)
    assert move() == 0
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)

    assert move() == 0
    assert Handoff.objects.get(id=urgent.id).queue == shop.queue


def test_what_its_row_pauses_for_is_not_moved_out(shop, bot, bot_key):
    MatrixRow.objects.filter(pk=shop.row.pk).update(at_limit="pause")
    limit(shop.queue, 10, overflow_queue=shop.leads_queue)
    for _ in range(2):
        walks.waiting(shop, bot, bot_key)
    limit(shop.queue, 1)

    assert move() == 0


def test_taking_and_moving_at_once_leave_one_of_both(committed_db, shop, bot, ann, ben):
    """Whoever is first: a claim holds it where it is, or it is taken where it went."""
    factories.let_work(shop.team, shop.leads_queue)
    for _ in range(8):
        put(shop, bot)
    limit(shop.queue, 2, overflow_queue=shop.leads_queue)
    start = Barrier(3)
    taken: list[Claim | None] = []

    def take(by: User) -> None:
        try:
            connection.ensure_connection()
            start.wait(10)
            taken.append(claims.take_next(by=by, now=timezone.now()))
        finally:
            connection.close()

    def moving() -> None:
        try:
            connection.ensure_connection()
            start.wait(10)
            move()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(take, ann), pool.submit(take, ben), pool.submit(moving)]:
            done.result()

    for claim in taken:
        assert claim is not None
        transitions = Transition.objects.filter(handoff_id=claim.handoff_id, cause="overflowed")
        assert all(one.at <= claim.taken_at for one in transitions)
    counts = rooms.read([shop.queue.pk, shop.leads_queue.pk])
    for queue in (shop.queue, shop.leads_queue):
        assert counts[queue.pk].waiting == Handoff.objects.filter(queue=queue).count()
