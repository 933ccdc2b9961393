"""What an answer says beyond words: kept, sent, bound by the receipt, and done to the run."""

import json

import pytest
from joserfc import jws

from handoffs import canonical, intake
from handoffs.models import Answer, Handoff, MatrixRow, Run
from handoffs.states import ENDING_VERBS, RELEASING_VERBS, Cause, HandoffKind, RunState, Verb
from tests import walks

TASK = {
    "objective": "Make it good",
    "constraints": ["No more than 50 EUR"],
    "success": "Kim agrees",
}


def asked(shop, bot, bot_key, kind: HandoffKind) -> Handoff:
    MatrixRow.objects.create(
        workflow=shop.workflow, kind=kind.value, role=shop.team, queue=shop.queue
    )
    run = walks.start_run(shop, bot)
    if kind is not HandoffKind.TASK_DEFINITION:
        brief = {"ask": "How?", "facts": []}
        intake.escalate(
            walks.look(bot_key, run), kind=kind, brief=brief, checkpoint=None, blocking=True
        )
    return Handoff.objects.get(run=run)


def claims_of(answer: Answer) -> dict:
    return json.loads(jws.extract_compact(answer.receipt.encode()).payload)


def test_details_are_kept_and_the_receipt_binds_them(db, shop, bot, bot_key):
    handoff = asked(shop, bot, bot_key, HandoffKind.RECOVERY)

    answer = walks.say(handoff, Verb.SWITCH_TOOL, details={"tool": "bank"})

    answer.refresh_from_db()
    assert answer.details == {"tool": "bank"}
    assert claims_of(answer)["details_digest"] == canonical.digest({"tool": "bank"})


def test_an_answer_without_details_binds_none(db, shop, bot, bot_key):
    handoff = asked(shop, bot, bot_key, HandoffKind.RECOVERY)

    answer = walks.say(handoff, Verb.RETRY)

    assert answer.details == {}
    assert claims_of(answer)["details_digest"] is None


def test_the_agent_reads_them(db, agent, shop, bot, bot_key):
    handoff = asked(shop, bot, bot_key, HandoffKind.RECOVERY)
    walks.say(handoff, Verb.NARROW_SCOPE, details={"keep": ["refund"], "leave_out": ["mail"]})

    said = agent.get(f"/handoffs/{handoff.id}").json()["answer"]

    assert said["verb"] == "narrow_scope"
    assert said["details"] == {"keep": ["refund"], "leave_out": ["mail"]}


def test_a_defined_task_is_the_runs_task_from_then_on(db, agent, shop, bot, bot_key):
    handoff = asked(shop, bot, bot_key, HandoffKind.TASK_DEFINITION)
    assert agent.get(f"/runs/{handoff.run_id}").json()["task"] is None

    walks.say(handoff, Verb.DEFINE, details={"task": TASK})

    run = agent.get(f"/runs/{handoff.run_id}").json()
    assert run["task"] == TASK
    assert run["state"] == RunState.HUMAN_RESPONDED


@pytest.mark.parametrize(("verb", "cause"), ENDING_VERBS.items())
def test_stopping_and_taking_over_end_the_run(db, shop, bot, bot_key, verb, cause):
    handoff = asked(shop, bot, bot_key, HandoffKind.RECOVERY)

    walks.say(handoff, verb, reason="it costs more than it brings")

    run = Run.objects.get(id=handoff.run_id)
    assert (run.state, run.cause) == (RunState.FAILED, cause)
    assert walks.lease(shop, bot) is None


@pytest.mark.parametrize("verb", sorted(set(Verb) - set(ENDING_VERBS) - {Verb.DEFINE}))
def test_every_other_answer_lets_the_run_go_on(db, shop, bot, bot_key, verb):
    handoff = asked(shop, bot, bot_key, HandoffKind.RECOVERY)

    walks.say(handoff, verb, arguments={"a": 1})

    assert Run.objects.get(id=handoff.run_id).state == RunState.HUMAN_RESPONDED
    released = Answer.objects.get(handoff=handoff).arguments
    assert (released is not None) == (verb in RELEASING_VERBS)


def test_a_failed_run_says_what_a_person_may_change(db, agent, shop, bot):
    MatrixRow.objects.create(
        workflow=shop.workflow, kind="recovery", role=shop.team, queue=shop.queue
    )
    run = walks.start_run(shop, bot)
    recovery = {
        "tool": "payments",
        "input": {"amount": "1.00"},
        "tools": [{"id": "b", "label": "B"}],
    }

    told = agent.post(f"/runs/{run.id}/fail", {"error": "refused", "recovery": recovery})

    assert told.status_code == 200
    assert Handoff.objects.get(run=run).briefs.get().body["recovery"] == recovery


@pytest.mark.parametrize(
    "recovery",
    [
        {"input_schema": {"type": "string"}},
        {"input_schema": {"type": "object", "properties": {"a": {"$ref": "https://elsewhere"}}}},
        {"tools": [{"id": "a", "label": "A"}, {"id": "a", "label": "B"}]},
        {"tool": ""},
        {"patch": {}},
    ],
)
def test_a_recovery_that_nobody_could_show_is_refused(db, agent, shop, bot, recovery):
    run = walks.start_run(shop, bot)

    told = agent.post(f"/runs/{run.id}/fail", {"error": "refused", "recovery": recovery})

    assert told.status_code == 422
    assert told.json()["fields"][0]["path"].startswith("recovery")


def test_the_causes_of_an_ended_run_are_told_apart():
    assert ENDING_VERBS == {Verb.TAKE_OVER: Cause.TRANSFERRED, Verb.STOP: Cause.STOPPED}
