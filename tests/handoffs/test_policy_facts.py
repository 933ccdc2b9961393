"""What policy reads beside the signals, over HTTP: clock, first of its type, input, brief."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import maps, recorded
from handoffs import policy
from handoffs.actors import SYSTEM
from handoffs.models import ActionType, Proposal, RiskTierMap, Workflow
from handoffs.signals import ActionType as ActionTypeFacts
from handoffs.signals import Signals
from handoffs.states import Impact, Reversibility
from tests import factories

pytestmark = pytest.mark.django_db

KEYWORDS = {"legal-words": {"kind": "keywords", "entries": ["money back", "lawyer"]}}


def rule(id: str, when: dict[str, Any], if_missing: str = "fires") -> dict[str, Any]:
    return {
        "id": id,
        "tier": "hard_approval",
        "when": when,
        "because": "As the test says",
        "if_missing": if_missing,
    }


@pytest.fixture
def ruled_by(shop):
    """Put a map with these rules in force for the shop."""

    def publish(*rules: dict[str, Any], **changes: Any) -> RiskTierMap:
        Workflow.objects.filter(pk=shop.workflow.pk).update(sign_offs=[])
        shop.workflow.refresh_from_db()
        draft = factories.draft_map(shop.workflow, rules=list(rules), **changes)
        maps.publish(draft, by=SYSTEM, now=timezone.now())
        return draft

    return publish


@pytest.fixture
def run(agent, shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


def fired(response: Any) -> list[str]:
    return [one["id"] for one in response.json()["rules"]]


def propose(agent: Any, run: str, **changes: Any) -> Any:
    return agent.post("/proposals", factories.small_proposal_payload(run, **changes))


def test_first_proposal_of_a_type_is_known_as_the_first(agent, run, ruled_by, shop):
    ruled_by(rule("new-type", {"signal": "first_seen", "op": "==", "value": True}))
    foreseen = agent.post(
        "/proposals/dry-run", factories.small_proposal_payload(run, brief=factories.brief_payload())
    )
    assert fired(foreseen) == ["new-type"], "a dry run tells it and does not make it"

    first = propose(agent, run, brief=factories.brief_payload(), blocking=False)
    second = propose(agent, run)

    assert fired(first) == ["new-type"]
    assert fired(second) == []
    assert list(Proposal.objects.order_by("id").values_list("first_seen", flat=True)) == [
        True,
        False,
    ]
    kept = Proposal.objects.earliest("id")
    assert ActionType.objects.get(pk=shop.cancel_order.pk).first_proposed_at == kept.created_at
    assert ActionType.objects.get(pk=shop.refund_order.pk).first_proposed_at is None


def test_proposal_that_needs_nobody_is_a_first_one_too(agent, run, shop):
    propose(agent, run)
    propose(agent, run)

    first, second = Proposal.objects.order_by("id")
    assert (first.first_seen, second.first_seen) == (True, False)
    assert ActionType.objects.get(pk=shop.cancel_order.pk).first_proposed_at == first.created_at


def test_input_is_searched_for_words_of_a_list(agent, run, ruled_by):
    words = {"fields": ["input.text", "arguments.reason"], "op": "contains_any"}
    ruled_by(rule("legal", {**words, "list": "legal-words"}), lists=KEYWORDS)

    told = propose(agent, run, brief=factories.brief_payload())

    assert fired(told) == ["legal"], "the run began with: I want my money back"


def test_input_is_read_only_when_the_map_reads_it(agent, run, ruled_by, shop):
    assert inputs_read(agent, run) == 0

    ruled_by(rule("legal", {"signal": "input.other", "op": "==", "value": "x"}, "does_not_fire"))

    assert inputs_read(agent, run) == 1


def inputs_read(agent: Any, run: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        propose(agent, run)
    return sum('SELECT "handoffs_run"."input"' in one["sql"] for one in queries)


def test_brief_is_read_as_the_agent_sent_it(agent, run, ruled_by):
    ruled_by(
        rule("ask", {"signal": "brief.ask", "op": "contains_any", "value": ["refund"]}),
        rule("draft", {"signal": "brief.draft", "op": "contains_any", "value": ["dear kim"]}),
        rule("summary", {"signal": "brief.summary", "op": "contains_any", "value": ["lawyer"]}),
    )

    told = propose(agent, run, brief=factories.brief_payload())

    assert fired(told) == ["ask", "draft"]


def test_hour_and_day_are_those_of_the_maps_time_zone(agent, run, ruled_by):
    hour = {"signal": "time.hour", "op": ">=", "value": 0}
    ruled_by(rule("any-time", hour, "does_not_fire"), time_zone="Asia/Kathmandu")

    told = propose(agent, run, brief=factories.brief_payload())

    assert fired(told) == ["any-time"], "the clock is always known"


def test_recorded_proposal_is_ruled_the_same_again(agent, run, ruled_by, shop):
    minute = timezone.now().minute / 60
    made = ruled_by(
        rule("new-type", {"signal": "first_seen", "op": "==", "value": True}),
        rule("input", {"signal": "input.text", "op": "contains_any", "value": ["tablet"]}),
        rule("weekend", {"signal": "time.weekday", "op": "in", "value": ["saturday", "sunday"]}),
        rule("late", {"signal": "time.hour", "op": ">", "value": minute}),
    )
    for _ in range(2):
        propose(agent, run, brief=factories.brief_payload(), blocking=False)
    risk_map = policy.parse_map(made.body, version=made.version)
    stored = {one.id: one.rules for one in Proposal.objects.all()}

    again = {
        one.id: policy.evaluate(risk_map, one.action, one.signals)
        for one in recorded.proposals(
            shop.workflow, since=datetime(2000, 1, 1, tzinfo=UTC), until=timezone.now()
        )
    }

    assert len(stored) == 2
    for id, ruling in again.items():
        assert [one.id for one in ruling.fired] == [one["id"] for one in stored[id]]


@pytest.mark.parametrize("size", [20, 300])
def test_rules_cost_no_query(size, django_assert_num_queries):
    words = {"signal": "input.text", "op": "contains_any", "list": "legal-words"}
    many = [rule(f"rule-{number}", words) for number in range(size)]
    risk_map = policy.parse_map({"default": "autonomous", "lists": KEYWORDS, "rules": many})
    type = ActionTypeFacts(name="a", impact=Impact.LOW, reversibility=Reversibility.REVERSIBLE)
    action = type.with_arguments({}, at=timezone.now(), input={"text": "a lawyer"})

    with django_assert_num_queries(0):
        ruling = policy.evaluate(risk_map, action, Signals())

    assert len(ruling.fired) == size
