"""Draft and publish a workflow's risk tier map, and launch the workflow when nothing is missing."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from accounts.errors import FieldProblem
from accounts.models import User
from accounts.roles import GRANTS, Can, Role
from handoffs import audit, authority, policy
from handoffs.actors import Actor
from handoffs.errors import NotADraft, NotGapless, NotPublishable
from handoffs.models import MatrixRow, RiskTierMap, Workflow
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType
from handoffs.states import Fallback, HandoffKind, Impact, Reversibility, Tier

DRAFT, PUBLISHED, RETIRED = RiskTierMap.State.values


def normalised(body: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with every default spelled out, so that two that say the same are the same."""
    return policy.map_to_json(policy.parse_map(body))


@transaction.atomic
def draft(workflow: Workflow, body: dict[str, Any], *, by: Actor, now: datetime) -> RiskTierMap:
    """Start the next version of a workflow's map."""
    _one_at_a_time(workflow)
    last = workflow.maps.aggregate(last=Max("version"))["last"] or 0
    made = RiskTierMap.objects.create(workflow=workflow, version=last + 1, body=body)
    _note("map.drafted", made, by, body=body)
    return made


@transaction.atomic
def edit(map: RiskTierMap, body: dict[str, Any], *, by: Actor, now: datetime) -> None:
    """Replace what a draft says."""
    if RiskTierMap.objects.filter(pk=map.pk, state=DRAFT).update(body=body) != 1:
        raise NotADraft
    _note("map.edited", map, by, body=body)


@transaction.atomic
def publish(
    map: RiskTierMap, *, by: Actor, now: datetime, published_by: User | None = None
) -> None:
    """Put a draft in force and retire its predecessor, in one moment.

    Refused, with a sentence each, when the map has problems, or would open gaps in the matrix of
    a workflow that is launched.
    """
    workflow = map.workflow
    _one_at_a_time(workflow)
    found = problems(map)
    if found:
        raise NotPublishable(fields=_fields("map", found))
    risk_map = policy.parse_map(map.body, version=map.version)
    RiskTierMap.objects.filter(workflow=workflow, state=PUBLISHED).update(state=RETIRED)
    put = RiskTierMap.objects.filter(pk=map.pk, state=DRAFT).update(
        state=PUBLISHED,
        body=policy.map_to_json(risk_map),
        digest=risk_map.digest,
        published_at=now,
        published_by=published_by,
    )
    if put != 1:
        raise NotADraft
    check_launched(workflow)
    _note("map.published", map, by, digest=risk_map.digest)
    map.refresh_from_db()


@transaction.atomic
def launch(workflow: Workflow, *, by: Actor, now: datetime) -> None:
    """Open a workflow to proposals, or refuse with a sentence for each gap."""
    found = gaps(workflow)
    if found:
        raise NotGapless(fields=_fields("matrix", found))
    unlaunched = Workflow.objects.filter(pk=workflow.pk, launched_at__isnull=True)
    if unlaunched.update(launched_at=now):
        audit.record(by=by, action="workflow.launched", subject=workflow.slug, body={})
    workflow.refresh_from_db()


def check_launched(workflow: Workflow) -> None:
    """Refuse the caller's transaction when it leaves a launched workflow with gaps."""
    if workflow.launched_at is None:
        return
    found = gaps(workflow)
    if found:
        raise NotGapless(
            "This would leave the launched workflow with gaps, so nothing was changed. Mend them "
            "together with what you change.",
            fields=_fields("matrix", found),
        )


def problems(map: RiskTierMap) -> list[str]:
    """Say in sentences what keeps `map` from being published."""
    try:
        risk_map = policy.parse_map(map.body, version=map.version)
    except PolicyError as error:
        return [str(error)]
    return policy.problems(risk_map, action_types(map.workflow))


def gaps(workflow: Workflow) -> list[str]:
    """Say in sentences what is missing before `workflow` can be launched, or go on."""
    published = published_map(workflow)
    if published is None:
        return ["It has no published map: nothing says how much attention an action deserves."]
    types = action_types(workflow)
    if not types:
        return ["It has no action types: an agent could propose nothing."]
    found = rows(workflow)
    return [
        *authority.ambiguities(found),
        *authority.gaps(types, published, found),
        *(
            f"The row {row.id} escalates when nobody answers and does not say to whom."
            for row in found
            if row.fallback is Fallback.ESCALATE and row.escalate_queue is None
        ),
    ]


# teams that a row asks and in which nobody, active and in a role that decides, works its queue
_UNATTENDED = """
with asked as (
    select queue_id, role_id from handoffs_matrixrow where workflow_id = %(workflow)s
    union
    select escalate_queue_id, escalate_role_id from handoffs_matrixrow
    where workflow_id = %(workflow)s and escalate_queue_id is not null
), works as (
    select granted.content_object_id as queue_id, member.user_id
    from handoffs_queuegrouppermission granted
    join auth_permission permission on permission.id = granted.permission_id
        and permission.codename = 'work_queue'
    join accounts_user_groups member on member.group_id = granted.group_id
    union
    select granted.content_object_id, granted.user_id
    from handoffs_queueuserpermission granted
    join auth_permission permission on permission.id = granted.permission_id
        and permission.codename = 'work_queue'
)
select team.name, queue.name
from asked
join auth_group team on team.id = asked.role_id
join handoffs_queue queue on queue.id = asked.queue_id
where not exists (
    select from accounts_user person
    join accounts_user_groups member on member.user_id = person.id
    join works on works.user_id = person.id and works.queue_id = asked.queue_id
    where member.group_id = asked.role_id and person.is_active
        and person.roles && %(deciders)s::varchar[])
order by team.name, queue.name
"""


def unattended(workflow: Workflow) -> list[str]:
    """Say which teams a handoff would wait for in vain today; people come and go, so no gap."""
    deciders = [role.value for role in Role if Can.DECIDE in GRANTS[role]]
    with connection.cursor() as cursor:
        cursor.execute(_UNATTENDED, {"workflow": workflow.pk, "deciders": deciders})
        return [
            f"Nobody among the {team} works the queue {queue}: a handoff would wait in vain."
            for team, queue in cursor.fetchall()
        ]


def published_map(workflow: Workflow) -> RiskMap | None:
    map = workflow.maps.filter(state=PUBLISHED).first()
    return policy.parse_map(map.body, version=map.version) if map else None


def action_types(workflow: Workflow) -> list[ActionType]:
    return [
        ActionType(
            name=action.name,
            impact=Impact(action.impact),
            reversibility=Reversibility(action.reversibility),
        )
        for action in workflow.action_types.order_by("name")
    ]


def rows(workflow: Workflow) -> list[authority.Row]:
    stored = MatrixRow.objects.filter(workflow=workflow).select_related(
        "action_type", "role", "queue", "escalate_role", "escalate_queue"
    )
    return [_row(row) for row in stored]


def _row(row: MatrixRow) -> authority.Row:
    return authority.Row(
        id=row.pk,
        action_type=row.action_type.name if row.action_type else None,
        kind=HandoffKind(row.kind) if row.kind else None,
        tier=Tier(row.tier) if row.tier else None,
        role=row.role.name,
        queue=row.queue.slug,
        deadline_seconds=row.deadline_seconds,
        fallback=Fallback(row.fallback),
        escalate_role=row.escalate_role.name if row.escalate_role else None,
        escalate_queue=row.escalate_queue.slug if row.escalate_queue else None,
        safeguards=row.safeguards,
    )


def _one_at_a_time(workflow: Workflow) -> None:
    """Lock the workflow: versions have no twins, and of two published one retires the other."""
    Workflow.objects.select_for_update().get(pk=workflow.pk)


def _note(action: str, map: RiskTierMap, by: Actor, **facts: Any) -> None:
    body = {"version": map.version, **facts}
    audit.record(by=by, action=action, subject=map.workflow.slug, body=body)


def _fields(path: str, sentences: list[str]) -> tuple[FieldProblem, ...]:
    return tuple(FieldProblem(path, sentence) for sentence in sentences)
