"""What would happen is what happens: the same case as a question and as a real proposal."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Client, User
from governance import explorer
from governance.explorer import Case
from handoffs import intake
from handoffs.models import Handoff, LadderStep, MatrixRow, Proposal, Queue, RiskTierMap, Run
from handoffs.states import Fallback, HandoffKind, Tier
from tests import factories, walks
from tests.factories import Shop

pytestmark = pytest.mark.django_db
REFUND = {"order_id": "#W5744371", "amount": 312.5, "currency": "USD"}
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("refund_order", REFUND, {"confidence": 0.9, "values": {"amount": 312.5}}),
    ("refund_order", REFUND | {"amount": 5}, {}),
    ("cancel_order", {"order_id": "#W1"}, {"confidence": 0.9}),
    ("cancel_order", {"order_id": "#W1"}, {"flags": ["legal_threat"]}),
    ("cancel_order", {"order_id": "#W1"}, {"flags": ["fraud"]}),
]


@pytest.fixture
def richer(shop: Shop) -> Shop:
    """The shop with a map that also stops, and rows that beat one another."""
    body = factories.map_body()
    body["rules"].append(
        {
            "id": "fraud",
            "tier": "hard_stop",
            "when": {"signal": "flags", "op": "contains_any", "value": ["fraud"]},
            "because": "Fraud is suspected",
        }
    )
    type(shop.workflow).objects.filter(pk=shop.workflow.pk).update(name="Richer")
    row = factories.MatrixRowFactory(
        workflow=shop.workflow,
        action_type=shop.cancel_order,
        tier=Tier.HARD_APPROVAL.value,
        role=shop.leads,
        queue=shop.leads_queue,
        deadline_seconds=5400,
        fallback=Fallback.FAIL.value,
    )
    LadderStep.objects.create(
        row=row, level=2, role=shop.team, queue=shop.queue, seconds=600, required_context=["Why"]
    )
    _replace_map(shop, body)
    return shop


def _replace_map(shop: Shop, body: dict[str, Any]) -> None:
    now = timezone.now()
    RiskTierMap.objects.filter(pk=shop.map.pk).update(superseded_at=now)
    RiskTierMap.objects.create(
        workflow=shop.workflow,
        version=2,
        state="published",
        body=body,
        published_at=now,
        effective_at=now,
    )


@pytest.fixture
def waiting(richer: Shop, bot: Client) -> Run:
    return walks.start_run(richer, bot)


def ask(shop: Shop, action: str, arguments: Any, signals: Any, **more: Any) -> explorer.Outcome:
    at = more.pop("at", timezone.now())
    ruling = explorer.policy_at(shop.workflow, at=at, **more)
    case = Case(action_type=action, at=at, arguments=arguments, signals=signals)
    return explorer.what_happens(ruling, case)


@pytest.mark.parametrize(("action", "arguments", "signals"), CASES)
def test_what_would_happen_is_what_happens(
    richer: Shop, bot: Client, bot_key: str, action: str, arguments: Any, signals: Any
) -> None:
    run = walks.start_run(richer, bot)
    changes = {"action_type": action, "arguments": arguments, "signals": signals}
    walks.propose(bot_key, run, **changes)
    proposal = Proposal.objects.get(run=run)
    handoff = Handoff.objects.filter(proposal=proposal).first()

    told = ask(richer, action, arguments, signals)

    assert told.ruling.tier == proposal.tier
    fired = [(rule["id"], rule["because"]) for rule in proposal.rules]
    assert [(one.id, one.because) for one in told.ruling.fired] == fired
    assert (told.asked is None) is (handoff is None)
    if told.asked is None or handoff is None:
        return
    assert told.asked.kind == handoff.kind
    assert told.asked.authority.role_id == handoff.role_id
    assert told.asked.authority.queue_id == handoff.queue_id
    assert told.asked.authority.safeguards == handoff.safeguards
    assert told.asked.row.fallback == handoff.fallback
    first, *above = told.asked.stops
    assert first.due == pytest.approx(handoff.deadline_at, abs=timedelta(seconds=5))
    assert [(one.level, one.role, one.queue) for one in above] == [
        (level["level"], level["role"], Queue.objects.get(slug=level["queue"]).name)
        for level in handoff.ladder
    ]
    due = first.due
    for stop, level in zip(above, handoff.ladder, strict=True):
        assert due is not None and stop.begins == due
        due = stop.due
        assert stop.due == stop.begins + timedelta(seconds=level["seconds"])


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(
    amount=st.floats(0, 1000, allow_nan=False),
    flags=st.lists(st.sampled_from(["legal_threat", "fraud", "gift"]), max_size=2),
    confidence=st.none() | st.floats(0, 1),
    action=st.sampled_from(["refund_order", "cancel_order"]),
)
def test_the_tier_is_the_one_that_a_dry_run_would_give(
    richer: Shop,
    waiting: Run,
    bot_key: str,
    amount: float,
    flags: list[str],
    confidence: float | None,
    action: str,
) -> None:
    arguments = REFUND | {"amount": amount} if action == "refund_order" else {"order_id": "1"}
    sent: dict[str, Any] = {"flags": flags, "values": {"amount": amount}}
    if confidence is not None:
        sent["confidence"] = confidence
    proposed = walks.proposed(waiting, action_type=action, arguments=arguments, signals=sent)

    told = json.loads(intake.dry_run(walks.look(bot_key, waiting), proposed).body)

    asked = ask(richer, action, arguments, sent)
    assert asked.ruling.tier == told["tier"]
    assert [one.because for one in asked.ruling.fired] == [one["because"] for one in told["rules"]]
    queue = asked.asked.authority.queue_slug if asked.asked else None
    assert queue == (told["handoff"]["queue"] if told["handoff"] else None)


FACTS = {
    "timed": {"not": {"missing": "time.hour"}},
    "new": {"signal": "first_seen", "op": "==", "value": True},
    "lawyer": {"signal": "input.text", "op": "contains_any", "value": ["tablet"]},
    "asked": {"signal": "brief.ask", "op": "contains_any", "value": ["refund"]},
}


def test_what_surrounds_a_proposal_is_read_as_intake_reads_it(
    shop: Shop, bot: Client, bot_key: str
) -> None:
    rules = [
        {"id": id, "tier": "hard_approval", "when": when, "because": id, "if_missing": "fires"}
        for id, when in FACTS.items()
    ]
    _replace_map(shop, {"default": "autonomous", "rules": rules})
    run = walks.start_run(shop, bot)
    proposed = walks.proposed(run)

    told = json.loads(intake.dry_run(walks.look(bot_key, run), proposed).body)

    at = timezone.now()
    case = Case(
        action_type=proposed.action_type,
        at=at,
        arguments=proposed.arguments,
        signals=proposed.signals,
        input=run.input,
        brief=proposed.brief,
    )
    asked = explorer.what_happens(explorer.policy_at(shop.workflow, at=at), case)
    assert {"timed", "new", "lawyer", "asked"} <= {one["id"] for one in told["rules"]}
    assert [one.because for one in asked.ruling.fired] == [one["because"] for one in told["rules"]]


def test_a_deadline_in_business_time_is_the_one_that_the_handoff_gets(
    shop: Shop, bot: Client, bot_key: str
) -> None:
    hours = {"monday": ["09:00-11:00"], "thursday": ["13:00-14:00"]}
    Queue.objects.filter(pk=shop.queue.pk).update(time_zone="Europe/Berlin", hours=hours)
    MatrixRow.objects.filter(pk=shop.row.pk).update(business_time=True, deadline_seconds=5 * 3600)
    run = walks.start_run(shop, bot)
    walks.propose(bot_key, run)
    handoff = Handoff.objects.get(run=run)

    told = ask(shop, "refund_order", REFUND, {}, at=handoff.opened_at)

    assert told.asked is not None
    assert told.asked.stops[0].due == handoff.deadline_at
    assert "5 h of Mon 09:00–11:00, Thu 13:00–14:00 Berlin →" in told.asked.stops[0].derivation
    assert told.asked.stops[1].begins == handoff.deadline_at


def test_the_winning_row_says_what_it_beat_and_why(richer: Shop) -> None:
    told = ask(richer, "cancel_order", {"order_id": "1"}, {"flags": ["legal_threat"]})

    assert told.asked is not None
    assert told.asked.row.named == ("cancel_order", None, "hard_approval")
    assert [row.named for row in told.asked.beaten] == [(None, None, None)]
    why = explorer.why_first(told.asked.row, told.asked.beaten[0])
    assert why == "it names the action type and the other does not"


def test_a_draft_is_asked_as_if_it_were_in_force(richer: Shop) -> None:
    draft = RiskTierMap.objects.create(
        workflow=richer.workflow, version=9, body={"default": "hard_stop"}
    )

    told = ask(richer, "cancel_order", {"order_id": "1"}, {}, map=draft)

    assert (told.ruling.tier, told.ruling.version) == (Tier.HARD_STOP, 9)
    assert told.asked is not None and told.asked.kind is HandoffKind.TAKEOVER


def test_a_gap_is_marked_at_the_question_that_nobody_covers(shop: Shop) -> None:
    MatrixRow.objects.filter(workflow=shop.workflow).update(action_type=shop.cancel_order)
    ruling = explorer.policy_at(shop.workflow, at=timezone.now())

    found = explorer.situations(ruling, at=timezone.now())

    gap = next(one for one in found if one.action_type == "refund_order")
    assert gap.row is None
    assert gap.gaps[0].startswith("Nobody has authority over refund_order at hard approval:")
    assert ask(shop, "refund_order", REFUND, {}).uncovered


def test_what_is_drawn_for_an_audit_has_a_line_of_its_own(shop: Shop) -> None:
    at = timezone.now()
    ruling = replace(explorer.policy_at(shop.workflow, at=at), shares={Tier.AUTONOMOUS: 0.01})

    covered = explorer.situations(ruling, at=at)
    bare = explorer.situations(replace(ruling, rows=()), at=at)

    assert [one.row is not None for one in covered if one.kind is HandoffKind.AUDIT] == [True]
    audit = next(one for one in bare if one.kind is HandoffKind.AUDIT)
    assert audit.gaps == (
        "No row covers audits of cancel_order: what is drawn waits until one does.",
    )


def test_every_gap_is_shown_somewhere(shop: Shop) -> None:
    MatrixRow.objects.filter(workflow=shop.workflow).update(fallback="")
    at = timezone.now()
    ruling = explorer.policy_at(shop.workflow, at=at)

    here = [gap for one in explorer.situations(ruling, at=at) for gap in one.gaps]

    assert any("ends in nothing" in sentence for sentence in here)
    assert explorer.loose_gaps(ruling, at=at) == []


class TestPage:
    @pytest.fixture
    def browser(self, ann: User) -> Browser:
        browser = Browser()
        browser.force_login(ann)
        return browser

    def send(self, browser: Browser, query: str = "", **typed: str) -> Any:
        path = reverse("governance:what-happens", args=["retail-support"])
        return browser.post(f"{path}?action=refund_order{query}", typed)

    def typed(self) -> dict[str, str]:
        return {f"a/arguments/{name}": str(value) for name, value in REFUND.items()}

    def test_a_case_is_entered_and_answered(self, richer: Shop, browser: Browser) -> None:
        page = self.send(browser, **self.typed(), **{"a/signals/values": "amount = 312.5"})

        text = " ".join(page.content.decode().split())
        assert page.status_code == 200
        assert "<strong>hard approval</strong> The agent waits" in text
        assert "Refund of 200.00 or more" in text
        assert "Level 1: the refund approvers are asked, in Refunds" in text
        assert "Still nobody: the agent is told no" in text

    def test_what_an_agent_may_not_send_is_marked(self, richer: Shop, browser: Browser) -> None:
        page = self.send(browser, **(self.typed() | {"a/arguments/amount": "much"}))

        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.content.decode()

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("a/at", "soon", "The time is not readable"),
            ("a/signals/values", "312", "is no value"),
            ("a/signals/confidence", "7", ""),
        ],
    )
    def test_what_cannot_be_read_is_said(
        self, richer: Shop, browser: Browser, name: str, text: str, said: str
    ) -> None:
        page = self.send(browser, **(self.typed() | {name: text}))

        assert page.status_code == 422
        assert said in page.content.decode()

    @pytest.mark.parametrize("query", ["&map=99", "&map=x"])
    def test_a_version_that_is_not_there_is_not_found(
        self, richer: Shop, browser: Browser, query: str
    ) -> None:
        assert self.send(browser, query).status_code == 404

    def test_nothing_is_stored(self, richer: Shop, browser: Browser) -> None:
        self.send(browser, **self.typed())

        assert not Proposal.objects.exists() and not Handoff.objects.exists()

    def test_it_answers_for_another_time(self, richer: Shop, browser: Browser) -> None:
        later = datetime(2031, 5, 5, 9, tzinfo=UTC)

        page = self.send(browser, **self.typed(), **{"a/at": f"{later:%Y-%m-%d %H:%M}"})

        assert "13:00 UTC" in page.content.decode()


def test_the_team_is_named_and_no_person(richer: Shop, refund_approvers: Group, ann: User) -> None:
    told = ask(richer, "refund_order", REFUND, {})

    assert told.asked is not None
    assert "Ann" not in json.dumps([stop.role for stop in told.asked.stops])
