"""A workflow's policy, ready to rule: compiled once per revision and kept by each process.

Triggers move the revision whenever map, action types, matrix, queues or the workflow change, and
every intake reads it, so a change is in force with the next proposal, in every process. So is a
scheduled version from its moment on, of a map as of a row of the matrix: what is kept says until
when it holds, and every intake also reads the database's clock.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import connection

from handoffs import (
    argument_schema,
    authority,
    gathering,
    levels,
    models,
    policy,
    queries,
    sampling,
    signals,
)
from handoffs.authority import Row
from handoffs.pause import Authority
from handoffs.policy import Ruling
from handoffs.signals import ActionType, Signals
from handoffs.states import AtLimit, Fallback, HandoffKind, Tier

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
from (
    select unnest(array[effective_at, superseded_at]) as boundary from handoffs_risktiermap
    where workflow_id = %(workflow)s and state = 'published'
    union all
    select unnest(array[effective_from, effective_until]) from handoffs_matrixrow
    where workflow_id = %(workflow)s
) boundaries
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
    # no proposal of it came before
    is_new: bool


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

    def rule(self, action: signals.Action, reported: Signals) -> Ruling:
        assert self.map is not None
        return policy.evaluate(self.map, action, reported)

    def authority(self, action: str, kind: HandoffKind, tier: Tier) -> Authority | None:
        """Return who may decide this, by the most specific row of the matrix."""
        row = authority.choose(self.rows, action_type=action, kind=kind, tier=tier)
        return self.authorities[str(row.id)] if row else None

    def authority_for_kind(self, kind: HandoffKind) -> Authority | None:
        """Return who is asked for what no action type brings up."""
        row = self.row_for_kind(kind)
        return self.authorities[str(row.id)] if row else None

    def authority_to_step_in(self) -> Authority | None:
        """Return who is asked where a task goes to a person altogether."""
        row = authority.choose(
            self.rows, action_type=None, kind=HandoffKind.TAKEOVER, tier=Tier.HARD_STOP
        )
        return self.authorities[str(row.id)] if row else None

    def row_for_kind(self, kind: HandoffKind) -> Row | None:
        """Return the row for what no action type brings up: one that names the kind."""
        named = [row for row in self.rows if row.kind is kind and row.action_type is None]
        return authority.choose(named, action_type=None, kind=kind, tier=None)

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


def at(workflow_id: int, moment: datetime) -> CompiledWorkflow:
    """Return the compiled workflow as it holds at another moment; it is not kept."""
    return _compile(workflow_id, moment)


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
    rows = [
        (queries.authority_row(row), _authority(row)) for row in queries.rows_in_force(workflow, at)
    ]
    return CompiledWorkflow(
        id=workflow.id,
        slug=workflow.slug,
        revision=workflow.revision,
        since=since,
        until=until,
        strict_briefs=workflow.strict_briefs,
        map=_map(published) if published else None,
        actions={action.name: _action(action) for action in workflow.action_types.all()},
        rows=tuple(row for row, _ in rows),
        authorities={str(row.id): asked for row, asked in rows},
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
        type=queries.action_type(action),
        schema=argument_schema.compile(action.arguments_schema),
        required_context=tuple(action.required_context),
        roll_back_seconds=action.roll_back_seconds,
        is_new=action.first_proposed_at is None,
    )


def _authority(row: models.MatrixRow) -> Authority:
    """Resolve the row for each queue that may take it, the first one pointing to the next."""
    chain = [_at(row, queue) for queue in (row.queue, *queries.overflows(row))]
    for place in range(len(chain) - 2, -1, -1):
        chain[place] = replace(chain[place], overflow=chain[place + 1])
    return chain[0]


def _at(row: models.MatrixRow, queue: models.Queue) -> Authority:
    """Resolve the row for a handoff that would wait in `queue`."""
    action = row.action_type
    terms = levels.Terms(
        business_time=row.business_time,
        urgent_seconds=row.urgent_seconds,
        email=row.email,
        latency_tolerance=row.latency_tolerance or (action.latency_tolerance if action else ""),
        batch_seconds=row.batch_seconds,
        overflow_queue_id=row.overflow_queue_id,
        overflow_queue=row.overflow_queue.slug if row.overflow_queue else None,
        at_limit=row.at_limit,
        send_to=_places(row),
    )
    return Authority(
        queue_id=queue.pk,
        queue_name=queue.name,
        queue_slug=queue.slug,
        depth_limit=queue.depth_limit,
        urgent_seconds=row.urgent_seconds,
        gather_seconds=gathering.window(row.batch_seconds, row.deadline_seconds),
        at_limit=AtLimit(row.at_limit),
        role_id=row.role_id,
        role_name=row.role.name,
        deadline_seconds=row.deadline_seconds,
        calendar=queries.calendar(queue) if row.business_time else None,
        fallback=row.fallback or Fallback.REJECT.value,
        safeguards=row.safeguards,
        ladder=json.dumps(levels.to_json(_level(step) for step in row.steps.all())),
        terms=json.dumps(levels.terms_to_json(terms)),
    )


def _places(row: models.MatrixRow) -> tuple[levels.Place, ...]:
    """Resolve where it may be sent, and where it came from, so that it can be sent back."""
    if not row.send_to:
        return ()
    wanted = [{"role": row.role.name, "queue": row.queue.slug}, *row.send_to]
    teams = dict(
        Group.objects.filter(name__in=[one["role"] for one in wanted]).values_list("name", "id")
    )
    queues = models.Queue.objects.in_bulk([one["queue"] for one in wanted], field_name="slug")
    return tuple(
        levels.Place(
            role_id=teams[one["role"]],
            role=one["role"],
            queue_id=queues[one["queue"]].pk,
            queue=one["queue"],
            queue_name=queues[one["queue"]].name,
        )
        for one in wanted
        # a team or queue that was renamed since is a gap of the matrix, not an address
        if one["role"] in teams and one["queue"] in queues
    )


def _level(step: models.LadderStep) -> levels.Level:
    return levels.Level(
        level=step.level,
        role_id=step.role_id,
        role=step.role.name,
        queue_id=step.queue_id,
        queue=step.queue.slug,
        seconds=step.seconds,
        required_context=tuple(step.required_context),
    )
