"""The main job: an agent asks over HTTP, ann decides at the desk, the agent goes on with that."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from handoffs import receipts
from handoffs.models import Answer, Handoff, Resumption
from reviews.models import Draft
from tests import factories
from tests.people import Agent
from tests.reviews.waiting import let_lease_run_out

pytestmark = pytest.mark.django_db

CHANGED = {"name": "order_status", "expected": "delivered", "found": "cancelled"}
OPTIONS = [
    {
        "id": "full",
        "label": "Refund all of it",
        "consequence": "312.50 USD leave today",
        "arguments": {"order_id": "#W5744371", "amount": 312.5, "currency": "USD"},
    },
    {
        "id": "half",
        "label": "Refund half",
        "consequence": "156.25 USD leave today",
        "arguments": {"order_id": "#W5744371", "amount": 156.25, "currency": "USD"},
    },
]


class Desk:
    """A reviewer's browser without scripts."""

    def __init__(self, person: User) -> None:
        self.browser = Browser()
        self.browser.force_login(person)

    def take(self) -> str:
        """Take the next one and open its page; return the handoff's id."""
        opened = self.browser.post(reverse("reviews:take"), follow=True)
        assert opened.status_code == 200
        assert opened.redirect_chain, "nothing was there to take"
        return str(opened.redirect_chain[-1][0].rpartition("/")[2])

    def reads(self, handoff: str) -> str:
        page = self.browser.get(reverse("reviews:handoff", args=[handoff]))
        return str(page.content.decode())

    def does(self, name: str, handoff: str, **typed: str) -> Any:
        filled_in = ["approve_with_edits"] if name in ("fill-in", "send") else []
        address = reverse(f"reviews:{name}", args=[handoff, *filled_in])
        return self.browser.post(address, {"queue": "refunds", **typed})

    def decides(self, handoff: str, verb: str, **typed: str) -> Any:
        return self.does("decide", handoff, verb=verb, **typed)

    def edits(self, handoff: str, **fields: str) -> Any:
        """Fill in the form, look at the changes, approve exactly these."""
        typed = {f"a/{name}": value for name, value in fields.items()}
        seen = self.does("fill-in", handoff, **typed).context["page"].seen
        return self.does("send", handoff, **typed, seen=seen)


class Refund:
    """One run of the agent that asks for a refund."""

    def __init__(self, agent: Agent, **changes: Any) -> None:
        self.agent = agent
        self.run = agent.post("/runs", factories.run_payload()).json()["id"]
        asked = agent.post("/proposals", factories.proposal_payload(self.run, **changes))
        assert asked.status_code == 201, asked.content
        self.ruling = asked.json()
        self.handoff = self.ruling["handoff"]["id"]

    @property
    def state(self) -> str:
        return str(self.agent.get(f"/runs/{self.run}").json()["state"])

    def claim(self) -> Any:
        body = {"workflows": ["retail-support"], "worker": "host-1", "lease_seconds": 60}
        claimed = self.agent.post("/resumptions/claim", body)
        assert claimed.status_code == 200, claimed.content
        return claimed.json()

    def acknowledge(self, turn: Any, outcome: str = "resumed", **more: Any) -> Any:
        body = {"token": turn["lease"]["token"], "outcome": outcome, **more}
        return self.agent.post(f"/resumptions/{turn['id']}/acknowledge", body)

    def complete(self) -> Any:
        return self.agent.post(f"/runs/{self.run}/complete", {"output": {"refunded": True}})


@pytest.fixture
def refund(agent: Agent, shop: factories.Shop) -> Refund:
    return Refund(agent)


@pytest.fixture
def desk(ann: User) -> Desk:
    return Desk(ann)


def test_the_agent_goes_on_with_exactly_what_was_approved(refund: Refund, desk: Desk) -> None:
    assert (refund.ruling["tier"], refund.ruling["act"]) == ("hard_approval", "wait")
    assert refund.state == "PAUSED_PENDING_HUMAN"

    assert desk.take() == refund.handoff
    assert desk.does("evidence", refund.handoff, evidence="policy").status_code == 302
    assert desk.edits(refund.handoff, amount="300").status_code == 302

    assert refund.state == "HUMAN_RESPONDED"
    turn = refund.claim()
    (answer,) = turn["answers"]
    wanted = {"order_id": "#W5744371", "amount": 300, "currency": "USD"}
    assert (answer["verb"], answer["arguments"]) == ("approve_with_edits", wanted)
    assert answer["arguments_digest"] == receipts.arguments_digest(wanted)
    assert answer["edits"] == [{"path": "arguments.amount", "before": 312.5, "after": 300}]
    assert answer["by"] == {"kind": "person", "role": "refund approvers"}
    assert turn["checkpoint"] == {"step": 3}

    assert refund.acknowledge(turn).json()["state"] == "RUNNING"
    assert refund.complete().json()["state"] == "COMPLETED"


def test_one_turn_is_acknowledged_once(refund: Refund, desk: Desk) -> None:
    desk.decides(desk.take(), "approve")
    turn = refund.claim()
    refund.acknowledge(turn)

    again = refund.acknowledge(turn)

    assert (again.status_code, again.json()["code"]) == (409, "stale_lease")
    assert refund.state == "RUNNING"


def test_a_worker_whose_lease_ran_out_acknowledges_nothing(refund: Refund, desk: Desk) -> None:
    desk.decides(desk.take(), "approve")
    slow = refund.claim()
    Resumption.objects.update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    quick = refund.claim()

    late = refund.acknowledge(slow)

    assert (late.status_code, late.json()["code"]) == (409, "stale_lease")
    assert quick["attempt"] == slow["attempt"] + 1
    assert quick["answers"] == slow["answers"]
    assert refund.acknowledge(quick).status_code == 200


def test_a_rejection_releases_nothing_and_says_why(refund: Refund, desk: Desk) -> None:
    desk.decides(desk.take(), "reject", words="The order was delivered on Monday.")

    (answer,) = refund.claim()["answers"]

    assert (answer["verb"], answer["arguments"]) == ("reject", None)
    assert answer["reason"] == "The order was delivered on Monday."


def test_a_question_goes_to_the_agent_and_comes_back_answered(refund: Refund, desk: Desk) -> None:
    desk.does("ask", desk.take(), words="Which address was it sent to?")
    asked = refund.agent.get(f"/handoffs/{refund.handoff}").json()
    assert (asked["state"], asked["question"]) == (
        "needs_information",
        "Which address was it sent to?",
    )

    given = refund.agent.post(
        f"/handoffs/{refund.handoff}/information",
        {"facts": [{"label": "Sent to", "value": "5 Elm Street"}]},
    )

    assert given.status_code == 200, given.content
    assert desk.take() == refund.handoff
    assert "5 Elm Street" in desk.reads(refund.handoff)
    desk.decides(refund.handoff, "approve")
    assert refund.state == "HUMAN_RESPONDED"


def test_what_the_agent_answers_in_words_is_read_by_who_asked(refund: Refund, desk: Desk) -> None:
    desk.does("ask", desk.take(), words="Which address was it sent to?")
    words = {"message": "To 5 Elm Street."}
    assert refund.agent.post(f"/handoffs/{refund.handoff}/information", words).status_code == 200

    assert "To 5 Elm Street." in desk.reads(desk.take())


def test_a_chosen_option_releases_its_own_arguments(
    agent: Agent, shop: factories.Shop, desk: Desk
) -> None:
    refund = Refund(agent, brief=factories.brief_payload(options=OPTIONS))

    desk.decides(desk.take(), "choose", option="half")

    (answer,) = refund.claim()["answers"]
    assert (answer["verb"], answer["option"]) == ("choose", "half")
    assert answer["arguments"] == OPTIONS[1]["arguments"]
    assert answer["arguments_digest"] == receipts.arguments_digest(OPTIONS[1]["arguments"])


def test_what_is_handed_up_is_decided_by_the_leads(
    refund: Refund, desk: Desk, shop: factories.Shop
) -> None:
    lead = factories.UserFactory(roles=["reviewer"], groups=[shop.leads])
    desk.does("hand-up", desk.take(), words="Above my limit.")
    owner = refund.agent.get(f"/handoffs/{refund.handoff}").json()["owner"]
    leads = Desk(lead)

    assert (owner["role"], owner["level"]) == (shop.leads.name, "L2")
    assert desk.browser.post(reverse("reviews:take"))["Location"] == reverse("reviews:desk")
    leads.decides(leads.take(), "approve")

    (answer,) = refund.claim()["answers"]
    assert answer["by"]["role"] == shop.leads.name


def test_what_went_stale_is_asked_again_with_what_changed_and_answered_anew(
    refund: Refund, desk: Desk
) -> None:
    desk.decides(desk.take(), "approve")
    first = refund.claim()

    stale = refund.acknowledge(first, "stale", changed=[CHANGED])

    assert stale.json()["state"] == "PAUSED_PENDING_HUMAN"
    assert desk.take() == refund.handoff
    assert "cancelled" in desk.reads(refund.handoff)
    desk.decides(refund.handoff, "reject", words="It was cancelled meanwhile.")
    second = refund.claim()
    assert [answer["verb"] for answer in second["answers"]] == ["reject"]
    assert second["answers"][0]["id"] != first["answers"][0]["id"]
    assert second["answers"][0]["round"] == 2


def test_a_second_answer_is_refused_and_changes_nothing(
    refund: Refund, desk: Desk, ann: User
) -> None:
    handoff = desk.take()
    desk.decides(handoff, "approve")

    again = desk.decides(handoff, "reject", words="No, after all it is too much.")

    assert again.status_code == 409
    assert Answer.objects.get().verb == "approve"
    assert "Nothing was sent" in again.content.decode()


def test_who_lost_the_claim_is_told_who_decided_and_keeps_every_word(
    refund: Refund, desk: Desk, ann: User, ben: User
) -> None:
    handoff = desk.take()
    let_lease_run_out(Handoff.objects.get(id=handoff))
    colleague = Desk(ben)
    colleague.decides(colleague.take(), "approve")

    late = desk.decides(handoff, "reject", words="The order was delivered on Monday.")

    page = late.content.decode()
    assert late.status_code == 409
    assert "Ben" in page
    assert "The order was delivered on Monday." in page
    assert Answer.objects.get().verb == "approve"
    kept = Draft.objects.get(handoff=handoff, reviewer=ann)
    assert kept.body["reason"] == "The order was delivered on Monday."


def test_an_agent_that_completes_while_a_person_is_asked_is_refused(refund: Refund) -> None:
    early = refund.complete()

    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    assert refund.state == "PAUSED_PENDING_HUMAN"


def test_asking_again_with_the_same_key_is_the_same_question(
    agent: Agent, shop: factories.Shop
) -> None:
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    payload = factories.proposal_payload(run)
    first = agent.post("/proposals", payload, **{"Idempotency-Key": "step-3"})
    again = agent.post("/proposals", payload, **{"Idempotency-Key": "step-3"})

    assert json.loads(again.content) == json.loads(first.content)
    assert again["Idempotent-Replay"] == "true"
    assert Handoff.objects.count() == 1
