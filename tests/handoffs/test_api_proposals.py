"""Proposals over HTTP: every tier, every refusal, dry-run, batch, outcome."""

import json

import pytest

from handoffs.models import (
    AuditEntry,
    Checkpoint,
    Handoff,
    IdempotencyRecord,
    MatrixRow,
    Proposal,
    QueueDepth,
    Transition,
    Workflow,
)
from handoffs.schemas.proposals import DryRunOut, RulingOut
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(agent, shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


def nothing_stored() -> bool:
    tables = (Proposal, Handoff, Checkpoint, IdempotencyRecord)
    return not any(table.objects.exists() for table in tables)


def test_an_action_that_needs_nobody_is_ruled_and_stored(agent, run):
    response = agent.post("/proposals", factories.small_proposal_payload(run))

    assert response.status_code == 200
    ruling = response.json()
    assert (ruling["tier"], ruling["act"], ruling["handoff"]) == ("autonomous", "proceed", None)
    assert RulingOut.model_validate(ruling).model_dump(mode="json").keys() == ruling.keys()
    assert Proposal.objects.get().id == ruling["id"]


def test_an_action_that_needs_a_person_opens_a_handoff_and_stops_the_run(agent, run, shop):
    response = agent.post("/proposals", factories.proposal_payload(run))

    assert response.status_code == 201
    ruling = response.json()
    assert (ruling["tier"], ruling["act"]) == ("hard_approval", "wait")
    assert ruling["map"] == {"workflow": "retail-support", "version": 1}
    assert "large-refund" in [rule["id"] for rule in ruling["rules"]]
    assert RulingOut.model_validate(ruling).model_dump(mode="json").keys() == ruling.keys()
    handoff = Handoff.objects.get()
    assert ruling["handoff"]["id"] == handoff.id
    assert ruling["handoff"]["queue"] == "refunds"
    assert agent.get(f"/runs/{run}").json()["state"] == "PAUSED_PENDING_HUMAN"
    assert json.loads(Checkpoint.objects.get().body) == {"step": 3}


def test_a_dry_run_answers_the_same_and_writes_nothing(agent, run):
    body = factories.proposal_payload(run)
    before = (AuditEntry.objects.count(), Transition.objects.count())
    foreseen = agent.post("/proposals/dry-run", body, **{"Idempotency-Key": "k"})
    after = (AuditEntry.objects.count(), Transition.objects.count())
    told = agent.post("/proposals", body, **{"Idempotency-Key": "k"}).json()

    assert foreseen.status_code == 200
    shown = foreseen.json()
    assert before == after
    assert [shown[name] for name in ("tier", "act", "map", "rules", "arguments_digest")] == [
        told[name] for name in ("tier", "act", "map", "rules", "arguments_digest")
    ]
    assert (shown["id"], shown["dry_run"], shown["handoff"]["queue"]) == (None, True, "refunds")
    assert DryRunOut.model_validate(shown).model_dump(mode="json").keys() == shown.keys()


def test_an_unknown_action_type_is_named(agent, run):
    refused = agent.post("/proposals", factories.proposal_payload(run, action_type="fly"))

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_action_type")
    assert refused.json()["fields"][0]["path"] == "action_type"
    assert nothing_stored()


def test_arguments_off_schema_are_named_by_their_path(agent, run):
    arguments = {"order_id": "#W1", "amount": "a lot", "currency": "USD"}
    refused = agent.post("/proposals", factories.proposal_payload(run, arguments=arguments))

    assert (refused.status_code, refused.json()["code"]) == (422, "arguments_off_schema")
    assert refused.json()["fields"][0]["path"] == "arguments.amount"
    assert nothing_stored()


def test_missing_required_context_is_an_error_to_the_agent(agent, run):
    brief = factories.brief_payload(facts=[])
    refused = agent.post("/proposals", factories.proposal_payload(run, brief=brief))

    assert (refused.status_code, refused.json()["code"]) == (422, "missing_context")
    assert "Order total" in json.dumps(refused.json()["fields"])
    assert nothing_stored()


def test_a_question_is_required_whenever_a_person_is_asked(agent, run):
    brief = factories.brief_payload()
    del brief["ask"]
    refused = agent.post("/proposals", factories.proposal_payload(run, brief=brief))

    assert refused.status_code == 422
    assert "brief.ask" in [field["path"] for field in refused.json()["fields"]]
    assert nothing_stored()


def test_a_run_of_another_client_is_not_there(agent, run, mia):
    other = factories.ClientFactory(name="other")
    stranger = type(agent)(factories_key(other, mia))
    refused = stranger.post("/proposals", factories.small_proposal_payload(run))

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert nothing_stored()


def test_a_workflow_that_the_key_does_not_cover_is_refused(agent, run, bot, mia):
    narrow = type(agent)(factories_key(bot, mia, workflows=["elsewhere"]))
    refused = narrow.post("/proposals", factories.small_proposal_payload(run))

    assert (refused.status_code, refused.json()["code"]) == (403, "workflow_not_yours")
    assert nothing_stored()


def factories_key(client, by, workflows=("*",)) -> str:
    from django.utils import timezone

    from accounts import keys

    return keys.issue(client, workflows=list(workflows), by=by, now=timezone.now()).raw


def test_a_finished_run_takes_no_proposals(agent, run):
    agent.post(f"/runs/{run}/complete", {})
    refused = agent.post("/proposals", factories.small_proposal_payload(run))

    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert nothing_stored()


def test_a_full_queue_slows_the_agent_down(agent, run, shop):
    QueueDepth.objects.filter(queue=shop.queue, slot=0).update(waiting=shop.queue.depth_limit)
    refused = agent.post("/proposals", factories.proposal_payload(run))

    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert int(refused["Retry-After"]) > 0
    assert nothing_stored()


def test_where_nobody_has_authority_nothing_is_opened(agent, run):
    MatrixRow.objects.all().delete()
    refused = agent.post("/proposals", factories.proposal_payload(run))

    assert (refused.status_code, refused.json()["code"]) == (409, "no_matrix_row")
    assert nothing_stored()


def test_a_workflow_that_was_taken_back_takes_nothing(agent, run):
    Workflow.objects.update(launched_at=None)
    refused = agent.post("/proposals", factories.small_proposal_payload(run))

    assert (refused.status_code, refused.json()["code"]) == (409, "not_launched")


def test_a_bad_key_is_refused_before_anything_is_told_of_the_body(agent, run):
    stranger = type(agent)("ovr_nobody_nothing")
    refused = stranger.post("/proposals", b"{not json")

    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert refused["WWW-Authenticate"] == "Bearer"


def test_a_batch_refuses_only_what_is_wrong(agent, run):
    good = factories.small_proposal_payload(run) | {"key": "one"}
    misshapen = factories.small_proposal_payload(run) | {"key": "two", "colour": "red"}
    unkeyed = factories.small_proposal_payload(run)
    asked = factories.proposal_payload(run) | {"key": "three"}
    body = {"proposals": [good, misshapen, unkeyed, asked]}
    response = agent.post("/proposals/batch", body)

    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["status"] for result in results] == [200, 422, 422, 201]
    assert results[1]["body"]["fields"][0]["path"] == "colour"
    assert results[2]["body"]["fields"][0]["path"] == "key"
    assert Proposal.objects.count() == 2
    again = agent.post("/proposals/batch", body).json()["results"]
    assert [result["replayed"] for result in again] == [True, False, False, True]
    assert again[3]["body"] == results[3]["body"]
    assert Proposal.objects.count() == 2


def test_a_proposal_of_a_batch_is_the_same_when_sent_alone(agent, run):
    body = factories.small_proposal_payload(run)
    batch = agent.post("/proposals/batch", {"proposals": [body | {"key": "one"}]})
    alone = agent.post("/proposals", body, **{"Idempotency-Key": "one"})

    assert alone["Idempotent-Replay"] == "true"
    assert alone.json() == batch.json()["results"][0]["body"]


def test_a_batch_under_its_own_key_is_answered_as_the_first_time(agent, run):
    body = {"proposals": [factories.small_proposal_payload(run) | {"key": "one"}]}
    first = agent.post("/proposals/batch", body, **{"Idempotency-Key": "batch"})
    again = agent.post("/proposals/batch", body, **{"Idempotency-Key": "batch"})
    other = agent.post(
        "/proposals/batch",
        {"proposals": [factories.small_proposal_payload(run) | {"key": "two"}]},
        **{"Idempotency-Key": "batch"},
    )

    assert again.json() == first.json()
    assert again["Idempotent-Replay"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


def test_a_batch_holds_a_hundred_and_no_more(agent, run):
    many = [factories.small_proposal_payload(run) | {"key": f"k{n}"} for n in range(101)]
    refused = agent.post("/proposals/batch", {"proposals": many})
    taken = agent.post("/proposals/batch", {"proposals": many[:100]})

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["path"] == "proposals"
    assert [result["status"] for result in taken.json()["results"]] == [200] * 100


def test_an_outcome_is_kept(agent, run):
    proposal = agent.post("/proposals", factories.small_proposal_payload(run)).json()["id"]
    told = agent.post(f"/proposals/{proposal}/outcome", {"status": "done", "detail": "ok"})
    odd = agent.post(f"/proposals/{proposal}/outcome", {"status": "perhaps"})

    assert told.json() == {"id": proposal, "outcome": "done"}
    assert Proposal.objects.get().outcome_detail == "ok"
    assert odd.status_code == 422
    assert odd.json()["fields"][0]["path"] == "status"
