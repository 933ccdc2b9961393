"""Proposals that come at the same moment are looked at and stored together, each as if alone."""

import asyncio
import hashlib
import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from handoffs import compiled, doors, intake, lots, runs
from handoffs.actors import SYSTEM
from handoffs.errors import QueueFull
from handoffs.idempotency import Told
from handoffs.intake import Asked, Keyed
from handoffs.lots import LEFT
from handoffs.models import (
    ActionType,
    AuditEntry,
    Brief,
    Checkpoint,
    Handoff,
    IdempotencyRecord,
    Proposal,
    Queue,
    QueueDepth,
    Run,
    Transition,
)
from handoffs.rulings import Proposed
from handoffs.statements import Statement
from handoffs.together import Together
from handoffs.wires import Lost, Wire
from tests import factories, walks

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def secret(bot_key: str) -> str:
    return hashlib.sha256(bot_key.encode()).hexdigest()


@pytest.fixture(autouse=True)
def policy(shop: factories.Shop) -> None:
    """Read the policy beforehand: whoever comes first leaves it to those who may wait for it."""
    Queue.objects.filter(id=shop.queue.id).update(depth_limit=20_000)
    ActionType.objects.update(first_proposed_at=timezone.now())
    compiled.get(shop.workflow.id)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def wire(loop: asyncio.Runner) -> Iterator[Wire]:
    wire = Wire()
    yield wire

    async def close() -> None:
        wire.close()

    loop.run(close())


@pytest.fixture
def settle(loop, wire):
    def settle(asked: Sequence[Asked]) -> list[Told | None | Exception]:
        return loop.run(lots.settle(wire, asked))

    return settle


def asked(secret: str, run: Run, key: str | None = None, **changes: object) -> Asked:
    keyed = Keyed(key, hashlib.sha256(key.encode()).hexdigest()) if key else None
    return Asked(secret, walks.proposed(run, **changes), keyed)


def small(secret: str, run: Run, key: str | None = None) -> Asked:
    keyed = Keyed(key, hashlib.sha256(key.encode()).hexdigest()) if key else None
    return Asked(secret, Proposed(**factories.small_proposal_payload(run.id)), keyed)


def alone(one: Asked) -> Told:
    """Do what is done for those that were left."""
    key = one.keyed.key if one.keyed else None
    door = doors.look(secret_hash=one.secret_hash, run_id=one.proposed.run, key=key)
    assert door is not None
    return intake.propose(door, one.proposed, keyed=one.keyed)


def end(run: Run) -> None:
    runs.stop(run.id, reason="", by=SYSTEM, now=timezone.now())
    connection.close()


def bodies(outcomes: list[Told | None | Exception]) -> list[dict]:
    assert all(isinstance(one, Told) for one in outcomes), outcomes
    return [json.loads(one.body) for one in outcomes]


def test_many_at_once_leave_what_each_alone_would(shop, bot, secret, settle):
    started = [walks.start_run(shop, bot) for _ in range(5)]

    told = bodies(settle([asked(secret, run, f"k-{run.id}") for run in started]))

    for run, body in zip(started, told, strict=True):
        handoff = Handoff.objects.get(id=body["handoff"]["id"])
        assert (handoff.run_id, handoff.state, handoff.queue) == (run.id, "waiting", shop.queue)
        assert Proposal.objects.get(id=body["id"]).run_id == run.id
        assert Brief.objects.get(handoff=handoff).version == 1
        assert Checkpoint.objects.get(run=run).body == '{"step": 3}'
        assert Run.objects.get(id=run.id).state == "PAUSED_PENDING_HUMAN"
        assert AuditEntry.objects.filter(subject=handoff.id, action="handoff.opened").count() == 1
        assert IdempotencyRecord.objects.get(key=f"k-{run.id}").handoff_id == handoff.id
        moves = Transition.objects.filter(run=run).order_by("id").values_list("to_state", flat=True)
        assert list(moves) == ["RUNNING", "waiting", "PAUSED_PENDING_HUMAN"]
    assert len({one.xact_id for one in Transition.objects.filter(to_state="waiting")}) == 1
    assert sum(one.waiting for one in QueueDepth.objects.filter(queue=shop.queue)) == 5
    assert [body["handoff"]["position"] for body in told] == [1, 2, 3, 4, 5]


def test_what_is_refused_is_left_and_the_others_go_on(shop, bot, secret, settle):
    good, wrong, small_one = (walks.start_run(shop, bot) for _ in range(3))
    strange = walks.start_run(shop, factories.ClientFactory(name="stranger"))

    outcomes = settle(
        [
            asked("0" * 64, good),
            asked(secret, wrong, arguments={"order_id": 7}),
            asked(secret, good),
            small(secret, small_one),
            asked(secret, strange),
        ]
    )

    assert [one and one.status for one in outcomes] == [LEFT, LEFT, 201, 200, LEFT]
    assert set(Proposal.objects.values_list("run", flat=True)) == {good.id, small_one.id}


def test_the_second_proposal_of_a_run_comes_after_the_first(shop, bot, secret, settle):
    run, other = walks.start_run(shop, bot), walks.start_run(shop, bot)
    second = asked(secret, run)

    one, another, left = settle([asked(secret, run), asked(secret, other), second])
    assert isinstance(one, Told) and isinstance(another, Told) and left is LEFT
    alone(second)

    run.refresh_from_db()
    assert (run.open_blocking, run.version, run.pause) == (2, 2, 1)
    assert Handoff.objects.filter(run=run).count() == 2


def test_a_proposal_of_a_paused_run_is_counted(shop, bot, secret, settle):
    run = walks.start_run(shop, bot)
    bodies(settle([asked(secret, run)]))

    bodies(settle([Asked(secret, replace(walks.proposed(run), checkpoint=None), None)]))

    run.refresh_from_db()
    assert (run.open_blocking, run.version, run.pause) == (2, 2, 1)


def test_the_same_key_twice_in_a_lot_is_one_request(shop, bot, secret, settle):
    run = walks.start_run(shop, bot)
    one = asked(secret, run, "k1")

    first, left = settle([one, one])
    again = alone(one)

    assert isinstance(first, Told) and left is LEFT
    assert (again.body, first.replayed, again.replayed) == (first.body, False, True)
    assert Proposal.objects.count() == 1


def test_one_key_on_two_runs_in_a_lot_is_stored_for_neither(shop, bot, secret, settle):
    """The statement of all breaks, and each is left to be stored by itself."""
    started = [walks.start_run(shop, bot) for _ in range(3)]
    same = [Asked(secret, walks.proposed(run), Keyed("k1", run.id)) for run in started[:2]]

    assert settle([*same, asked(secret, started[2], "k2")]) == [LEFT] * 3
    assert not Proposal.objects.exists()


def test_who_was_answered_before_is_told_it_again_among_others(shop, bot, secret, settle):
    run, other = walks.start_run(shop, bot), walks.start_run(shop, bot)
    one = small(secret, run, "k1")
    (first,) = settle([one])

    again, new = settle([one, asked(secret, other, "k2")])

    assert isinstance(first, Told) and isinstance(again, Told) and isinstance(new, Told)
    assert (again.body, again.replayed, new.replayed) == (first.body, True, False)
    assert Proposal.objects.count() == 2


def test_who_was_answered_before_of_a_paused_run_is_left(shop, bot, secret, settle):
    """Whether a person holds the run is more than one look tells."""
    run = walks.start_run(shop, bot)
    one = asked(secret, run, "k1")
    (first,) = settle([one])

    assert settle([one]) == [LEFT]
    assert isinstance(first, Told) and alone(one).body == first.body


def test_a_run_that_ends_meanwhile_is_left(shop, bot, secret, settle, monkeypatch):
    ending, going = walks.start_run(shop, bot), walks.start_run(shop, bot)
    store = lots._store

    async def end_first(wire: Wire, ready: Sequence[intake.Ready]) -> object:
        await asyncio.to_thread(end, ending)
        return await store(wire, ready)

    monkeypatch.setattr(lots, "_store", end_first)
    left, told = settle([asked(secret, ending), asked(secret, going)])

    assert left is LEFT and isinstance(told, Told)
    assert not Handoff.objects.filter(run=ending).exists()


def test_a_run_that_somebody_holds_keeps_nobody_waiting(shop, bot, secret, settle):
    held, free = walks.start_run(shop, bot), walks.start_run(shop, bot)

    with psycopg.connect(os.environ["DATABASE_URL"]) as holder:
        holder.execute("select from handoffs_run where id = %s for update", [held.id])
        left, told = settle([asked(secret, held), asked(secret, free)])

    assert left is LEFT and isinstance(told, Told)
    assert Handoff.objects.get().run_id == free.id


def test_a_queue_that_somebody_holds_for_long_is_left_to_who_waits_alone(
    shop, bot, secret, settle, loop, wire
):
    run = walks.start_run(shop, bot)
    waiting = [asked(secret, run)]

    with psycopg.connect(os.environ["DATABASE_URL"]) as holder:
        holder.execute("select from handoffs_queuedepth for update")
        assert loop.run(asyncio.wait_for(lots.settle(wire, waiting), 5)) == [LEFT]

    assert isinstance(settle(waiting)[0], Told)


def test_a_limit_holds_for_a_lot(shop, bot, secret, settle):
    """Near it, each is left to whoever looks exactly."""
    Queue.objects.filter(id=shop.queue.id).update(depth_limit=2)
    sent = [asked(secret, walks.start_run(shop, bot)) for _ in range(3)]

    left = [one for one, told in zip(sent, settle(sent), strict=True) if told is LEFT]
    with pytest.raises(QueueFull):
        for one in left:
            alone(one)

    assert Handoff.objects.count() == 2


def test_what_has_to_ask_the_database_more_is_left(shop, bot, secret, settle, monkeypatch):
    """Such as a policy that nobody in this process has read yet."""
    run = walks.start_run(shop, bot)
    compiled._KEPT.clear()

    assert settle([asked(secret, run)]) == [LEFT]
    alone(asked(secret, run))
    assert isinstance(settle([asked(secret, walks.start_run(shop, bot))])[0], Told)


def test_a_connection_that_ends_is_made_anew(shop, bot, secret, settle, loop, wire):
    bodies(settle([asked(secret, walks.start_run(shop, bot))]))
    assert wire._connection is not None
    with psycopg.connect(os.environ["DATABASE_URL"]) as other:
        other.execute("select pg_terminate_backend(%s)", [wire._connection.pgconn.backend_pid])

    async def noticed() -> None:
        while wire._connection is not None:
            await asyncio.sleep(0.001)

    loop.run(asyncio.wait_for(noticed(), 10))

    assert isinstance(settle([asked(secret, walks.start_run(shop, bot))])[0], Told)


@pytest.mark.parametrize("kind", ["look", "store"])
def test_a_connection_that_ends_over_a_statement(
    shop, bot, secret, settle, wire, monkeypatch, kind
):
    """Whether it was stored, nobody can know then: nobody may store it a second time unasked."""
    run = walks.start_run(shop, bot)
    rows = Wire.rows

    async def cut(self: Wire, statement: Statement, values: Any) -> Any:
        if ("insert" in statement.sql(1)) is (kind == "look"):
            return await rows(self, statement, values)
        running = asyncio.ensure_future(rows(self, statement, values))
        while self._connection is None or self._told is None or self._told.done():
            await asyncio.sleep(0)
        with socket.socket(fileno=os.dup(self._connection.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)
        return await running

    with psycopg.connect(os.environ["DATABASE_URL"]) as holder:
        holder.execute("lock table handoffs_brief in share mode")
        monkeypatch.setattr(Wire, "rows", cut)
        (outcome,) = settle([asked(secret, run)])

    assert isinstance(outcome, Lost) if kind == "store" else outcome is LEFT


def test_what_does_not_fit_at_once_is_sent_bit_by_bit(shop, bot, secret, settle):
    long = json.dumps(["x" * 60_000] * 15)
    sent = [walks.proposed(walks.start_run(shop, bot)) for _ in range(8)]

    bodies(settle([Asked(secret, replace(one, checkpoint=long), None) for one in sent]))

    assert {len(one.body) for one in Checkpoint.objects.all()} == {len(long)}


def test_a_crowd_is_answered_each_for_its_own_run(shop, bot, secret, loop):
    sizes: list[int] = []
    wires = [Wire(), Wire()]

    def door(wire: Wire) -> Together[Asked, Told | None]:
        async def counted(asked: Sequence[Asked]) -> list[Told | None | Exception]:
            sizes.append(len(asked))
            return await lots.settle(wire, asked)

        return Together(counted, most=8)

    one, other = (door(wire) for wire in wires)
    started = [walks.start_run(shop, bot) for _ in range(60)]

    async def all_of_them() -> list[Told | None]:
        try:
            return await asyncio.gather(
                *(
                    (one, other)[number % 2](asked(secret, run, f"k-{run.id}"))
                    for number, run in enumerate(started)
                )
            )
        finally:
            for wire in wires:
                wire.close()

    told = bodies(loop.run(all_of_them()))

    assert max(sizes) == 8
    assert sum(sizes) == 60
    for run, body in zip(started, told, strict=True):
        assert Handoff.objects.get(run=run).id == body["handoff"]["id"]
        assert Proposal.objects.get(run=run).id == body["id"]
    assert sum(one.waiting for one in QueueDepth.objects.filter(queue=shop.queue)) == 60
