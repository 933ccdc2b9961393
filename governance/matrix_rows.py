"""Rows of the matrix as they are stored: read as facts, begun and ended.

A row never changes: it ends and another begins at the same moment, the database's.
"""

from datetime import datetime

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Q

from governance import matrix_schema
from governance.matrix_schema import RowFacts, SafeguardsIn, SendToIn, StepIn
from handoffs.models import LadderStep, MatrixRow, Queue, Workflow


def facts(row: MatrixRow, *, now: datetime | None = None) -> RowFacts:
    """Return what a stored row says; with `now`, also when it begins if that is still to come."""
    starts = row.effective_from if now is not None and row.effective_from > now else None
    return RowFacts(
        action_type=row.action_type.name if row.action_type else None,
        kind=row.kind,
        tier=row.tier,
        role=row.role.name,
        queue=row.queue.slug,
        overflow=row.overflow_queue.slug if row.overflow_queue else None,
        at_limit=row.at_limit,  # type: ignore[arg-type]
        deadline=matrix_schema.duration(row.deadline_seconds),
        business_time=row.business_time,
        urgent=matrix_schema.duration(row.urgent_seconds),
        ladder=[
            StepIn(
                role=step.role.name,
                queue=step.queue.slug,
                deadline=matrix_schema.duration(step.seconds),
                required_context=step.required_context,
            )
            for step in row.steps.all()
        ],
        fallback=row.fallback,
        send_to=[SendToIn.model_validate(place) for place in row.send_to],
        email=row.email,
        latency_tolerance=row.latency_tolerance or None,  # type: ignore[arg-type]
        batch=matrix_schema.duration(row.batch_seconds),
        safeguards=SafeguardsIn.model_validate(row.safeguards),
        starts=starts.isoformat() if starts else None,
        ends=row.effective_until.isoformat() if now and row.effective_until else None,
    )


def moment() -> datetime:
    """Return the database's now, which is this transaction's: what changes, changes at it."""
    with connection.cursor() as cursor:
        cursor.execute("select now()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now


def begin(
    workflow: Workflow, said: RowFacts, *, at: datetime, until: datetime | None = None
) -> MatrixRow:
    """Store a row that holds from `at` on."""
    named = said.action_type
    row = MatrixRow.objects.create(
        workflow=workflow,
        action_type=workflow.action_types.get(name=named) if named else None,
        kind=said.kind,
        tier=said.tier,
        role=_team(said.role),
        queue=Queue.objects.get(slug=said.queue),
        overflow_queue=Queue.objects.get(slug=said.overflow) if said.overflow else None,
        at_limit=said.at_limit,
        deadline_seconds=matrix_schema.seconds(said.deadline),
        business_time=said.business_time,
        urgent_seconds=matrix_schema.seconds(said.urgent),
        fallback=said.fallback,
        email=said.email,
        latency_tolerance=said.latency_tolerance or "",
        batch_seconds=matrix_schema.seconds(said.batch),
        safeguards=said.safeguards.model_dump(),
        send_to=[place.model_dump() for place in said.send_to],
        effective_from=at,
        effective_until=until,
    )
    for level, step in enumerate(said.ladder, start=2):
        LadderStep.objects.create(
            row=row,
            level=level,
            role=_team(step.role),
            queue=Queue.objects.get(slug=step.queue),
            seconds=matrix_schema.seconds(step.deadline),
            required_context=step.required_context,
        )
    return row


def _team(name: str) -> Group:
    return Group.objects.get_or_create(name=name)[0]


def end(row: MatrixRow, *, at: datetime) -> bool:
    """Let a row hold until `at`; False when it ended, or was planned to end, before that.

    One that would not even have begun then never holds at all.
    """
    open_then = Q(effective_until__isnull=True) | Q(effective_until__gt=at)
    still = MatrixRow.objects.filter(open_then, pk=row.pk)
    return still.update(effective_until=max(at, row.effective_from)) == 1
