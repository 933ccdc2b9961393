"""What binds an agent, how full the people are, and proof of what they answered."""

from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router

from handoffs import in_force, policy, queries, readings, sla
from handoffs.api import access, documented, showing, telling
from handoffs.api.access import AgentRequest
from handoffs.errors import NotFound, WorkflowNotYours
from handoffs.models import ActionType, Answer, LadderStep, MatrixRow, RiskTierMap
from handoffs.schemas.governance import (
    ActionTypeOut,
    GovernanceOut,
    LevelOut,
    MapOut,
    MapRuleOut,
    NextMapOut,
    PlaceOut,
    PressureOut,
    QueueOut,
    QueuePressureOut,
    ReceiptOut,
    RowOut,
    SignatureOut,
    StandingOut,
)

router = Router(tags=["Governance"])
_THEIRS = (NotFound, WorkflowNotYours)
WorkflowParameter = Annotated[str, Query(min_length=1, max_length=60)]


@router.get(
    "/pressure",
    response=PressureOut,
    operation_id="read_pressure",
    openapi_extra=documented.looks_up(*_THEIRS),
)
def pressure(request: AgentRequest, workflow: WorkflowParameter) -> HttpResponse:
    """Ask how full the people are before giving them more."""
    found = access.workflow(request, workflow)
    stands = readings.of(found)
    fullest = stands.fullest
    told = PressureOut(
        workflow=found.slug,
        level=stands.level.value,
        depth=fullest.waiting if fullest else 0,
        limit=fullest.limit if fullest else 0,
        expected_wait_seconds=readings.whole(fullest.wait_seconds) if fullest else None,
        retry_after=stands.retry_after,
        since=stands.since,
        because=stands.because,
        paused=stands.paused_since is not None,
        queues=[
            QueuePressureOut(
                queue=one.queue,
                depth=one.waiting,
                limit=one.limit,
                expected_wait_seconds=readings.whole(one.wait_seconds),
            )
            for one in stands.readings
        ],
    )
    return telling.versioned(request, told)


@router.get(
    "/standing",
    response=StandingOut,
    operation_id="read_standing",
    openapi_extra=documented.looks_up(*_THEIRS),
)
def standing(request: AgentRequest, workflow: WorkflowParameter) -> HttpResponse:
    """Ask whether people have stopped the workflow, and why."""
    found = access.workflow(request, workflow)
    told = StandingOut(workflow=found.slug, stopped=showing.standing(found.pk))
    return telling.versioned(request, told)


@router.get(
    "/governance",
    response=GovernanceOut,
    operation_id="read_governance",
    openapi_extra=documented.looks_up(*_THEIRS),
)
def governance(request: AgentRequest, workflow: WorkflowParameter) -> HttpResponse:
    """Read the governance matrix that binds a workflow now; the most specific row wins."""
    found = access.workflow(request, workflow)
    binding = in_force.of(found, timezone.now())
    told = GovernanceOut(
        workflow=found.slug,
        name=found.name,
        purpose=found.purpose,
        revision=found.revision,
        review_on=found.review_on.isoformat() if found.review_on else None,
        launched=found.launched_at is not None,
        digest=binding.digest,
        map_version=binding.map.version if binding.map else None,
        map_digest=binding.map_digest,
        rows=[_row(row) for row in binding.rows],
        queues=[
            QueueOut(
                slug=queue.slug,
                name=queue.name,
                depth_limit=queue.depth_limit,
                work_minutes_limit=queue.work_minutes_limit,
                overflow_queue=queue.overflow_queue.slug if queue.overflow_queue else None,
            )
            for queue in binding.queues
        ],
    )
    return telling.versioned(request, told)


def _row(row: MatrixRow) -> RowOut:
    return RowOut(
        action_type=row.action_type.name if row.action_type else None,
        kind=row.kind,
        tier=row.tier,
        role=row.role.name,
        queue=row.queue.slug,
        overflow_queue=row.overflow_queue.slug if row.overflow_queue else None,
        at_limit=row.at_limit,
        deadline_seconds=row.deadline_seconds,
        business_time=row.business_time,
        deadline_in_words=_deadline(row),
        urgent_seconds=row.urgent_seconds,
        ladder=[_level(step) for step in row.steps.all()],
        send_to=[PlaceOut(**place) for place in row.send_to],
        fallback=row.fallback,
        email=row.email,
        latency_tolerance=row.latency_tolerance or None,
        batch_seconds=row.batch_seconds,
        safeguards=row.safeguards,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
    )


def _deadline(row: MatrixRow) -> str:
    calendar = queries.calendar(row.queue) if row.business_time else None
    return sla.terms_in_words(row.deadline_seconds, calendar)


def _level(step: LadderStep) -> LevelOut:
    return LevelOut(
        level=step.level,
        role=step.role.name,
        queue=step.queue.slug,
        deadline_seconds=step.seconds,
        required_context=step.required_context,
    )


@router.get(
    "/maps/{workflow}",
    response=MapOut,
    operation_id="read_map",
    openapi_extra=documented.reads_versions(*_THEIRS),
)
def risk_tier_map(request: AgentRequest, workflow: str) -> HttpResponse:
    """Read the risk tier map in force: its rules in words, its digest, and what comes next."""
    found = access.workflow(request, workflow)
    published, following = queries.published_map(found), queries.next_map(found)
    if published is None:
        raise NotFound("This workflow has no map in force yet. Ask its owner to publish one.")
    risk_map = policy.parse_map(published.body, version=published.version)
    written = policy.map_to_json(risk_map)
    told = MapOut(
        workflow=found.slug,
        version=published.version,
        digest=risk_map.digest,
        published_at=published.published_at,
        effective_at=published.effective_at,
        signatures=[SignatureOut(**one) for one in published.signed],
        next=_next(following) if following else None,
        time_zone=written.get("time_zone", "UTC"),
        lists=written.get("lists", {}),
        default=written["default"],
        floors=written["floors"],
        rules=[
            _rule(rule, said) for rule, said in zip(risk_map.rules, written["rules"], strict=True)
        ],
        action_types=[_action_type(one) for one in found.action_types.order_by("name")],
    )
    return telling.versioned(request, told)


def _next(map: RiskTierMap) -> NextMapOut:
    assert map.effective_at is not None
    return NextMapOut(version=map.version, digest=map.digest, effective_at=map.effective_at)


def _rule(rule: policy.Rule, written: dict[str, Any]) -> MapRuleOut:
    return MapRuleOut(
        id=rule.id,
        tier=rule.tier.value,
        because=rule.because,
        when=policy.in_words(rule.when),
        condition=written["when"],
        if_missing=rule.if_missing.value,
    )


def _action_type(action: ActionType) -> ActionTypeOut:
    return ActionTypeOut(
        name=action.name,
        title=action.title,
        impact=action.impact,
        reversibility=action.reversibility,
        latency_tolerance=action.latency_tolerance,
        arguments_schema=action.arguments_schema,
        required_context=action.required_context,
    )


@router.get(
    "/receipts/{handoff_id}",
    response=ReceiptOut,
    operation_id="read_receipt",
    openapi_extra=documented.reads_versions(*_THEIRS),
)
def receipt(request: AgentRequest, handoff_id: str) -> HttpResponse:
    """Fetch the signed proof of a handoff's latest answer; it verifies offline."""
    handoff = access.handoff(request, handoff_id)
    latest = Answer.objects.filter(handoff=handoff).order_by("-round").first()
    if latest is None:
        raise NotFound("Nobody has answered this yet, so there is no receipt. Wait for the answer.")
    return telling.versioned(request, ReceiptOut(handoff=handoff.id, receipt=latest.receipt))
