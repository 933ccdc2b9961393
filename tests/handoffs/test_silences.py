"""Many silences at once: in few statements, each once, and the same as one by one."""

import itertools
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from handoffs import bulk, ladder, silences, stops
from handoffs.actors import SYSTEM
from handoffs.errors import HandoffMoved
from handoffs.models import (
    Answer,
    AuditEntry,
    Handoff,
    OutboxMessage,
    QueueDepth,
    Resumption,
    Run,
    Rung,
    Transition,
    WebhookEndpoint,
    Workflow,
)
from handoffs.silences import Fired
from handoffs.stops import Presser
from tests import walks

now = timezone.now
KINDS = ({}, {"ladder": []}, {"ladder": [], "fallback": "hold"}, {"next_rung": "urgent"})


@pytest.fixture
def night(shop, bot, bot_key, mia) -> Callable[[int], list[Handoff]]:
    """Let nobody answer for a night: so many of each kind are due."""
    Workflow.objects.update(owner=mia)
    WebhookEndpoint.objects.create(client=bot, url="https://bot.example/hook", enabled=True)

    def _night(each: int) -> list[Handoff]:
        found = []
        for changes in itertools.islice(itertools.cycle(KINDS), each * len(KINDS)):
            found.append(walks.waiting(shop, bot, bot_key))
            walks.overdue(found[-1], **changes)
        return found

    return _night


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silences, "fire", lambda due, *, now: Fired(0, due))


def told_of(handoff: Handoff) -> list[object]:
    """Return what is left of a silence, without ids and moments."""
    run = Run.objects.get(id=handoff.run_id)
    is_now = Handoff.objects.get(id=handoff.id)
    kept = ("state", "version", "level", "queue_id", "role_id", "ladder", "terms", "next_rung",
            "deadline_seconds", "counted_seconds", "urgent_since", "by_the_clock",
            "gather_until")  # fmt: skip
    moved = ("version", "from_state", "to_state", "actor_kind", "actor", "cause")
    moments = (is_now.deadline_at, is_now.urgent_at, is_now.next_at)
    subjects = (handoff.id, run.id)
    events = OutboxMessage.objects.filter(payload__run=run.id).order_by("created_at", "id")
    return [
        {name: getattr(is_now, name) for name in kept},
        [round((at - is_now.counted_from).total_seconds() / 60) for at in moments],
        (is_now.held_since is None, is_now.owner_since == handoff.owner_since),
        (run.state, run.version, run.cause, run.open_blocking),
        list(
            Transition.objects.filter(run=run, handoff_id=None).order_by("id").values_list(*moved)
        ),
        list(Transition.objects.filter(handoff_id=handoff.id).order_by("id").values_list(*moved)),
        sorted(AuditEntry.objects.filter(subject__in=subjects).values_list("action", flat=True)),
        sorted((event.event, sorted(event.payload)) for event in events),
        list(handoff.rungs.order_by("id").values_list("rung", "number", "outcome", "passed_over")),
        list(Answer.objects.filter(handoff=handoff).values_list("verb", "by_kind", "reason")),
        list(Resumption.objects.filter(run=run).values_list("state", "pause")),
    ]


@pytest.mark.django_db
def test_a_lot_comes_to_the_same_as_one_by_one(night, monkeypatch, shop):
    together = night(2)
    assert ladder.fire_overdue() == len(together)
    depth = QueueDepth.objects.filter(queue=shop.queue)
    waiting = sum(depth.values_list("waiting", flat=True))
    assert waiting == Handoff.objects.filter(queue=shop.queue, state="waiting").count()
    # within the hour the owner has had one mail
    assert OutboxMessage.objects.filter(event="handoff.held", endpoint=None).count() == 1

    one_by_one(monkeypatch)
    alone = night(2)
    assert ladder.fire_overdue() == len(alone)

    assert [told_of(one) for one in together] == [told_of(one) for one in alone]


@pytest.mark.django_db
def test_a_lot_costs_the_same_whatever_its_number(night):
    def cost(each: int) -> int:
        due = night(each)
        with CaptureQueriesContext(connection) as queries:
            assert ladder.fire_overdue() == len(due)
        return len(queries)

    cost(1)  # what is worked out once of a calendar or a key is worked out

    few, many = cost(2), cost(9)
    assert many == few
    assert few <= 45


@pytest.mark.django_db
def test_what_breaks_a_lot_costs_nobody_a_deadline(night, monkeypatch):
    due = night(1)

    def broken(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(bulk, "record", broken)

    assert ladder.fire_overdue() == len(due)

    assert Rung.objects.filter(passed_over=False).count() == len(due)


@pytest.mark.django_db
@pytest.mark.parametrize("changes", KINDS[:3])
def test_the_write_looks_once_more_and_takes_the_lot_back(night, monkeypatch, changes):
    """Whatever the locks: what is no longer as it was seen is not moved, and its lot neither."""
    first, *_ = [one for one, kind in zip(night(1), KINDS, strict=True) if kind == changes]
    look = silences._look

    def look_then_move(due):
        found = look(due)
        Handoff.objects.filter(id=first.id).update(round=2)
        return found

    monkeypatch.setattr(silences, "_look", look_then_move)
    due = [silences.Due(one.id, one.run_id, one.next_at) for one in Handoff.objects.all()]

    with pytest.raises(bulk.NotAll), transaction.atomic():
        silences.fire(due, now=now())

    assert not Rung.objects.exists()


@pytest.mark.django_db
def test_a_stop_pressed_after_the_look_keeps_the_lot_where_it_is(night, shop):
    due = [silences.Due(one.id, one.run_id, one.next_at) for one in _again(night(1))]
    presser = Presser(by=SYSTEM)
    stops.stop(shop.workflow, reason="It refunds twice", presser=presser, now=now())

    fired = silences.fire(due, now=now())

    assert (fired.count, fired.odd) == (0, [])
    assert not Rung.objects.exists()


@pytest.mark.django_db
def test_two_questions_of_one_run_are_told_one_after_the_other(shop, bot, bot_key):
    first = walks.waiting(shop, bot, bot_key)
    walks.propose(bot_key, first.run)
    for one in Handoff.objects.all():
        walks.overdue(one, ladder=[])

    assert ladder.fire_overdue() == 2

    run = Run.objects.get(id=first.run_id)
    assert (run.state, run.open_blocking) == ("HUMAN_RESPONDED", 0)
    assert [one.verb for one in Answer.objects.all()] == ["reject", "reject"]
    assert Resumption.objects.count() == 1


def _again(handoffs: list[Handoff]) -> list[Handoff]:
    return list(Handoff.objects.filter(id__in=[one.id for one in handoffs]))


def test_a_lot_and_an_answer_at_once_are_one_of_the_two(committed_db, shop, bot, bot_key):
    handoffs = [walks.waiting(shop, bot, bot_key) for _ in range(12)]
    for one in handoffs:
        walks.overdue(one, ladder=[])
    start = Barrier(3)

    def sweep(_: int) -> int:
        start.wait(10)
        fired = sum(ladder.fire_overdue() for _ in range(4))
        connection.close()
        return fired

    def say(_: int) -> int:
        start.wait(10)
        said = 0
        for one in handoffs:
            try:
                walks.say(one)
                said += 1
            except HandoffMoved:
                pass
        connection.close()
        return said

    with ThreadPoolExecutor(3) as pool:
        done = [pool.submit(work, 0) for work in (sweep, sweep, say)]
        fired, again, said = (one.result() for one in done)
    fired += ladder.fire_overdue()

    assert fired + again + said == len(handoffs)
    by = Counter(Answer.objects.values_list("by_kind", flat=True))
    assert (by["policy"], by["person"]) == (fired + again, said)
    assert Rung.objects.count() == fired + again
    assert Resumption.objects.count() == len(handoffs)
