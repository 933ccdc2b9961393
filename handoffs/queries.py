"""Read side: how full the people are, and what binds a workflow now."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Prefetch, Q

from handoffs import authority, calendars, levels, signals
from handoffs.levels import Place
from handoffs.models import (
    ActionType,
    Handoff,
    LadderStep,
    MatrixRow,
    Queue,
    RiskTierMap,
    Run,
    Workflow,
)
from handoffs.states import AtLimit, ByEmail, Fallback, HandoffKind, Impact, Reversibility, Tier

_ROOM = """
select overread_queue_limit(%s), greatest(coalesce(sum(waiting), 0), 0)::int
from handoffs_queuedepth where queue_id = %s
"""


def rows_in_force(workflow: Workflow, now: datetime) -> list[MatrixRow]:
    """Return the governance matrix as it holds at `now`, the most general rows first."""
    ended = Q(effective_until__lte=now)
    return _matrix(workflow, ~ended & Q(effective_from__lte=now))


def rows_from(workflow: Workflow, now: datetime) -> list[MatrixRow]:
    """Return the rows that hold at `now` and those that begin later."""
    return _matrix(workflow, Q(effective_until__isnull=True) | Q(effective_until__gt=now))


def _matrix(workflow: Workflow, when: Q) -> list[MatrixRow]:
    rows = (
        MatrixRow.objects.filter(when, workflow=workflow)
        .select_related(
            "action_type",
            "role",
            "queue__overflow_queue__overflow_queue",
            "overflow_queue__overflow_queue",
        )
        .prefetch_related(Prefetch("steps", LadderStep.objects.select_related("role", "queue")))
    )
    return sorted(rows, key=_specificity)


def _specificity(row: MatrixRow) -> tuple[Any, ...]:
    named = (row.action_type.name if row.action_type else None, row.kind, row.tier)
    return sum(part is not None for part in named), *(part or "" for part in named)


def action_type(stored: ActionType) -> signals.ActionType:
    """Return a stored action type as the rules read it."""
    return signals.ActionType(
        name=stored.name,
        impact=Impact(stored.impact),
        reversibility=Reversibility(stored.reversibility),
        schema=stored.arguments_schema,
    )


def places(handoff: Handoff) -> tuple[Place, ...]:
    """Return where the matrix lets people send this handoff from where it is now."""
    found = levels.terms_from_json(handoff.terms).send_to
    here = (handoff.role_id, handoff.queue_id)
    return tuple(place for place in found if (place.role_id, place.queue_id) != here)


def room(queue_id: int) -> tuple[int, int]:
    """Return how many may wait in a queue, and how many do."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOM, [queue_id, queue_id])
        limit, waiting = cursor.fetchone()
    return limit, waiting


def overflows(row: MatrixRow) -> list[Queue]:
    """Follow the overflow from the row's queue on; a circle, which is a gap, ends where it began.

    A row that pauses at its limit goes nowhere else.
    """
    found: list[Queue] = []
    at = None
    if row.at_limit != AtLimit.PAUSE.value:
        at = row.overflow_queue or row.queue.overflow_queue
    while at is not None and at != row.queue and at not in found:
        found.append(at)
        at = at.overflow_queue
    return found


def _overflows_and_back(row: MatrixRow) -> list[Queue]:
    found = overflows(row)
    if found:
        back = found[-1].overflow_queue
    else:
        back = row.overflow_queue if row.overflow_queue == row.queue else None
    return [*found, back] if back is not None else found


def authority_row(row: MatrixRow) -> authority.Row:
    """Return a stored row as the rules read it."""
    return authority.Row(
        id=row.pk,
        action_type=row.action_type.name if row.action_type else None,
        kind=HandoffKind(row.kind) if row.kind else None,
        tier=Tier(row.tier) if row.tier else None,
        role=row.role.name,
        queue=row.queue.slug,
        overflow_queue=row.overflow_queue.slug if row.overflow_queue else None,
        overflows=tuple(queue.slug for queue in _overflows_and_back(row)),
        at_limit=AtLimit(row.at_limit),
        deadline_seconds=row.deadline_seconds,
        business_time=row.business_time,
        urgent_seconds=row.urgent_seconds,
        ladder=tuple(_step(step) for step in row.steps.all()),
        send_to=tuple((place["role"], place["queue"]) for place in row.send_to),
        fallback=Fallback(row.fallback) if row.fallback else None,
        email=ByEmail(row.email),
        latency_tolerance=row.latency_tolerance,
        batch_seconds=row.batch_seconds,
        safeguards=row.safeguards,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
    )


def _step(step: LadderStep) -> authority.Step:
    return authority.Step(
        role=step.role.name,
        queue=step.queue.slug,
        seconds=step.seconds,
        required_context=tuple(step.required_context),
    )


def calendar(queue: Queue) -> calendars.Calendar:
    """Return when the queue is open."""
    hours, holidays = json.dumps(queue.hours), json.dumps(queue.holidays)
    return _calendar(queue.time_zone, hours, holidays, queue.country)


@lru_cache(maxsize=256)
def _calendar(time_zone: str, hours: str, holidays: str, country: str) -> calendars.Calendar:
    """Read each calendar once: what was worked out of it stays with it."""
    return calendars.read(time_zone, json.loads(hours), json.loads(holidays), country)


def published_map(workflow: Workflow) -> RiskTierMap | None:
    """Return the version in force by the database's clock."""
    return RiskTierMap.objects.filter(workflow=workflow).in_force().first()


def next_map(workflow: Workflow) -> RiskTierMap | None:
    """Return the version that takes over from the one in force, when one is scheduled."""
    return RiskTierMap.objects.filter(workflow=workflow).scheduled().first()


def run_input(run_id: str) -> dict[str, Any]:
    """Return what a run was started with."""
    found: dict[str, Any] = Run.objects.values_list("input", flat=True).get(pk=run_id)
    return found
