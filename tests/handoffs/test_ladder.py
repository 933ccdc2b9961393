from datetime import timedelta

import pytest
from django.utils import timezone

from handoffs import ladder
from handoffs.models import Answer, Handoff, Run, Transition
from handoffs.states import Fallback
from tests import walks

pytestmark = pytest.mark.django_db
now = timezone.now


def overdue(handoff: Handoff, **changes: object) -> None:
    Handoff.objects.filter(id=handoff.id).update(deadline_at=now() - timedelta(hours=1), **changes)


def test_nothing_fires_before_its_time(shop, bot, bot_key):
    walks.waiting(shop, bot, bot_key)

    assert ladder.fire_overdue(now=now()) == 0


def test_nobody_answered_and_the_row_says_reject(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff, ladder=[], fallback=Fallback.REJECT.value)

    assert ladder.fire_overdue(now=now()) == 1

    answer = Answer.objects.get()
    assert (answer.verb, answer.by_kind, answer.arguments) == ("reject", "policy", None)
    assert Run.objects.get(id=handoff.run_id).state == "HUMAN_RESPONDED"
    assert "TIMED_OUT" in Transition.objects.values_list("to_state", flat=True)


def test_nobody_answered_and_there_is_a_level_above(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff)

    ladder.fire_overdue(now=now())

    up = Handoff.objects.get(id=handoff.id)
    assert (up.level, up.queue, up.state) == (2, shop.leads_queue, "waiting")
    assert up.deadline_at > now()
    assert Run.objects.get(id=handoff.run_id).state == "PAUSED_PENDING_HUMAN"


def test_above_the_last_level_silence_is_a_no(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    for _ in range(2):
        overdue(handoff)
        ladder.fire_overdue(now=now())

    assert Answer.objects.get().verb == "reject"


def test_nobody_answered_and_the_row_says_fail(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    overdue(handoff, ladder=[], fallback=Fallback.FAIL.value)

    ladder.fire_overdue(now=now())

    run = Run.objects.get(id=handoff.run_id)
    assert (run.state, run.cause) == ("FAILED", "timed_out")
    assert Handoff.objects.get(id=handoff.id).state == "withdrawn"


def test_one_silence_does_not_end_a_stop_that_waits_for_another_answer(shop, bot, bot_key):
    first = walks.waiting(shop, bot, bot_key)
    walks.propose(bot_key, first.run)
    overdue(first, ladder=[], fallback=Fallback.REJECT.value)

    ladder.fire_overdue(now=now())

    run = Run.objects.get(id=first.run_id)
    assert (run.state, run.open_blocking) == ("PAUSED_PENDING_HUMAN", 1)


def test_each_deadline_fires_once(shop, bot, bot_key):
    overdue(walks.waiting(shop, bot, bot_key))

    assert [ladder.fire_overdue(now=now()) for _ in range(2)] == [1, 0]
