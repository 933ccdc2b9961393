"""A workflow's policy, ready to rule: compiled once per revision and kept by each process.

Triggers move the revision whenever map, action types, matrix, queues or the workflow change, and
every intake reads it, so a change is in force with the next proposal, in every process. So is a
scheduled version from its moment on: what is kept says until when it holds, and every intake also
reads the database's clock.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from handoffs import argument_schema, authority, models, policy, sampling
from handoffs.pause import Authority
from handoffs.policy import Ruling
from handoffs.signals import ActionType, Signals
from handoffs.states import Fallback, HandoffKind, Impact, Reversibility, Tier

_KEPT: dict[int, "CompiledWorkflow"] = {}
# maps that say the same under the same number are compiled once, whichever workflow has them
_MAPS: OrderedDict[tuple[str, int], policy.RiskMap] = OrderedDict()
MAPS_KEPT = 500
# reads of one policy, until nothing was changed in between
_TRIES = 10

_NOW = "select revision, clock_timestamp() from handoffs_workflow where id = %s"
# from when on what is in force at a moment holds, and until when
_SPAN = """
select max(boundary) filter (where boundary <= %(at)s),
    min(boundary) filter (where boundary > %(at)s)
from handoffs_risktiermap, unnest(array[effective_at, superseded_at]) boundary
where workflow_id = %(workflow)s and state = 'published'
"""


@dataclass(frozen=True)
class Action:
    """An action type with its schema compiled."""

    name: str
    title: str
    type: ActionType
    schema: argument_schema.ArgumentSchema
    required_context: tuple[str, ...]
    roll_back_seconds: int | None


@dataclass(frozen=True)
class CompiledWorkflow:
    """Everything a ruling needs, without another query."""

    id: int
    slug: str
    revision: int
    since: datetime | None
    until: datetime | None
    strict_briefs: bool
    map: policy.RiskMap | None
    actions: Mapping[str, Action]
    rows: tuple[authority.Row, ...]
    authorities: Mapping[str, Authority]
    # how probable an audit is, by tier; a tier that is not sampled is not here
    shares: Mapping[Tier, float]

    def rule(self, action: Action, arguments: dict[str, Any], signals: Signals) -> Ruling:
        assert self.map is not None
        return policy.evaluate(self.map, action.type.with_arguments(arguments), signals)

    def authority(self, action: str, kind: HandoffKind, tier: Tier) -> Authority | None:
        """Return who may decide this, by the most specific row of the matrix."""
        row = authority.choose(self.rows, action_type=action, kind=kind, tier=tier)
        return self.authorities[str(row.id)] if row else None

    def authority_for_kind(self, kind: HandoffKind) -> Authority | None:
        """Return who is asked for what no action type brings up, by a row that names the kind."""
        named = [row for row in self.rows if row.kind is kind and row.action_type is None]
        row = authority.choose(named, action_type=None, kind=kind, tier=None)
        return self.authorities[str(row.id)] if row else None

    def holds(self, revision: int, at: datetime) -> bool:
        """Tell whether this is still the policy at `revision` and at that moment."""
        begun = self.since is None or self.since <= at
        return self.revision == revision and begun and (self.until is None or at < self.until)


def get(
    workflow_id: int, revision: int | None = None, at: datetime | None = None
) -> CompiledWorkflow:
    """Return the compiled workflow at `revision` and `at`, or as it is now when not told."""
    if revision is None or at is None:
        revision, at = _now(workflow_id)
    kept = _KEPT.get(workflow_id)
    if kept is None or not kept.holds(revision, at):
        kept = _KEPT[workflow_id] = _compile(workflow_id, at)
    return kept


def _now(workflow_id: int) -> tuple[int, datetime]:
    with connection.cursor() as cursor:
        cursor.execute(_NOW, [workflow_id])
        row = cursor.fetchone()
    if row is None:
        raise models.Workflow.DoesNotExist
    return row[0], row[1]


def _compile(workflow_id: int, at: datetime) -> CompiledWorkflow:
    """Read and compile what rules at `at`; read again when it was changed while it was read.

    Every change moves the revision in its own transaction, so that what was read between two
    looks at the same revision belongs together: nothing is ruled by half of an import.
    """
    before, _ = _now(workflow_id)
    for _ in range(_TRIES):
        read = _read(workflow_id, at)
        if read.revision == before == (after := _now(workflow_id)[0]):
            return read
        before = after
    return read


def _read(workflow_id: int, at: datetime) -> CompiledWorkflow:
    workflow = models.Workflow.objects.get(id=workflow_id)
    published = models.RiskTierMap.objects.filter(workflow=workflow).in_force(at).first()
    with connection.cursor() as cursor:
        cursor.execute(_SPAN, {"workflow": workflow_id, "at": at})
        since, until = cursor.fetchone()
    rows = list(
        models.MatrixRow.objects.filter(workflow=workflow).select_related(
            "role", "queue", "action_type"
        )
    )
    return CompiledWorkflow(
        id=workflow.id,
        slug=workflow.slug,
        revision=workflow.revision,
        since=since,
        until=until,
        strict_briefs=workflow.strict_briefs,
        map=_map(published) if published else None,
        actions={action.name: _action(action) for action in workflow.action_types.all()},
        rows=tuple(_row(row) for row in rows),
        authorities={str(row.id): _authority(row) for row in rows},
        shares=_shares(workflow_id),
    )


def _shares(workflow_id: int) -> Mapping[Tier, float]:
    rows = models.AuditShare.objects.filter(workflow_id=workflow_id).values_list("tier", "share")
    return {**sampling.DEFAULT_SHARES, **{Tier(tier): float(share) for tier, share in rows}}


def _map(published: models.RiskTierMap) -> policy.RiskMap:
    """Return the map, compiled before if any workflow has the same."""
    key = (published.digest, published.version)
    kept = _MAPS.get(key) if published.digest else None
    if kept is None:
        kept = policy.parse_map(published.body, version=published.version)
        if published.digest:
            _MAPS[key] = kept
    if len(_MAPS) > MAPS_KEPT:
        _MAPS.popitem(last=False)
    return kept


def _action(action: models.ActionType) -> Action:
    return Action(
        name=action.name,
        title=action.title,
        type=ActionType(
            name=action.name,
            impact=Impact(action.impact),
            reversibility=Reversibility(action.reversibility),
            schema=action.arguments_schema,
        ),
        schema=argument_schema.compile(action.arguments_schema),
        required_context=tuple(action.required_context),
        roll_back_seconds=action.roll_back_seconds,
    )


def _row(row: models.MatrixRow) -> authority.Row:
    return authority.Row(
        id=str(row.id),
        action_type=row.action_type.name if row.action_type else None,
        kind=HandoffKind(row.kind) if row.kind else None,
        tier=Tier(row.tier) if row.tier else None,
        role=row.role.name,
        queue=row.queue.slug,
        deadline_seconds=row.deadline_seconds,
        fallback=Fallback(row.fallback),
        safeguards=row.safeguards,
        escalate_role=None,
        escalate_queue=None,
    )


def _authority(row: models.MatrixRow) -> Authority:
    return Authority(
        queue_id=row.queue_id,
        queue_name=row.queue.name,
        queue_slug=row.queue.slug,
        depth_limit=row.queue.depth_limit,
        role_id=row.role_id,
        role_name=row.role.name,
        deadline_seconds=row.deadline_seconds,
        fallback=row.fallback,
        safeguards=row.safeguards,
        escalate_queue_id=row.escalate_queue_id,
        escalate_role_id=row.escalate_role_id,
    )
