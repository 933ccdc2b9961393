"""Draft and publish a workflow's risk tier map, and launch the workflow when nothing is missing."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.errors import FieldProblem
from accounts.models import User
from governance import staffing
from handoffs import audit, authority, policy, queries
from handoffs import gaps as matrix_gaps
from handoffs.actors import Actor
from handoffs.errors import NotADraft, NotGapless, NotPublishable
from handoffs.models import RiskTierMap, Workflow
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility

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
def launch(workflow: Workflow, *, by: Actor, now: datetime, staffed: bool = True) -> None:
    """Open a workflow to proposals, or refuse with a sentence for each gap.

    Without `staffed` also into an empty room, for what is only tried out.
    """
    found = gaps(workflow) if staffed else standing_gaps(workflow)
    if found:
        raise NotGapless(fields=_fields("matrix", found))
    unlaunched = Workflow.objects.filter(pk=workflow.pk, launched_at__isnull=True)
    if unlaunched.update(launched_at=now):
        audit.record(by=by, action="workflow.launched", subject=workflow.slug, body={})
    workflow.refresh_from_db()


def check_launched(workflow: Workflow, *, staffed: bool = True) -> None:
    """Refuse the caller's transaction when it leaves a launched workflow with gaps.

    With `staffed` also when nobody is there to be asked; a change that is not about who is asked
    must not be held up by somebody's leaving.
    """
    if workflow.launched_at is None:
        return
    found = gaps(workflow) if staffed else standing_gaps(workflow)
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
    """Say in sentences what is missing before `workflow` can be launched, or go on.

    That nobody is there today is among them: nobody opens a workflow to an empty room.
    """
    found = rows(workflow)
    return _gaps(workflow, found, staffing.read(found))


def standing_gaps(workflow: Workflow) -> list[str]:
    """Say what is missing whoever is there: people come and go, and no change brings them back."""
    return _gaps(workflow, rows(workflow), None)


def _gaps(
    workflow: Workflow, found: list[authority.Row], who: matrix_gaps.Staffing | None
) -> list[str]:
    published = published_map(workflow)
    if published is None:
        return ["It has no published map: nothing says how much attention an action deserves."]
    types = action_types(workflow)
    if not types:
        return ["It has no action types: an agent could propose nothing."]
    all_of_them = matrix_gaps.find(types, published, found, now=timezone.now(), staffing=who)
    return [gap.sentence for gap in all_of_them]


def unattended(workflow: Workflow) -> list[str]:
    """Say which teams a handoff would wait for in vain today."""
    standing = set(standing_gaps(workflow))
    return [sentence for sentence in gaps(workflow) if sentence not in standing]


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
    """Return the rows that hold now, and those that begin later."""
    return [queries.authority_row(row) for row in queries.rows_from(workflow, timezone.now())]


def _one_at_a_time(workflow: Workflow) -> None:
    """Lock the workflow: versions have no twins, and of two published one retires the other."""
    Workflow.objects.select_for_update().get(pk=workflow.pk)


def _note(action: str, map: RiskTierMap, by: Actor, **facts: Any) -> None:
    body = {"version": map.version, **facts}
    audit.record(by=by, action=action, subject=map.workflow.slug, body=body)


def _fields(path: str, sentences: list[str]) -> tuple[FieldProblem, ...]:
    return tuple(FieldProblem(path, sentence) for sentence in sentences)
