"""Proposals that come at the same moment are looked at and stored together, each as if alone."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts.errors import NotSignedIn
from handoffs import intake, runs
from handoffs.actors import SYSTEM
from handoffs.errors import (
    ArgumentsOffSchema,
    IdempotencyMismatch,
    IllegalTransition,
    NotFound,
    QueueFull,
)
from handoffs.idempotency import Told
from handoffs.intake import Asked, Keyed
from handoffs.models import (
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
from handoffs.together import Together
from tests import factories, walks

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def secret(bot_key: str) -> str:
    return hashlib.sha256(bot_key.encode()).hexdigest()


def asked(secret: str, run: Run, key: str | None = None, **changes: object) -> Asked:
    keyed = Keyed(key, hashlib.sha256(key.encode()).hexdigest()) if key else None
    return Asked(secret, walks.proposed(run, **changes), keyed)


def small(secret: str, run: Run) -> Asked:
    return Asked(secret, Proposed(**factories.small_proposal_payload(run.id)), None)


def bodies(outcomes: list[Told | Exception]) -> list[dict]:
    assert all(isinstance(one, Told) for one in outcomes), outcomes
    return [json.loads(one.body) for one in outcomes]


def test_many_at_once_leave_what_each_alone_would(shop, bot, secret):
    started = [walks.start_run(shop, bot) for _ in range(5)]

    told = bodies(intake.propose_all([asked(secret, run, f"k-{run.id}") for run in started]))

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


def test_each_is_refused_for_its_own_reason_and_the_others_go_on(shop, bot, secret):
    good, wrong, small_one = (walks.start_run(shop, bot) for _ in range(3))
    strange = walks.start_run(shop, factories.ClientFactory(name="stranger"))

    outcomes = intake.propose_all(
        [
            asked("0" * 64, good),
            asked(secret, wrong, arguments={"order_id": 7}),
            asked(secret, good),
            small(secret, small_one),
            asked(secret, strange),
        ]
    )

    assert [type(one) for one in outcomes] == [
        NotSignedIn,
        ArgumentsOffSchema,
        Told,
        Told,
        NotFound,
    ]
    assert [one.status for one in outcomes if isinstance(one, Told)] == [201, 200]
    assert set(Proposal.objects.values_list("run", flat=True)) == {good.id, small_one.id}


def test_two_proposals_of_one_run_are_both_stored_one_after_the_other(shop, bot, secret):
    run, other = walks.start_run(shop, bot), walks.start_run(shop, bot)

    bodies(intake.propose_all([asked(secret, run), asked(secret, other), asked(secret, run)]))

    run.refresh_from_db()
    assert (run.open_blocking, run.version, run.pause) == (2, 2, 1)
    assert Handoff.objects.filter(run=run).count() == 2


def test_two_proposals_of_a_paused_run_are_both_counted(shop, bot, secret):
    run = walks.start_run(shop, bot)
    bodies(intake.propose_all([asked(secret, run)]))

    bare = Asked(secret, replace(walks.proposed(run), checkpoint=None), None)
    bodies(intake.propose_all([bare, bare]))

    run.refresh_from_db()
    assert (run.open_blocking, run.version, run.pause) == (3, 2, 1)


def test_the_same_key_twice_in_a_lot_is_one_request(shop, bot, secret):
    run = walks.start_run(shop, bot)
    one = asked(secret, run, "k1")
    other = Asked(secret, one.proposed, Keyed("k1", "another body"))

    first, again, mismatch = intake.propose_all([one, one, other])

    assert isinstance(first, Told) and isinstance(again, Told)
    assert (again.body, first.replayed, again.replayed) == (first.body, False, True)
    assert isinstance(mismatch, IdempotencyMismatch)
    assert Proposal.objects.count() == 1


def test_one_key_on_two_runs_in_a_lot_is_taken_by_one_of_them(shop, bot, secret):
    """The statement of both breaks, and each is stored by itself."""
    *two, third = [walks.start_run(shop, bot) for _ in range(3)]
    same = [Asked(secret, walks.proposed(run), Keyed("k1", run.id)) for run in two]

    outcomes = intake.propose_all([*same, asked(secret, third)])

    assert [type(one) for one in outcomes] == [Told, IdempotencyMismatch, Told]
    assert set(Proposal.objects.values_list("run", flat=True)) == {two[0].id, third.id}


def test_who_was_answered_before_is_told_it_again_among_others(shop, bot, secret):
    run, other = walks.start_run(shop, bot), walks.start_run(shop, bot)
    one = asked(secret, run, "k1")
    (first,) = intake.propose_all([one])

    again, new = intake.propose_all([one, asked(secret, other, "k2")])

    assert isinstance(first, Told) and isinstance(again, Told) and isinstance(new, Told)
    assert (again.body, again.replayed, new.replayed) == (first.body, True, False)
    assert Proposal.objects.count() == 2


def test_a_run_that_ends_meanwhile_refuses_only_itself(shop, bot, secret, monkeypatch):
    ending, going = walks.start_run(shop, bot), walks.start_run(shop, bot)
    look = intake._look_all

    def then_end(asked: list[Asked]) -> object:
        found = look(asked)
        runs.stop(ending.id, reason="", by=SYSTEM, now=timezone.now())
        return found

    monkeypatch.setattr(intake, "_look_all", then_end)
    refused, told = intake.propose_all([asked(secret, ending), asked(secret, going)])

    assert isinstance(refused, IllegalTransition)
    assert isinstance(told, Told)
    assert not Handoff.objects.filter(run=ending).exists()


def test_a_run_that_somebody_holds_keeps_nobody_else_waiting(shop, bot, secret, monkeypatch):
    """The others are stored first; then it waits for that run alone."""
    held, free = walks.start_run(shop, bot), walks.start_run(shop, bot)
    alone = intake._alone
    stored_before: list[set[str]] = []

    with psycopg.connect(os.environ["DATABASE_URL"]) as holder:
        holder.execute("select from handoffs_run where id = %s for update", [held.id])

        def let_go(one: object) -> object:
            stored_before.append(set(Handoff.objects.values_list("run", flat=True)))
            holder.rollback()
            return alone(one)

        monkeypatch.setattr(intake, "_alone", let_go)
        bodies(intake.propose_all([asked(secret, held), asked(secret, free)]))

    assert stored_before == [{free.id}]
    assert Handoff.objects.count() == 2


def test_a_limit_holds_within_a_lot(shop, bot, secret):
    Queue.objects.filter(id=shop.queue.id).update(depth_limit=2)
    started = [walks.start_run(shop, bot) for _ in range(3)]

    outcomes = intake.propose_all([asked(secret, run) for run in started])

    assert [type(one) for one in outcomes] == [Told, Told, QueueFull]


@pytest.mark.slow
def test_a_crowd_of_threads_is_answered_each_for_its_own_run(shop, bot, secret, monkeypatch):
    lots: list[int] = []

    def counted(asked: Sequence[Asked]) -> list[Told | Exception]:
        lots.append(len(asked))
        return intake.propose_all(asked)

    together = Together(counted, most=8)
    started = [walks.start_run(shop, bot) for _ in range(60)]

    def one(run: Run) -> dict:
        try:
            return json.loads(together(asked(secret, run, f"k-{run.id}")).body)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one, started))

    assert max(lots) > 1
    assert sum(lots) == 60
    for run, body in zip(started, told, strict=True):
        assert Handoff.objects.get(run=run).id == body["handoff"]["id"]
        assert Proposal.objects.get(run=run).id == body["id"]
    assert sum(one.waiting for one in QueueDepth.objects.filter(queue=shop.queue)) == 60
