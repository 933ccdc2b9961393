"""Audits: opened after the fact, once each, for whoever the matrix names; none is ever lost."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from handoffs import answers, audits, failpoints, ladder, runs
from handoffs.actors import POLICY, SYSTEM
from handoffs.errors import IllegalTransition, RollBackOver
from handoffs.models import (
    AuditEntry,
    Handoff,
    MatrixRow,
    OutboxMessage,
    Proposal,
    Queue,
    Run,
    WebhookEndpoint,
)
from handoffs.states import Verb
from tests import factories, walks
from tests.handoffs.afterwards import act, age, drawn, let_undo, report, sample_all
from tests.reviews.racing import all_at_once


@pytest.fixture(autouse=True)
def _database(database: None) -> None:
    """Let a test choose: its own transaction, or `committed_db`."""


def open_due() -> int:
    return audits.open_due(now=timezone.now())


def audit_of(proposal: Proposal) -> Handoff:
    return Handoff.objects.select_related("run", "proposal").get(proposal=proposal, kind="audit")


def test_a_drawn_action_is_asked_about_once_it_is_reported(shop, bot, bot_key):
    proposal = drawn(shop, bot, bot_key, outcome="")
    assert open_due() == 0

    report(proposal, "done", "Refund id 7 <script>alert(1)</script>")

    assert open_due() == 1
    audit = audit_of(proposal)
    assert (audit.kind, audit.tier, audit.state) == ("audit", "autonomous", "waiting")
    assert (audit.queue, audit.role, audit.blocking) == (shop.queue, shop.team, False)
    brief = audit.briefs.get().body
    assert brief["ask"] == "Was this right? Cancel order #W5744371"
    assert [fact["value"] for fact in brief["facts"]] == [
        "Done",
        "Refund id 7 <script>alert(1)</script>",
    ]
    assert open_due() == 0


def test_what_is_never_reported_is_asked_about_when_the_wait_is_over(shop, bot, bot_key):
    sample_all(shop, wait_seconds=600)
    proposal = act(bot_key, walks.start_run(shop, bot), outcome="")
    age(proposal, seconds=590)
    assert open_due() == 0

    age(proposal, seconds=601)

    assert open_due() == 1
    assert audit_of(proposal).briefs.get().body["facts"][0]["value"] == "Not reported"


def test_the_agents_own_brief_comes_along_without_its_advice(shop, bot, bot_key):
    own = factories.brief_payload(ask="Cancel it?", options=[{"id": "a", "label": "Another"}])
    proposal = drawn(shop, bot, bot_key, brief=own)

    open_due()

    brief = audit_of(proposal).briefs.get().body
    assert brief["summary"] == own["summary"]
    assert brief["evidence"] == own["evidence"]
    assert brief["facts"][1:] == own["facts"]
    assert not {"recommendation", "confidence", "on_answer", "options"} & set(brief)
    assert brief["ask"] != own["ask"]


@pytest.mark.parametrize("end", [runs.complete, runs.stop])
def test_a_run_that_has_ended_is_audited_like_any_other(shop, bot, bot_key, end):
    proposal = drawn(shop, bot, bot_key)
    before = audits_opened_then_ended(proposal, end)

    later = Run.objects.get(id=proposal.run_id)
    audit = audit_of(proposal)
    assert audit.state == "waiting"
    assert (later.state, later.version) == (before.state, before.version)


def audits_opened_then_ended(proposal: Proposal, end) -> Run:
    more = {"output": None} if end is runs.complete else {"reason": "stop"}
    end(proposal.run_id, **more, by=SYSTEM, now=timezone.now())
    ended = Run.objects.get(id=proposal.run_id)
    assert open_due() == 1
    return ended


def test_an_audit_that_waits_outlives_the_failure_of_its_run(shop, bot, bot_key):
    """Failures are what audits are for: stopping a run must not take its actions out of them."""
    proposal = drawn(shop, bot, bot_key)
    open_due()

    runs.stop(proposal.run_id, reason="odd", by=SYSTEM, now=timezone.now())

    assert audit_of(proposal).state == "waiting"


def test_the_run_goes_on_as_if_nothing_were_asked(shop, bot, bot_key):
    proposal = drawn(shop, bot, bot_key)
    open_due()
    audit = audit_of(proposal)
    run = Run.objects.get(id=proposal.run_id)

    walks.say(audit, Verb.WRONG, reason="It was not theirs")

    assert (run.state, run.open_blocking, audit.pause) == ("RUNNING", 0, 0)
    assert Run.objects.get(id=run.id).version == run.version


def test_without_a_row_nothing_is_lost_and_nothing_else_waits(shop, bot, bot_key):
    """Another workflow's audits go ahead; these are opened as soon as somebody is named."""
    other = factories.launch_shop(slug="other-shop")
    sample_all(other)
    MatrixRow.objects.filter(id=shop.row.pk).update(kind="approval")
    stuck = [drawn(shop, bot, bot_key) for _ in range(3)]
    free = act(bot_key, walks.start_run(other, bot))

    assert audits.open_due(now=timezone.now(), limit=2) == 1
    assert audit_of(free).workflow == other.workflow
    assert not Handoff.objects.filter(proposal__in=stuck).exists()

    MatrixRow.objects.create(
        workflow=shop.workflow, kind="audit", role=shop.leads, queue=shop.leads_queue
    )
    assert open_due() == 3
    assert audit_of(stuck[0]).role == shop.leads


def test_a_full_queue_takes_no_audits_until_there_is_room(shop, bot, bot_key):
    proposals = [drawn(shop, bot, bot_key) for _ in range(3)]
    Queue.objects.filter(id=shop.queue.pk).update(depth_limit=2)

    assert open_due() == 2
    assert Proposal.objects.filter(audit_opened_at=None, audit_drawn=True).count() == 1

    walks.say(audit_of(proposals[0]), Verb.CONFIRM)
    assert open_due() == 1


def test_two_workers_at_once_open_each_audit_once(committed_db, shop, bot, bot_key):
    for _ in range(12):
        drawn(shop, bot, bot_key)

    opened = [racer.result for racer in all_at_once([open_due, open_due, open_due])]

    assert sum(opened) == 12
    assert Handoff.objects.filter(kind="audit").count() == 12


@pytest.mark.parametrize("point", ["audits.after_opening"])
def test_a_crash_in_between_loses_and_doubles_nothing(
    committed_db, shop, bot, bot_key, monkeypatch, point
):
    proposals = [drawn(shop, bot, bot_key) for _ in range(3)]
    hits = []

    def crash(name: str) -> None:
        hits.append(name)
        if len(hits) == 2:
            raise RuntimeError("killed")

    monkeypatch.setattr(audits, "failpoint", crash)
    with pytest.raises(RuntimeError):
        open_due()
    assert Handoff.objects.count() == 1

    monkeypatch.setattr(audits, "failpoint", failpoints.failpoint)
    assert open_due() == 2
    assert Handoff.objects.filter(proposal__in=proposals).count() == 3


# --- how they end


def test_nobody_answering_makes_up_no_judgement(shop, bot, bot_key):
    let_undo(shop)
    proposal = drawn(shop, bot, bot_key)
    open_due()
    audit = audit_of(proposal)
    walks.overdue(audit, ladder=[])

    ladder.fire_overdue()

    assert audit_of(proposal).state == "withdrawn"
    assert not audit.answers.exists()
    assert AuditEntry.objects.filter(action="handoff.unanswered", subject=audit.id).exists()
    assert Run.objects.get(id=proposal.run_id).state == "RUNNING"


def test_the_agent_cannot_take_an_audit_back(shop, bot, bot_key, agent):
    proposal = drawn(shop, bot, bot_key)
    open_due()
    audit = audit_of(proposal)

    told = agent.post(f"/handoffs/{audit.id}/withdraw", {"reason": "not needed"})

    assert told.status_code == 409
    assert audit_of(proposal).state == "waiting"
    with pytest.raises(IllegalTransition):
        answers.withdraw(audit.id, reason="no", by=POLICY, now=timezone.now())


def test_rolling_back_tells_the_agent_by_webhook_and_where_it_reads(shop, bot, bot_key, agent):
    WebhookEndpoint.objects.create(
        client=bot, url="https://bot.example/hook", secret="whsec_x", events=["action.roll_back"]
    )
    let_undo(shop)
    proposal = drawn(shop, bot, bot_key)
    open_due()
    audit = audit_of(proposal)

    walks.say(audit, Verb.ROLL_BACK, reason="Another customer's order")

    (message,) = OutboxMessage.objects.filter(event="action.roll_back")
    assert message.payload["proposal"] == proposal.id
    assert message.payload["handoff"] == audit.id
    told = agent.get(f"/handoffs/{audit.id}").json()
    assert told["answer"]["verb"] == "roll_back"
    assert told["answer"]["reason"] == "Another customer's order"
    assert told["answer"]["arguments"] is None
    assert (told["proposal"], told["arguments"]) == (proposal.id, json.loads(proposal.arguments))


def test_the_window_counts_from_the_proposal_and_is_frozen_when_asked(shop, bot, bot_key):
    let_undo(shop, 7200)
    proposal = drawn(shop, bot, bot_key)
    open_due()
    let_undo(shop, 60)

    until = audit_of(proposal).roll_back_until

    assert until == Proposal.objects.get(id=proposal.id).created_at + timedelta(hours=2)


@pytest.mark.parametrize("window", [None, 600])
def test_after_its_window_nothing_promises_to_be_undone(shop, bot, bot_key, window):
    proposal = drawn(shop, bot, bot_key, outcome="")
    if window:
        let_undo(shop, window)
    age(proposal, seconds=601)
    report(proposal, "done")
    open_due()

    with pytest.raises(RollBackOver):
        walks.say(audit_of(proposal), Verb.ROLL_BACK, reason="Too late to see")

    assert audit_of(proposal).state == "waiting"
    assert not OutboxMessage.objects.filter(event="action.roll_back").exists()


@pytest.mark.parametrize("outcome", ["failed", "rolled_back"])
def test_what_the_agent_undid_meanwhile_is_not_undone_again(shop, bot, bot_key, outcome):
    let_undo(shop)
    proposal = drawn(shop, bot, bot_key)
    open_due()
    report(proposal, outcome)

    with pytest.raises(RollBackOver):
        walks.say(audit_of(proposal), Verb.ROLL_BACK, reason="Another customer's order")
