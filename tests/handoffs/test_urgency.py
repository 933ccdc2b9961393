"""What becomes urgent, when, once; and what a queue does about it."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from handoffs import answers, deadlines, ladder, rungs, tasks
from handoffs.actors import SYSTEM
from handoffs.models import Answer, AuditEntry, Handoff, OutboxMessage, Rung
from tests import walks

pytestmark = pytest.mark.django_db
now = timezone.now
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


def near(handoff: Handoff, minutes: int = 5) -> None:
    """Let the handoff have come within its urgent time."""
    due = now() + timedelta(minutes=minutes)
    urgent = now() - timedelta(minutes=5)
    Handoff.objects.filter(id=handoff.id).update(
        deadline_at=due, urgent_at=urgent, next_at=urgent, next_rung="urgent"
    )


def fired(handoff: Handoff) -> list[tuple[int, str, str, bool]]:
    rows = Rung.objects.filter(handoff=handoff).order_by("id")
    return [(row.level, row.rung, row.outcome, row.passed_over) for row in rows]


@pytest.mark.parametrize(
    ("seconds", "window", "before"),
    [(14_400, 900, 900), (14_400, 0, 0), (600, 900, 150), (900, 900, 225), (3, 900, 0)],
)
def test_a_deadline_is_urgent_in_its_rows_time_and_never_as_a_whole(seconds, window, before):
    deadline = deadlines.count(MONDAY, seconds, urgent_seconds=window, calendar=None)

    assert (deadline.due_at - deadline.urgent_at).total_seconds() == before


def test_a_handoff_that_opens_knows_when_it_becomes_urgent(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)

    assert handoff.deadline_at - handoff.urgent_at == timedelta(minutes=15)
    assert (handoff.next_at, handoff.next_rung) == (handoff.urgent_at, "urgent")
    assert handoff.urgent_since is None


def test_it_becomes_urgent_once_and_its_deadline_is_what_comes_next(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    near(handoff)

    assert [ladder.fire_overdue() for _ in range(2)] == [1, 0]

    urgent = Handoff.objects.get(id=handoff.id)
    assert urgent.urgent_since is not None
    assert (urgent.next_at, urgent.next_rung) == (urgent.deadline_at, "deadline")
    assert fired(handoff) == [(1, "urgent", "urgent", False)]
    assert AuditEntry.objects.filter(action="handoff.became_urgent").count() == 1


def test_on_the_next_level_it_is_calm_again(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    near(handoff)
    ladder.fire_overdue()
    walks.overdue(handoff)

    ladder.fire_overdue()

    up = Handoff.objects.get(id=handoff.id)
    assert (up.level, up.urgent_since, up.next_rung) == (2, None, "urgent")
    assert up.urgent_at > now()
    assert fired(handoff)[-1] == (1, "deadline", "climbed", False)


def test_after_an_outage_one_rung_fires_and_what_lies_before_it_is_noted(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    near(handoff, minutes=-30)

    assert [ladder.fire_overdue() for _ in range(3)] == [1, 0, 0]

    assert fired(handoff) == [(1, "urgent", "urgent", True), (1, "deadline", "climbed", False)]
    assert AuditEntry.objects.filter(action="handoff.escalated").count() == 1


def test_no_rung_can_be_written_twice_nor_changed(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    near(handoff)
    ladder.fire_overdue()
    rung = Rung.objects.get()

    with pytest.raises(IntegrityError, match="rung_fires_once"), transaction.atomic():
        Rung.objects.create(handoff=handoff, round=1, level=1, rung="urgent", due_at=now())
    with pytest.raises(Exception, match="append-only"), transaction.atomic():
        Rung.objects.filter(id=rung.id).update(outcome="")


def test_what_came_near_again_is_urgent_again_and_nobody_is_told_twice(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    near(handoff)
    ladder.fire_overdue()
    near(handoff)
    Handoff.objects.filter(id=handoff.id).update(urgent_since=None)

    assert ladder.fire_overdue() == 1

    assert Handoff.objects.get(id=handoff.id).urgent_since is not None
    assert fired(handoff) == [(1, "urgent", "urgent", False)]


def ask(handoff: Handoff) -> Handoff:
    answers.ask_information(
        handoff.id, round=1, question="Which carrier?", by=walks.APPROVER, now=now()
    )
    return Handoff.objects.get(id=handoff.id)


def test_the_clock_stands_while_the_agent_is_asked(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    asked = ask(handoff)
    assert (asked.next_rung, asked.next_at > asked.deadline_at) == ("information", True)
    asked.questions.update(asked_at=now() - timedelta(hours=1))
    Handoff.objects.filter(id=handoff.id).update(counted_from=now() - timedelta(hours=3))

    answers.give_information(handoff.id, facts=[], evidence=[], message="DHL", by=SYSTEM, now=now())

    back = Handoff.objects.get(id=handoff.id)
    left = (back.deadline_at - now()).total_seconds()
    assert left == pytest.approx(2 * 3600, abs=5)
    assert (back.next_at, back.next_rung) == (back.urgent_at, "urgent")
    assert back.deadline_at - back.urgent_at == timedelta(minutes=15)


def test_what_the_agent_never_says_is_not_waited_for_without_end(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    ask(handoff)
    Handoff.objects.filter(id=handoff.id).update(next_at=now())

    assert ladder.fire_overdue() == 1

    back = Handoff.objects.get(id=handoff.id)
    assert (back.state, back.level, back.next_rung) == ("waiting", 1, "urgent")
    assert back.questions.get().answered_at is not None
    assert fired(handoff) == [(1, "information", "asked_again", False)]


def test_two_questions_in_vain_are_two_rungs(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)
    for _ in range(2):
        ask(handoff)
        Handoff.objects.filter(id=handoff.id).update(next_at=now())
        ladder.fire_overdue()

    numbers = Rung.objects.filter(handoff=handoff, rung="information").values_list("number")
    assert sorted(numbers) == [(1,), (2,)]


@pytest.mark.parametrize("off", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_worker_whose_clock_steps_by_an_hour_fires_neither_early_nor_late(
    shop, bot, bot_key, monkeypatch, off
):
    """The process's clock is asked for nothing: not what is due, nor when it was answered."""
    early, climbs = walks.waiting(shop, bot, bot_key), walks.waiting(shop, bot, bot_key)
    refused = [walks.waiting(shop, bot, bot_key) for _ in range(2)]
    held = [walks.waiting(shop, bot, bot_key) for _ in range(2)]
    in_ten_minutes = now() + timedelta(minutes=10)
    Handoff.objects.filter(id=early.id).update(next_at=in_ten_minutes, deadline_at=in_ten_minutes)
    walks.overdue(climbs)
    for one in refused:
        walks.overdue(one, ladder=[])
    for one in held:
        walks.overdue(one, ladder=[], fallback="hold")
    before, real = now(), time.time
    stepped = now() + off
    monkeypatch.setattr(time, "time", lambda: real() + off.total_seconds())
    monkeypatch.setattr(timezone, "now", lambda: stepped)

    tasks.fire_overdue()

    monkeypatch.undo()
    assert fired(early) == []
    assert [one[2] for one in fired(climbs)] == ["climbed"]
    up = Handoff.objects.get(id=climbs.id)
    assert (up.deadline_at - before).total_seconds() == pytest.approx(4 * 3600, abs=30)
    for one in Handoff.objects.filter(id__in=[one.id for one in held]):
        assert (one.deadline_at - before).total_seconds() == pytest.approx(86_400, abs=30)
    for answer in Answer.objects.filter(handoff__in=refused):
        payload = answer.receipt.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        said = datetime.fromisoformat(claims["answered_at"])
        assert abs((said - before).total_seconds()) < 30


def test_one_that_cannot_be_acted_on_holds_up_no_other(shop, bot, bot_key):
    broken, sound = walks.waiting(shop, bot, bot_key), walks.waiting(shop, bot, bot_key)
    walks.overdue(broken, ladder=[{"level": 2, "role_id": 0, "role": "", "queue_id": 0,
                                   "queue": "", "seconds": 1}])  # fmt: skip
    walks.overdue(sound)
    walks.overdue(broken)

    assert ladder.fire_overdue() == 1

    assert [one[2] for one in fired(sound)] == ["climbed"]
    left = Handoff.objects.get(id=broken.id)
    assert (left.state, left.next_at > now(), fired(broken)) == ("waiting", True, [])


def test_a_night_without_answers_is_one_mail_to_the_owner(shop, bot, bot_key, mia):
    shop.workflow.owner = mia
    shop.workflow.save()
    for _ in range(3):
        walks.overdue(walks.waiting(shop, bot, bot_key), ladder=[], fallback="hold")

    assert ladder.fire_overdue() == 3

    assert OutboxMessage.objects.filter(event="handoff.held").count() == 1
    assert Rung.objects.filter(outcome="held").count() == 3


def test_urgency_that_nobody_saw_is_noted_and_audited_once(shop, bot, bot_key):
    handoff = walks.waiting(shop, bot, bot_key)

    for _ in range(2):
        rungs.pass_over_urgency(handoff)

    assert fired(handoff) == [(1, "urgent", "urgent", True)]
    assert AuditEntry.objects.filter(action="handoff.urgency_passed").count() == 1
