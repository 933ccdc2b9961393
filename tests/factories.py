"""Builds what has no history: people, clients, workflows, queues, matrix rows, payloads.

Whatever has a state is walked there by the real operations: `make_handoff(at="waiting")`.
"""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import factory
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.models import Client, User
from governance import cases, maps
from handoffs import models, policy
from handoffs.actors import SYSTEM
from handoffs.policy import PolicyError
from handoffs.states import Fallback, Impact, Reversibility, Tier

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A person; `groups=[…]` puts them into teams. Everyone's password is PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.django.Password(PASSWORD)

    @factory.post_generation
    def groups(self: Any, create: bool, extracted: list[Group] | None, **_: Any) -> None:
        if create and extracted:
            self.groups.add(*extracted)


class ClientFactory(factory.django.DjangoModelFactory[Client]):
    class Meta:
        model = Client

    name = factory.Sequence(lambda n: f"client {n}")
    contact = "agents@example.com"


class QueueFactory(factory.django.DjangoModelFactory[models.Queue]):
    class Meta:
        model = models.Queue

    slug = factory.Sequence(lambda n: f"queue-{n}")
    name = factory.LazyAttribute(lambda queue: queue.slug.replace("-", " ").capitalize())


class WorkflowFactory(factory.django.DjangoModelFactory[models.Workflow]):
    class Meta:
        model = models.Workflow

    slug = factory.Sequence(lambda n: f"workflow-{n}")
    name = factory.LazyAttribute(lambda workflow: workflow.slug.replace("-", " ").capitalize())


class ActionTypeFactory(factory.django.DjangoModelFactory[models.ActionType]):
    class Meta:
        model = models.ActionType

    workflow = factory.SubFactory(WorkflowFactory)
    name = factory.Sequence(lambda n: f"action_{n}")
    title = factory.LazyAttribute(lambda action: action.name.replace("_", " ").capitalize())
    impact = Impact.LOW.value
    reversibility = Reversibility.REVERSIBLE.value


class MatrixRowFactory(factory.django.DjangoModelFactory[models.MatrixRow]):
    """`ladder=[(role, queue, seconds), …]` names the levels above the first."""

    class Meta:
        model = models.MatrixRow
        skip_postgeneration_save = True

    fallback = Fallback.REJECT.value

    @factory.post_generation
    def ladder(self: Any, create: bool, extracted: list[tuple[Any, ...]] | None, **_: Any) -> None:
        for level, (role, queue, seconds) in enumerate(extracted or (), start=2):
            models.LadderStep.objects.create(
                row=self, level=level, role=role, queue=queue, seconds=seconds
            )


def make_team(name: str) -> Group:
    return Group.objects.get_or_create(name=name)[0]


def let_work(team: Group, queue: models.Queue) -> None:
    """Give `team` the right to take and decide what waits in `queue`."""
    models.QueueGroupPermission.objects.get_or_create(
        group=team,
        permission=Permission.objects.get(codename="work_queue"),
        content_object=queue,
    )


CANCEL_SCHEMA = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "title": "Order"},
        "reason": {"type": "string", "enum": ["no longer needed", "ordered by mistake"]},
    },
    "required": ["order_id"],
    "additionalProperties": False,
}
REFUND_SCHEMA = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "title": "Order"},
        "amount": {"type": "number", "minimum": 0, "title": "Amount"},
        "currency": {"type": "string", "enum": ["EUR", "USD"]},
        "note": {"type": "string", "title": "Note to the customer"},
    },
    "required": ["order_id", "amount", "currency"],
    "additionalProperties": False,
}


def map_body() -> dict[str, Any]:
    return {
        "default": Tier.AUTONOMOUS.value,
        "floors": {
            "low": {"reversible": "autonomous", "irreversible": "notify"},
            "high": {"reversible": "soft_review", "irreversible": "hard_approval"},
        },
        "rules": [
            {
                "id": "large-refund",
                "tier": "hard_approval",
                "when": {
                    "all": [
                        {"signal": "action_type", "op": "==", "value": "refund_order"},
                        {"signal": "values.amount", "op": ">=", "value": 200},
                    ]
                },
                "because": "Refund of 200.00 or more",
            },
            {
                "id": "legal-threat",
                "tier": "hard_approval",
                "when": {"signal": "flags", "op": "contains_any", "value": ["legal_threat"]},
                "because": "The customer mentions legal action",
            },
        ],
    }


# the same few maps are made again and again
_CASES: dict[str, list[dict[str, Any]]] = {}


def map_cases(workflow: models.Workflow, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return cases that show every rule of `body` from both sides; none for what is no map."""
    types = maps.action_types(workflow)
    key = json.dumps([body, [repr(one) for one in types]], sort_keys=True)
    if key not in _CASES:
        try:
            made = cases.suggest(policy.parse_map(body), types)
        except PolicyError:
            made = []
        _CASES[key] = [cases.to_json(one) for one in made]
    return _CASES[key]


def draft_map(
    workflow: models.Workflow, *, author: User | None = None, **changes: Any
) -> models.RiskTierMap:
    """A draft of the usual map with `changes`, and the cases that it needs."""
    body = map_body() | changes
    return maps.draft(
        workflow,
        body,
        cases=map_cases(workflow, body),
        by=SYSTEM,
        author=author,
        now=timezone.now(),
    )


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A launched workflow as a web shop would set it up."""

    workflow: models.Workflow
    cancel_order: models.ActionType
    refund_order: models.ActionType
    map: models.RiskTierMap
    queue: models.Queue
    leads_queue: models.Queue
    team: Group
    leads: Group
    row: models.MatrixRow


def _action_types(workflow: models.Workflow) -> tuple[models.ActionType, models.ActionType]:
    cancel_order = ActionTypeFactory(
        workflow=workflow,
        name="cancel_order",
        title="Cancel order {order_id}",
        arguments_schema=CANCEL_SCHEMA,
    )
    refund_order = ActionTypeFactory(
        workflow=workflow,
        name="refund_order",
        title="Refund {amount} {currency} for order {order_id}",
        impact=Impact.HIGH.value,
        reversibility=Reversibility.IRREVERSIBLE.value,
        arguments_schema=REFUND_SCHEMA,
        required_context=["Order total"],
    )
    return cancel_order, refund_order


def _first_map(workflow: models.Workflow) -> models.RiskTierMap:
    """Put the usual map in force without its history: no entry in the audit log."""
    body = maps.normalised(map_body())
    return models.RiskTierMap.objects.create(
        workflow=workflow,
        version=1,
        state=models.RiskTierMap.State.PUBLISHED,
        body=body,
        cases=map_cases(workflow, body),
        digest=policy.parse_map(body).digest,
        published_at=timezone.now(),
        effective_at=timezone.now(),
    )


def launch_shop(*, slug: str = "retail-support", team: Group | None = None) -> Shop:
    """Build a launched workflow: cancel_order needs nobody, refund_order an approval.

    The first row covers everything: `team` in the queue `refunds`, then its leads, then rejected.
    """
    team = team or make_team("refund approvers")
    leads = make_team(f"{team.name} leads")
    suffix = "" if slug == "retail-support" else f"-{slug}"
    queue = QueueFactory(slug=f"refunds{suffix}", name="Refunds", pick_allowed=True)
    leads_queue = QueueFactory(slug=f"refunds-leads{suffix}", name="Refunds, leads")
    let_work(team, queue)
    let_work(leads, leads_queue)
    # nothing is published into an empty room
    UserFactory(name="Stand-in", roles=["reviewer"], groups=[team, leads])
    workflow = WorkflowFactory(slug=slug, name=slug.replace("-", " ").capitalize())
    cancel_order, refund_order = _action_types(workflow)
    shop = Shop(
        workflow=workflow,
        cancel_order=cancel_order,
        refund_order=refund_order,
        map=_first_map(workflow),
        queue=queue,
        leads_queue=leads_queue,
        team=team,
        leads=leads,
        row=MatrixRowFactory(
            workflow=workflow,
            role=team,
            queue=queue,
            fallback=Fallback.REJECT.value,
            ladder=[(leads, leads_queue, 4 * 3600)],
        ),
    )
    models.Workflow.objects.filter(pk=workflow.pk).update(launched_at=timezone.now())
    workflow.refresh_from_db()
    return shop


def external_id() -> str:
    return f"ticket-{next(_numbers)}"


def run_payload(**changes: Any) -> dict[str, Any]:
    """The body of POST /runs."""
    return {
        "workflow": "retail-support",
        "external_id": external_id(),
        "input": {"text": "My tablet never arrived, I want my money back"},
        "requester": {"name": "Kim Li", "email": "kim@example.com", "locale": "en"},
    } | changes


def brief_payload(**changes: Any) -> dict[str, Any]:
    return {
        "ask": "Refund 312.50 USD for order #W5744371?",
        "summary": "Order is four days late; customer asked twice for a refund.",
        "facts": [
            {
                "label": "Order total",
                "value": "312.50 USD",
                "kind": "money",
                "source": "orders/W5744371",
            }
        ],
        "flags": [{"label": "Customer mentions legal action", "severity": "high"}],
        "steps": ["Looked up the customer", "Read the order", "Checked the refund policy"],
        "evidence": [
            {
                "id": "policy",
                "title": "Refund policy, section 3",
                "url": "https://shop.example/policy",
                "snippet": "Refunds are due when an order is more than three days late.",
                "source": "policy store",
                "must_open": False,
            }
        ],
        "draft": {"kind": "text", "body": "Dear Kim, your money is on its way."},
        "recommendation": {"answer": "approve", "rationale": "Within policy section 3."},
        "confidence": {"value": 0.85, "basis": "self-reported"},
        "on_answer": {
            "approve": "The money leaves today and Kim is told",
            "reject": "I ask Kim for other wishes",
        },
    } | changes


def proposal_payload(run: str, **changes: Any) -> dict[str, Any]:
    """The body of POST /proposals for `refund_order`, which needs an approval."""
    return {
        "run": run,
        "action_type": "refund_order",
        "arguments": {"order_id": "#W5744371", "amount": 312.5, "currency": "USD"},
        "signals": {"confidence": 0.85, "risk_score": 0.2, "values": {"amount": 312.5}},
        "brief": brief_payload(),
        "checkpoint": {"step": 3},
        "preconditions": [{"name": "order_status", "value": "delivered"}],
        "blocking": True,
    } | changes


def small_proposal_payload(run: str, **changes: Any) -> dict[str, Any]:
    """The body of POST /proposals for `cancel_order`, which needs nobody."""
    return {
        "run": run,
        "action_type": "cancel_order",
        "arguments": {"order_id": "#W5744371", "reason": "no longer needed"},
        "signals": {"confidence": 0.97},
    } | changes
