from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from handoffs import ladder
from handoffs.errors import QueueFull
from handoffs.models import (
    Answer,
    AuditEntry,
    Handoff,
    LadderStep,
    OutboxMessage,
    Queue,
    Run,
    Transition,
    Workflow,
)
from handoffs.states import Fallback
from tests import factories, walks
from tests.walks import overdue

pytestmark = pytest.mark.django_db
now = timezone.now


def test_nothing_fires_before_its_time(shop, bot, bot_key):
    walks.waiting(shop, bot, bot_key)

    assert ladder.fire_overdue() == 0


def test_nobody_answered_and_the_row_says_reject(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff, ladder=[], fallback=Fallback.REJECT.value)

    assert ladder.fire_overdue() == 1

    answer = Answer.objects.get()
    assert (answer.verb, answer.by_kind, answer.arguments) == ("reject", "policy", None)
    assert Run.objects.get(id=handoff.run_id).state == "HUMAN_RESPONDED"
    assert "TIMED_OUT" in Transition.objects.values_list("to_state", flat=True)


def test_nobody_answered_and_there_is_a_level_above(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff)

    ladder.fire_overdue()

    up = Handoff.objects.get(id=handoff.id)
    assert (up.level, up.queue, up.state) == (2, shop.leads_queue, "waiting")
    assert up.deadline_at > now()
    assert Run.objects.get(id=handoff.run_id).state == "PAUSED_PENDING_HUMAN"


def test_above_the_last_level_silence_is_a_no(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    for _ in range(2):
        overdue(handoff)
        ladder.fire_overdue()

    assert Answer.objects.get().verb == "reject"


def test_nobody_answered_and_the_row_says_fail(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff, ladder=[], fallback=Fallback.FAIL.value)

    ladder.fire_overdue()

    run = Run.objects.get(id=handoff.run_id)
    assert (run.state, run.cause) == ("FAILED", "timed_out")
    assert Handoff.objects.get(id=handoff.id).state == "withdrawn"


def test_one_silence_does_not_end_a_stop_that_waits_for_another_answer(shop, bot, bot_key):
    first = walks.waiting(shop, bot, bot_key)
    walks.propose(bot_key, first.run)
    overdue(first, ladder=[], fallback=Fallback.REJECT.value)

    ladder.fire_overdue()

    run = Run.objects.get(id=first.run_id)
    assert (run.state, run.open_blocking) == ("PAUSED_PENDING_HUMAN", 1)


def test_each_deadline_fires_once(shop, bot, bot_key):
    overdue(walks.waiting(shop, bot, bot_key))

    assert [ladder.fire_overdue() for _ in range(2)] == [1, 0]


def climb(handoff: Handoff) -> Handoff:
    overdue(handoff)
    assert ladder.fire_overdue() == 1
    return Handoff.objects.get(id=handoff.id)


def test_a_handoff_climbs_level_by_level_each_with_its_own_time(shop, bot, bot_key):
    heads, attic = factories.make_team("heads"), factories.QueueFactory(slug="attic")
    LadderStep.objects.create(
        row=shop.row, level=3, role=heads, queue=attic, seconds=60, required_context=["Insurance"]
    )
    handoff = walks.waiting(shop, bot, bot_key)
    assert [level["role"] for level in handoff.ladder] == ["refund approvers leads", "heads"]

    second = climb(handoff)
    third = climb(second)

    assert (second.level, second.deadline_seconds, len(second.ladder)) == (2, 4 * 3600, 1)
    assert (third.level, third.role, third.queue, third.ladder) == (3, heads, attic, [])
    assert 50 < (third.deadline_at - now()).total_seconds() <= 61
    assert third.terms["required_context"] == ["Insurance"]


def test_a_changed_matrix_does_not_change_what_waits(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    LadderStep.objects.all().delete()
    shop.row.fallback = Fallback.FAIL.value
    shop.row.save()

    assert climb(handoff).role == shop.leads
    climb(handoff)
    assert Answer.objects.get().verb == "reject"


def test_held_it_stays_and_says_when_it_is_looked_at_again(shop, bot, bot_key, mia):
    Workflow.objects.update(owner=mia)
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff, ladder=[], fallback=Fallback.HOLD.value)

    ladder.fire_overdue()

    held = Handoff.objects.get(id=handoff.id)
    assert (held.state, held.queue, held.level) == ("waiting", shop.queue, 1)
    assert held.held_since is not None
    assert 86_000 < (held.deadline_at - now()).total_seconds() <= 86_401
    assert Run.objects.get(id=handoff.run_id).state == "PAUSED_PENDING_HUMAN"
    mail = OutboxMessage.objects.get(event="handoff.held")
    assert mail.mail_to == mia.email
    assert "is held, nobody answered" in mail.payload["subject"]

    again = climb(held)
    assert (again.state, again.held_since) == ("waiting", held.held_since)
    assert AuditEntry.objects.filter(action="handoff.held").count() == 2
    # within the hour the owner is not told again
    assert OutboxMessage.objects.filter(event="handoff.held").count() == 1
    assert walks.say(again).verb == "approve"


@pytest.mark.parametrize(
    ("tier", "reversibility", "verb"),
    [
        ("hard_approval", "reversible", "approve"),
        ("soft_review", "reversible", "confirm"),
        ("hard_approval", "irreversible", "reject"),
        ("soft_review", "irreversible", "roll_back"),
    ],
)
def test_silence_approves_only_what_can_be_undone(shop, bot, bot_key, tier, reversibility, verb):
    handoff = walks.waiting(shop, bot, bot_key)
    shop.refund_order.reversibility = reversibility
    shop.refund_order.save()
    overdue(handoff, ladder=[], fallback=Fallback.APPROVE.value, tier=tier)

    ladder.fire_overdue()

    answer = Answer.objects.get()
    assert (answer.verb, answer.by_kind) == (verb, "policy")
    assert (answer.arguments is not None) == (verb in ("approve", "confirm"))


def test_silence_takes_nothing_over(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    shop.refund_order.reversibility = "reversible"
    shop.refund_order.save()
    overdue(handoff, ladder=[], fallback=Fallback.APPROVE.value, kind="takeover")

    ladder.fire_overdue()

    assert Answer.objects.get().verb == "reject"


def test_a_full_queue_runs_over_into_the_one_that_the_row_names(shop, bot, bot_key):
    Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=1)
    Queue.objects.filter(pk=shop.leads_queue.pk).update(depth_limit=1)
    shop.row.overflow_queue = shop.leads_queue
    shop.row.save()

    queues = [walks.waiting(shop, bot, bot_key).queue for _ in range(2)]

    assert queues == [shop.queue, shop.leads_queue]
    with pytest.raises(QueueFull, match="Refunds already has 1"):
        walks.waiting(shop, bot, bot_key)


def test_a_deadline_counts_the_opening_hours_of_its_queue(shop, bot, bot_key):
    Queue.objects.filter(pk=shop.queue.pk).update(
        time_zone="Europe/Berlin", hours={"monday": ["09:00-10:00"]}
    )
    shop.row.business_time = True
    shop.row.save()

    handoff = walks.waiting(shop, bot, bot_key)

    local = handoff.deadline_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.weekday(), local.hour) in [(0, 9), (0, 10)]
    assert (handoff.deadline_at - handoff.opened_at).days in range(20, 29)
