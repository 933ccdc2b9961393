"""Limits of queues: what takes the last place, where the rest goes, and what agents are told."""

import dataclasses
import math
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Client
from handoffs import answers, intake, moves, queries, rates, rooms, runs
from handoffs.actors import SYSTEM, client_actor
from handoffs.errors import QueueFull
from handoffs.models import (
    AuditEntry,
    Handoff,
    MatrixRow,
    Proposal,
    Queue,
    QueueDepth,
    QueueRate,
    Run,
    WorkflowPressure,
)
from handoffs.rooms import Room
from handoffs.states import HandoffKind
from tests import factories, walks
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def limit(queue: Queue, count: int, **changes: object) -> None:
    Queue.objects.filter(pk=queue.pk).update(depth_limit=count, **changes)


def urgent_soon(shop: Shop) -> None:
    MatrixRow.objects.filter(pk=shop.row.pk).update(deadline_seconds=1800)


def standing(queue: Queue) -> Room:
    return rooms.read([queue.pk])[queue.pk]


def keeps_to_its_quotas(queue: Queue) -> bool:
    """No slot can let in more than the limit leaves, whatever the others do."""
    slots = list(QueueDepth.objects.filter(queue=queue).values_list("waiting", "quota"))
    room = standing(queue)
    most = sum(max(waiting, quota) for waiting, quota in slots)
    return most <= max(room.limit, room.waiting)


# --- counting


def test_a_limit_is_spread_over_the_slots_and_stays_what_it_is(shop, bot, bot_key):
    for _ in range(3):
        walks.waiting(shop, bot, bot_key)

    quotas = QueueDepth.objects.filter(queue=shop.queue).values_list("quota", flat=True)
    assert sum(quotas) == 200
    assert keeps_to_its_quotas(shop.queue)


def test_a_slot_that_is_full_takes_what_the_others_do_not_use(shop, bot, bot_key):
    urgent_soon(shop)
    limit(shop.queue, 5)
    slots = QueueDepth.objects.filter(queue=shop.queue)
    slots.update(quota=0)
    slots.filter(slot=(mine() + 1) % 16).update(quota=5)

    for _ in range(5):
        walks.waiting(shop, bot, bot_key)

    assert standing(shop.queue) == Room(5, 5)
    with pytest.raises(QueueFull):
        walks.waiting(shop, bot, bot_key)
    assert Handoff.objects.count() == 5


def mine() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid() % 16")
        return int(cursor.fetchone()[0])


def test_a_lower_limit_holds_at_once_and_opens_when_enough_have_gone(shop, bot, bot_key):
    urgent_soon(shop)
    waiting = [walks.waiting(shop, bot, bot_key) for _ in range(4)]
    limit(shop.queue, 2)

    for handoff in waiting[:2]:
        with pytest.raises(QueueFull):
            walks.waiting(shop, bot, bot_key)
        walks.say(handoff)
        assert keeps_to_its_quotas(shop.queue)
    with pytest.raises(QueueFull):
        walks.waiting(shop, bot, bot_key)
    walks.say(waiting[2])

    walks.waiting(shop, bot, bot_key)
    assert standing(shop.queue) == Room(2, 2)


def test_what_comes_back_is_never_refused_and_counts(shop, bot, bot_key):
    urgent_soon(shop)
    limit(shop.queue, 1)
    first = walks.waiting(shop, bot, bot_key)
    by = client_actor(bot.name, "k")
    answers.ask_information(first.id, round=1, question="Which?", by=SYSTEM, now=timezone.now())
    walks.waiting(shop, bot, bot_key)

    answers.give_information(
        first.id, facts=[], evidence=[], message="This", by=by, now=timezone.now()
    )

    assert standing(shop.queue) == Room(2, 1)
    assert keeps_to_its_quotas(shop.queue)


def test_what_climbs_into_its_own_queue_is_counted_once(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)

    assert moves.shift_queue(shop.queue.pk, shop.queue.pk)
    assert standing(shop.queue).waiting == 1
    assert moves.shift_queue(shop.queue.pk, shop.leads_queue.pk)
    assert moves.shift_queue(shop.leads_queue.pk, shop.queue.pk)
    assert (standing(shop.queue).waiting, standing(shop.leads_queue).waiting) == (1, 0)
    assert handoff.queue == shop.queue


@pytest.mark.parametrize(
    ("minutes", "measured", "most"),
    [(60, None, 15), (60, 120, 30), (600, 60, 200), (1, 3600, 1)],
    ids=["assumed", "measured", "the number is less", "at least one"],
)
def test_minutes_of_work_make_a_limit_at_the_measured_handling_time(shop, minutes, measured, most):
    limit(shop.queue, 200, work_minutes_limit=minutes)
    if measured:
        fitting = max(1, minutes * 60 // measured)
        QueueRate.objects.create(queue=shop.queue, measured_at=timezone.now(), fitting=fitting)

    assert standing(shop.queue).limit == most


# --- the last places


def test_the_last_places_are_kept_for_what_is_urgent_soon(shop, bot, bot_key):
    limit(shop.queue, 10)
    for _ in range(9):
        walks.waiting(shop, bot, bot_key)
    with pytest.raises(QueueFull, match="the last of its 10 places are kept for what is urgent"):
        walks.waiting(shop, bot, bot_key)

    urgent_soon(shop)

    assert walks.waiting(shop, bot, bot_key).queue == shop.queue
    with pytest.raises(QueueFull, match="already has 10 handoffs waiting, its limit"):
        walks.waiting(shop, bot, bot_key)


# --- overflow


def test_overflow_goes_from_queue_to_queue_each_with_its_own_limit(shop, bot, bot_key):
    third = factories.QueueFactory(slug="third", depth_limit=1)
    limit(shop.leads_queue, 1, overflow_queue=third)
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)

    put = [walks.waiting(shop, bot, bot_key) for _ in range(3)]

    assert [one.queue for one in put] == [shop.queue, shop.leads_queue, third]
    assert [one.overflow_from for one in put] == [None, shop.queue, shop.queue]
    with pytest.raises(QueueFull, match="So are the queues it overflows into"):
        walks.waiting(shop, bot, bot_key)


def test_overflow_never_comes_back_to_where_it_began(shop):
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)

    with pytest.raises(IntegrityError, match="queue_overflow_in_no_circle"), transaction.atomic():
        limit(shop.leads_queue, 1, overflow_queue=shop.queue)


def test_a_circle_of_a_row_and_a_queue_is_a_gap_and_ends_where_it_began(shop, bot, bot_key):
    limit(shop.leads_queue, 1, overflow_queue=shop.queue)
    limit(shop.queue, 1)
    MatrixRow.objects.filter(pk=shop.row.pk).update(overflow_queue=shop.leads_queue)

    row = queries.authority_row(MatrixRow.objects.get(pk=shop.row.pk))

    assert row.overflows == ("refunds-leads", "refunds")
    for _ in range(2):
        walks.waiting(shop, bot, bot_key)
    with pytest.raises(QueueFull):
        walks.waiting(shop, bot, bot_key)


def test_the_row_says_where_to_before_the_queue_does(shop, bot, bot_key):
    other = factories.QueueFactory(slug="other")
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)
    MatrixRow.objects.filter(pk=shop.row.pk).update(overflow_queue=other)
    walks.waiting(shop, bot, bot_key)

    assert walks.waiting(shop, bot, bot_key).queue == other


def test_a_change_of_the_second_queue_is_in_force_with_the_next_proposal(shop, bot, bot_key):
    third = factories.QueueFactory(slug="third")
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)
    limit(shop.leads_queue, 1)
    for _ in range(2):
        walks.waiting(shop, bot, bot_key)

    limit(shop.leads_queue, 1, overflow_queue=third)

    assert walks.waiting(shop, bot, bot_key).queue == third


# --- pausing


def test_a_row_that_pauses_at_its_limit_asks_nobody_until_there_is_room(shop, bot, bot_key):
    other = factories.QueueFactory(slug="other")
    row = MatrixRow.objects.filter(pk=shop.row.pk)
    row.update(at_limit="pause", overflow_queue=other)
    limit(shop.queue, 1)
    walks.waiting(shop, bot, bot_key)

    with pytest.raises(QueueFull, match="The workflow is paused until there is room"):
        walks.waiting(shop, bot, bot_key)

    assert WorkflowPressure.objects.get().paused_by == shop.queue
    assert AuditEntry.objects.filter(action="workflow.paused").count() == 1
    limit(shop.queue, 100)
    with pytest.raises(QueueFull, match="paused until there is room; Refunds already has 1"):
        walks.waiting(shop, bot, bot_key)
    assert AuditEntry.objects.filter(action="workflow.paused").count() == 1


def test_what_is_urgent_soon_passes_while_it_is_paused(shop, bot, bot_key):
    paused(shop)
    urgent_soon(shop)

    assert walks.waiting(shop, bot, bot_key).queue == shop.queue


def test_what_needs_nobody_goes_on_while_it_is_paused(shop, bot, bot_key):
    paused(shop)
    run = walks.start_run(shop, bot)
    small = intake.Proposed(**factories.small_proposal_payload(run.id))

    assert intake.propose(walks.look(bot_key, run), small, keyed=None).status == 200


def test_a_dry_run_says_the_same_and_pauses_nothing(shop, bot, bot_key):
    MatrixRow.objects.filter(pk=shop.row.pk).update(at_limit="pause")
    limit(shop.queue, 1)
    walks.waiting(shop, bot, bot_key)
    run = walks.start_run(shop, bot)

    with pytest.raises(QueueFull):
        intake.dry_run(walks.look(bot_key, run), walks.proposed(run))

    assert not WorkflowPressure.objects.exists()


def paused(shop: Shop) -> None:
    WorkflowPressure.objects.create(
        workflow=shop.workflow,
        since=timezone.now(),
        paused_since=timezone.now(),
        paused_by=shop.queue,
    )


# --- whoever cannot be slowed down


def test_who_cannot_be_slowed_is_let_in_and_marked(shop, bot, bot_key):
    limit(shop.queue, 1)
    first = walks.waiting(shop, bot, bot_key)
    Client.objects.update(can_be_slowed=False)

    second = walks.waiting(shop, bot, bot_key)

    assert (first.beyond_limit, second.beyond_limit) == (False, True)
    assert second.queue == shop.queue
    assert standing(shop.queue) == Room(2, 1)
    assert keeps_to_its_quotas(shop.queue)


def test_who_cannot_be_slowed_takes_what_room_there_is_first(shop, bot, bot_key):
    Client.objects.update(can_be_slowed=False)
    limit(shop.queue, 1, overflow_queue=shop.leads_queue)
    limit(shop.leads_queue, 1)

    put = [walks.waiting(shop, bot, bot_key) for _ in range(3)]

    assert [(one.queue, one.beyond_limit) for one in put] == [
        (shop.queue, False),
        (shop.leads_queue, False),
        (shop.queue, True),
    ]


# --- runs that begin and end with people


def row_for(shop: Shop, kind: HandoffKind) -> None:
    factories.MatrixRowFactory(
        workflow=shop.workflow, kind=kind.value, role=shop.team, queue=shop.queue
    )


def test_a_run_that_begins_with_people_does_not_begin_while_they_are_full(shop, bot):
    row_for(shop, HandoffKind.TASK_DEFINITION)
    limit(shop.queue, 1)
    walks.start_run(shop, bot)

    with pytest.raises(QueueFull) as refused:
        walks.start_run(shop, bot)

    assert refused.value.retry_after
    assert Run.objects.count() == Handoff.objects.count() == 1


def test_a_result_to_be_signed_off_waits_with_its_agent(shop, bot, bot_key):
    row_for(shop, HandoffKind.SIGN_OFF)
    limit(shop.queue, 1)
    run = walks.start_run(shop, bot)
    walks.waiting(shop, bot, bot_key)
    by = client_actor(bot.name, "k")

    with pytest.raises(QueueFull):
        runs.complete(run.id, output={"done": True}, by=by, now=timezone.now())

    run.refresh_from_db()
    assert (run.state, run.output) == ("RUNNING", None)


def test_an_error_is_never_sent_away(shop, bot, bot_key):
    row_for(shop, HandoffKind.RECOVERY)
    limit(shop.queue, 1)
    run = walks.start_run(shop, bot)
    walks.waiting(shop, bot, bot_key)
    by = client_actor(bot.name, "k")

    runs.fail(run.id, error="Boom", partial=None, next_step="", by=by, now=timezone.now())

    assert Handoff.objects.get(run=run).beyond_limit
    assert standing(shop.queue) == Room(2, 1)


def test_an_agent_that_asks_for_a_person_itself_is_slowed_too(shop, bot, bot_key):
    row_for(shop, HandoffKind.AMBIGUITY)
    limit(shop.queue, 1)
    walks.waiting(shop, bot, bot_key)
    run = walks.start_run(shop, bot)
    door = walks.look(bot_key, run)

    with pytest.raises(QueueFull):
        intake.escalate(
            door,
            kind=HandoffKind.AMBIGUITY,
            brief={"ask": "Which one?", "facts": []},
            checkpoint=None,
            blocking=True,
        )
    assert Proposal.objects.count() == 1


# --- when to come again

NOW = timezone.now()
RATE = rates.Rate(
    queue_id=1,
    measured_at=NOW,
    read_at=NOW,
    finished_per_hour=60,
    busy_since=NOW - timedelta(days=1),
)


@pytest.mark.parametrize(
    ("room", "rate", "seconds"),
    [
        (Room(100, 100), RATE, 19 * 60),
        (Room(90, 100), RATE, 9 * 60),
        (Room(200, 100), RATE, 3600),
        (Room(1, 1), RATE, 60),
        (Room(9, 10), dataclasses.replace(RATE, finished_per_hour=6000), 5),
        (Room(9, 10), None, 120),
    ],
    ids=["full", "full for all", "not later than in an hour", "one", "at once", "nobody works"],
)
def test_come_again_when_those_present_have_made_room(room, rate, seconds):
    assert rooms.retry_after(room, rate) == pytest.approx(seconds)


def test_those_sent_away_together_do_not_come_back_together(shop, bot, bot_key):
    limit(shop.queue, 1)
    walks.waiting(shop, bot, bot_key)
    told = set()
    for _ in range(12):
        with pytest.raises(QueueFull) as refused:
            walks.waiting(shop, bot, bot_key)
        told.add(refused.value.retry_after)

    least = rooms.UNKNOWN_SECONDS
    assert len(told) > 3
    assert all(least <= one <= math.ceil(least * (1 + rooms.JITTER)) for one in told)


def test_who_comes_while_the_queue_is_closed_comes_again_when_it_opens(shop, bot, bot_key):
    limit(
        shop.queue,
        1,
        hours={day: ["00:00-00:01"] for day in ("monday", "tuesday", "wednesday")},
    )
    MatrixRow.objects.filter(pk=shop.row.pk).update(business_time=True)
    walks.waiting(shop, bot, bot_key)

    with pytest.raises(QueueFull) as refused:
        walks.waiting(shop, bot, bot_key)

    assert refused.value.retry_after >= 60
