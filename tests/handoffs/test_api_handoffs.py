"""Handoffs over HTTP: escalate, read, wait, inform, withdraw; and the resumption after them."""

import json
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from governance import maps
from handoffs import actors, answers, receipts
from handoffs.actors import SYSTEM
from handoffs.answers import Said
from handoffs.models import Handoff, MatrixRow, Resumption, Workflow
from handoffs.states import HandoffKind, Verb
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(agent, shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


@pytest.fixture
def waiting(agent, run) -> str:
    """The id of a handoff that waits."""
    return agent.post("/proposals", factories.proposal_payload(run)).json()["handoff"]["id"]


def answer(handoff_id: str, verb: Verb = Verb.APPROVE) -> None:
    handoff = Handoff.objects.select_related("proposal").get(id=handoff_id)
    arguments = json.loads(handoff.proposal.arguments) if handoff.proposal else None
    answers.answer(
        handoff_id,
        round=handoff.round,
        said=Said(verb=verb, arguments=arguments, reason="It is due."),
        by=actors.person_actor(1, "refund approvers"),
        now=timezone.now(),
    )


def claim(agent, **changes):
    body = {"workflows": ["retail-support"], "worker": "host-1", "lease_seconds": 60} | changes
    return agent.post("/resumptions/claim", body)


def test_a_waiting_handoff_says_who_has_it_and_has_no_answer(agent, run, waiting):
    shown = agent.get(f"/handoffs/{waiting}").json()

    assert (shown["state"], shown["answer"], shown["run"]) == ("waiting", None, run)
    assert shown["owner"]["role"] == "refund approvers"
    assert shown["owner"]["level"] == "L1"
    assert shown["question"] is None
    assert f"{settings.WAIT_URL}/wait/" in shown["wait_url"]


def test_an_answer_binds_the_exact_arguments_and_its_receipt_verifies(agent, waiting):
    answer(waiting)
    told = agent.get(f"/handoffs/{waiting}").json()["answer"]
    receipt = agent.get(f"/receipts/{waiting}").json()["receipt"]
    keys = Browser().get("/.well-known/jwks.json").json()

    assert told["verb"] == "approve"
    assert told["by"] == {"kind": "person", "role": "refund approvers"}
    assert told["arguments"] == {"order_id": "#W5744371", "amount": 312.5, "currency": "USD"}
    assert told["arguments_digest"] == receipts.arguments_digest(told["arguments"])
    assert receipt == told["receipt"]
    assert receipts.verify(receipt, keys)["arguments_digest"] == told["arguments_digest"]
    assert "d" not in keys["keys"][0]


def test_a_receipt_is_not_there_before_the_answer(agent, waiting):
    assert agent.get(f"/receipts/{waiting}").status_code == 404


def test_an_unchanged_handoff_is_not_sent_twice_and_a_changed_one_is(agent, waiting):
    etag = agent.get(f"/handoffs/{waiting}")["ETag"]
    unchanged = agent.get(f"/handoffs/{waiting}", **{"If-None-Match": etag})
    answer(waiting)
    changed = agent.get(f"/handoffs/{waiting}", **{"If-None-Match": etag})

    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    assert changed.status_code == 200


def test_waiting_is_done_elsewhere(agent, waiting):
    sent = agent.get(f"/handoffs/{waiting}?wait=25")

    assert sent.status_code == 307
    assert sent["Location"].startswith(f"{settings.WAIT_URL}/wait/")
    assert sent["Location"].endswith("?seconds=25")


@pytest.mark.parametrize("seconds", ["61", "-1", "soon", "1.5"])
def test_a_wait_out_of_range_is_refused(agent, waiting, seconds):
    refused = agent.get(f"/handoffs/{waiting}?wait={seconds}")

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["path"] == "wait"


def test_an_agent_may_ask_a_person_directly(agent, run, shop):
    MatrixRow.objects.create(
        workflow=shop.workflow, kind=HandoffKind.AMBIGUITY.value, role=shop.team, queue=shop.queue
    )
    response = agent.post(
        "/handoffs",
        {"run": run, "kind": "ambiguity", "brief": {"ask": "Which order is meant?"}},
        **{"Idempotency-Key": "ask"},
    )

    assert response.status_code == 201, response.content
    assert response.json()["kind"] == "ambiguity"
    assert agent.get(f"/runs/{run}").json()["open_handoffs"][0]["id"] == response.json()["id"]


def test_asking_without_a_row_for_it_is_refused(agent, run):
    refused = agent.post(
        "/handoffs", {"run": run, "kind": "recovery", "brief": {"ask": "What now?"}}
    )

    assert (refused.status_code, refused.json()["code"]) == (409, "no_matrix_row")
    assert not Handoff.objects.exists()


@pytest.mark.parametrize("kind", ["approval", "audit", "gossip"])
def test_only_what_an_agent_may_ask_is_asked(agent, run, kind):
    refused = agent.post("/handoffs", {"run": run, "kind": kind, "brief": {"ask": "May I?"}})

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["path"] == "kind"


def test_information_puts_a_handoff_back_in_its_place(agent, waiting):
    answers.ask_information(
        waiting,
        round=1,
        question="Which policy?",
        by=actors.person_actor(1, "refund approvers"),
        now=timezone.now(),
    )
    asked = agent.get(f"/handoffs/{waiting}").json()
    empty = agent.post(f"/handoffs/{waiting}/information", {})
    given = agent.post(
        f"/handoffs/{waiting}/information",
        {"facts": [{"label": "Policy", "value": "Section 3"}], "message": "This one."},
    )

    assert (asked["state"], asked["question"]) == ("needs_information", "Which policy?")
    assert empty.status_code == 422
    assert given.status_code == 200, given.content
    assert (given.json()["state"], given.json()["question"]) == ("waiting", None)


def test_information_that_nobody_asked_for_is_a_conflict(agent, waiting):
    refused = agent.post(f"/handoffs/{waiting}/information", {"message": "By the way"})

    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")


def test_a_withdrawn_handoff_lets_the_run_go_on(agent, run, waiting):
    withdrawn = agent.post(f"/handoffs/{waiting}/withdraw", {"reason": "Not needed any more"})

    assert withdrawn.json()["state"] == "withdrawn"
    assert agent.get(f"/runs/{run}").json()["state"] == "RUNNING"


def test_a_second_answer_is_refused_and_the_first_one_stays(agent, waiting):
    answer(waiting)
    late = agent.post(f"/handoffs/{waiting}/withdraw", {"reason": "Changed my mind"})

    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")
    assert agent.get(f"/handoffs/{waiting}").json()["answer"]["verb"] == "approve"


def test_with_nothing_to_do_a_worker_hears_where_to_wait(agent, waiting):
    nothing = claim(agent)

    assert nothing.status_code == 204
    assert nothing.content == b""
    assert nothing["Wait-URL"].startswith(f"{settings.WAIT_URL}/wait/")


def test_a_claimed_resumption_carries_everything_needed_to_go_on(agent, run, waiting):
    answer(waiting)
    turn = claim(agent).json()
    acknowledged = agent.post(
        f"/resumptions/{turn['id']}/acknowledge",
        {"token": turn["lease"]["token"], "outcome": "resumed"},
    )

    assert turn["run"]["id"] == run
    assert turn["checkpoint"] == {"step": 3}
    assert [one["handoff"] for one in turn["answers"]] == [waiting]
    assert turn["preconditions"] == [{"name": "order_status", "value": "delivered"}]
    assert turn["attempt"] == 1
    assert acknowledged.json()["state"] == "RUNNING"


def test_a_worker_that_went_silent_cannot_acknowledge(agent, waiting):
    answer(waiting)
    turn = claim(agent).json()
    Resumption.objects.update(lease_expires_at=timezone.now() - timedelta(minutes=5))
    token = {"token": turn["lease"]["token"]}
    path = f"/resumptions/{turn['id']}"
    refused = [
        agent.post(f"{path}/heartbeat", token),
        agent.post(f"{path}/acknowledge", token | {"outcome": "resumed"}),
        agent.post(f"{path}/release", token),
    ]

    assert [(one.status_code, one.json()["code"]) for one in refused] == [(409, "stale_lease")] * 3
    assert claim(agent).json()["attempt"] == 2


def test_a_heartbeat_extends_and_a_release_gives_back(agent, waiting):
    answer(waiting)
    turn = claim(agent, lease_seconds=5).json()
    path, token = f"/resumptions/{turn['id']}", {"token": turn["lease"]["token"]}
    beat = agent.post(f"{path}/heartbeat", token).json()
    released = agent.post(f"{path}/release", token)

    assert beat["lease"]["expires_at"] >= turn["lease"]["expires_at"]
    assert released.json() == {"id": turn["id"], "released": True}
    assert claim(agent).json()["attempt"] == 2


def test_a_stale_approval_is_put_again_and_not_executed(agent, run, waiting):
    answer(waiting)
    turn = claim(agent).json()
    changed = [{"name": "order_status", "expected": "delivered", "found": "cancelled"}]
    stale = agent.post(
        f"/resumptions/{turn['id']}/acknowledge",
        {"token": turn["lease"]["token"], "outcome": "stale", "changed": changed},
    )
    shown = agent.get(f"/handoffs/{waiting}").json()

    assert stale.json()["state"] == "PAUSED_PENDING_HUMAN"
    assert (shown["state"], shown["round"], shown["answer"]) == ("waiting", 2, None)


@pytest.mark.parametrize(
    "body", [{"outcome": "stale"}, {"outcome": "resumed", "changed": [{"name": "x"}]}]
)
def test_what_changed_goes_with_stale_and_only_with_it(agent, waiting, body):
    answer(waiting)
    turn = claim(agent).json()
    refused = agent.post(
        f"/resumptions/{turn['id']}/acknowledge", {"token": turn["lease"]["token"], **body}
    )

    assert refused.status_code == 422


def test_pressure_governance_and_map_can_be_read(agent, waiting, shop):
    pressure = agent.get("/pressure?workflow=retail-support").json()
    governance = agent.get("/governance?workflow=retail-support").json()
    published = agent.get("/maps/retail-support").json()

    assert (pressure["level"], pressure["depth"], pressure["limit"]) == ("open", 1, 200)
    assert [row["role"] for row in governance["rows"]] == ["refund approvers"]
    assert published["version"] == 1
    assert published["digest"].startswith("sha-256=")
    assert {rule["id"]: rule["when"] for rule in published["rules"]}["large-refund"]
    assert {one["name"] for one in published["action_types"]} == {"cancel_order", "refund_order"}


def test_pressure_needs_to_know_of_what(agent, shop):
    refused = agent.get("/pressure")

    assert refused.status_code == 422
    assert refused.json()["fields"] == [{"path": "workflow", "message": "This field is required."}]


def test_information_does_not_reopen_what_is_answered(agent, waiting):
    answer(waiting)
    refused = agent.post(f"/handoffs/{waiting}/information", {"message": "By the way"})

    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert agent.get(f"/handoffs/{waiting}").json()["answer"]["verb"] == "approve"


def test_after_a_stale_approval_only_the_new_answer_is_carried(agent, waiting):
    answer(waiting)
    first = claim(agent).json()
    agent.post(
        f"/resumptions/{first['id']}/acknowledge",
        {
            "token": first["lease"]["token"],
            "outcome": "stale",
            "changed": [{"name": "order_status", "expected": "delivered", "found": "cancelled"}],
        },
    )
    answer(waiting, Verb.REJECT)
    second = claim(agent).json()

    assert [(one["verb"], one["round"]) for one in second["answers"]] == [("reject", 2)]
    assert second["id"] != first["id"]


def test_the_map_says_who_signed_by_seat_and_what_comes_next(agent, shop, mia, signers):
    Workflow.objects.update(sign_offs=["product", "compliance"])
    shop.workflow.refresh_from_db()
    now = timezone.now()
    for begins in (None, now + timedelta(hours=1)):
        drafted = factories.draft_map(shop.workflow, author=mia, default="notify")
        for seat in ("product", "compliance"):
            maps.sign(drafted, seat=seat, edition=1, user=signers[seat], by=SYSTEM, now=now)
        maps.publish(drafted, by=SYSTEM, now=now, effective_at=begins)

    told = agent.get("/maps/retail-support")

    read = told.json()
    assert (read["version"], read["next"]["version"]) == (2, 3)
    assert datetime.fromisoformat(read["next"]["effective_at"]) == now + timedelta(hours=1)
    assert [one["seat"] for one in read["signatures"]] == ["product", "compliance"]
    assert {frozenset(one) for one in read["signatures"]} == {frozenset({"seat", "signed_at"})}
    text = told.content.decode()
    assert not any(user.email in text or user.name in text for user in signers.values())


@pytest.fixture
def ambiguous(shop):
    """The matrix says who answers an ambiguity."""
    return MatrixRow.objects.create(
        workflow=shop.workflow, kind=HandoffKind.AMBIGUITY.value, role=shop.team, queue=shop.queue
    )


def asking(run, value="One or two"):
    fact = {"label": "All", "value": value}
    return {"run": run, "kind": "ambiguity", "brief": {"ask": "Which one?", "facts": [fact]}}


def test_who_asks_directly_is_told_what_to_shorten(agent, ambiguous, run):
    long, short = (agent.post("/handoffs", asking(run, value)) for value in ("word " * 200, "One"))

    assert (long.status_code, short.json()["warnings"]) == (201, [])
    assert [one["path"] for one in long.json()["warnings"]] == ["brief"]


def test_in_a_strict_workflow_a_long_question_is_refused(agent, shop, ambiguous, run):
    Workflow.objects.filter(pk=shop.workflow.pk).update(strict_briefs=True)

    told = agent.post("/handoffs", asking(run, "word " * 200))

    assert (told.status_code, told.json()["code"]) == (422, "over_reading_budget")
    assert not Handoff.objects.exists()
    assert agent.post("/handoffs", asking(run)).status_code == 201
