"""A workflow's policy, ready to rule: compiled once per revision and kept by each process.

Triggers move the revision whenever map, action types, matrix, queues or the workflow change, and
every intake reads it, so a change is in force with the next proposal, in every process. What a row
of the matrix says begins and ends at its own time: what is compiled holds until the next of those
moments, by the database's clock.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.postgres.functions import TransactionNow

from handoffs import argument_schema, authority, levels, models, policy, queries
from handoffs.pause import Authority
from handoffs.policy import Ruling
from handoffs.signals import ActionType, Signals
from handoffs.states import Fallback, HandoffKind, Impact, Reversibility, Tier

_KEPT: dict[int, "CompiledWorkflow"] = {}


@dataclass(frozen=True)
class Action:
    """An action type with its schema compiled."""

    name: str
    title: str
    type: ActionType
    schema: argument_schema.ArgumentSchema
    required_context: tuple[str, ...]


@dataclass(frozen=True)
class CompiledWorkflow:
    """Everything a ruling needs, without another query."""

    id: int
    slug: str
    revision: int
    strict_briefs: bool
    map: policy.RiskMap | None
    actions: Mapping[str, Action]
    rows: tuple[authority.Row, ...]
    authorities: Mapping[str, Authority]
    # between the moments at which a row begins or ends
    since: datetime | None
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        began = self.since is None or self.since <= at
        return began and (self.until is None or at < self.until)

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


def get(
    workflow_id: int, revision: int | None = None, now: datetime | None = None
) -> CompiledWorkflow:
    """Return the workflow as it is at `now` in `revision`; by default as the database says now."""
    if revision is None or now is None:
        asked = models.Workflow.objects.filter(id=workflow_id)
        revision, now = asked.values_list("revision", TransactionNow()).get()
    kept = _KEPT.get(workflow_id)
    if kept is None or kept.revision != revision or not kept.holds(now):
        kept = _KEPT[workflow_id] = _compile(workflow_id, now)
    return kept


def _compile(workflow_id: int, now: datetime) -> CompiledWorkflow:
    """Read and compile; the revision is read first, so that a change meanwhile is seen again."""
    workflow = models.Workflow.objects.get(id=workflow_id)
    published = models.RiskTierMap.objects.filter(
        workflow=workflow, state=models.RiskTierMap.State.PUBLISHED
    ).first()
    since, until = _bounds(workflow_id, now)
    stored = queries.rows_in_force(workflow, now)
    rows = [(queries.authority_row(row), _authority(row)) for row in stored]
    return CompiledWorkflow(
        id=workflow.id,
        slug=workflow.slug,
        revision=workflow.revision,
        strict_briefs=workflow.strict_briefs,
        map=policy.parse_map(published.body, version=published.version) if published else None,
        actions={action.name: _action(action) for action in workflow.action_types.all()},
        rows=tuple(row for row, _ in rows),
        authorities={str(row.id): asked for row, asked in rows},
        since=since,
        until=until,
    )


def _bounds(workflow_id: int, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the last moment up to `now` and the first after it at which a row begins or ends."""
    rows = models.MatrixRow.objects.filter(workflow_id=workflow_id)
    moments = [
        at
        for pair in rows.values_list("effective_from", "effective_until")
        for at in pair
        if at is not None
    ]
    since = max((at for at in moments if at <= now), default=None)
    return since, min((at for at in moments if at > now), default=None)


def _action(action: models.ActionType) -> Action:
    return Action(
        name=action.name,
        title=action.title,
        type=ActionType(
            name=action.name,
            impact=Impact(action.impact),
            reversibility=Reversibility(action.reversibility),
        ),
        schema=argument_schema.compile(action.arguments_schema),
        required_context=tuple(action.required_context),
    )


def _authority(row: models.MatrixRow) -> Authority:
    overflow = row.overflow_queue
    here = _at(row, row.queue)
    return here if overflow is None else replace(here, overflow=_at(row, overflow))


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
    )
    return Authority(
        queue_id=queue.pk,
        queue_name=queue.name,
        queue_slug=queue.slug,
        depth_limit=queue.depth_limit,
        role_id=row.role_id,
        role_name=row.role.name,
        deadline_seconds=row.deadline_seconds,
        calendar=queries.calendar(queue) if row.business_time else None,
        fallback=row.fallback or Fallback.REJECT.value,
        safeguards=row.safeguards,
        ladder=json.dumps(levels.to_json(_level(step) for step in row.steps.all())),
        terms=json.dumps(levels.terms_to_json(terms)),
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
