"""What else happened in a period: policy that changed, stops and alarms; it may be why."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from django.db.models import Q, QuerySet

from handoffs.models import MatrixRow, RiskTierMap, Stop, Workflow
from oversight.models import Alarm


class Kind(StrEnum):
    MAP = "map"
    MATRIX = "matrix"
    STOP = "stop"
    DRILL = "drill"
    ALARM = "alarm"


@dataclass(frozen=True, kw_only=True)
class Event:
    """`workflow` is its name, of an alarm also a queue's; empty: of everything."""

    at: datetime
    kind: Kind
    workflow: str
    # of a map its version, of the matrix how many rows
    number: int = 0
    # of a stop or an alarm; None while it holds
    until: datetime | None = None
    # of an alarm what was measured
    reason: str = ""
    measure: str = ""


def between(workflow: Workflow | None, since: date, *, now: datetime) -> list[Event]:
    """Return what happened since then until now, the newest first."""
    starts = datetime.combine(since, time(), UTC)
    found = [
        *_maps(workflow, starts, now),
        *_matrix(workflow, starts, now),
        *_stops(workflow, starts, now),
        *_alarms(workflow, starts, now),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _maps(workflow: Workflow | None, since: datetime, now: datetime) -> list[Event]:
    found = RiskTierMap.objects.filter(effective_at__gte=since, effective_at__lte=now)
    if workflow:
        found = found.filter(workflow=workflow)
    return [
        Event(at=at, kind=Kind.MAP, workflow=name, number=version)
        for at, name, version in found.values_list("effective_at", "workflow__name", "version")
        if at
    ]


def _matrix(workflow: Workflow | None, since: datetime, now: datetime) -> list[Event]:
    """Take rows that begin or end at one moment as one change; a row that is changed does both."""
    rows = MatrixRow.objects.filter(workflow=workflow) if workflow else MatrixRow.objects.all()
    begun, ended = (_moments(rows, name, since, now) for name in ("from", "until"))
    return [
        Event(
            at=at, kind=Kind.MATRIX, workflow=name,
            number=max(begun[(at, name)], ended[(at, name)]),
        )
        for at, name in begun.keys() | ended.keys()
    ]  # fmt: skip


def _moments(
    rows: QuerySet[MatrixRow], which: str, since: datetime, now: datetime
) -> Counter[tuple[datetime, str]]:
    column = f"effective_{which}"
    found = rows.filter(**{f"{column}__gte": since, f"{column}__lte": now})
    return Counter(found.values_list(column, "workflow__name"))


def _stops(workflow: Workflow | None, since: datetime, now: datetime) -> list[Event]:
    found = Stop.objects.filter(stopped_at__lte=now)
    found = found.filter(Q(ended_at=None) | Q(ended_at__gte=since)).select_related("workflow")
    if workflow:
        found = found.filter(Q(workflow=workflow) | Q(workflow=None))
    return [
        Event(
            at=one.stopped_at, kind=Kind.DRILL if one.drill else Kind.STOP,
            workflow=one.workflow.name if one.workflow else "", until=one.ended_at,
            reason=one.reason,
        )
        for one in found
    ]  # fmt: skip


def _alarms(workflow: Workflow | None, since: datetime, now: datetime) -> list[Event]:
    """Return those of a workflow, of the queues that its handoffs come to, and of everything."""
    found = Alarm.objects.filter(raised_at__lte=now)
    found = found.filter(Q(cleared_at=None) | Q(cleared_at__gte=since))
    if workflow:
        queues = MatrixRow.objects.filter(workflow=workflow).values("queue")
        found = found.filter(
            Q(threshold__workflow=workflow)
            | Q(threshold__queue__in=queues)
            | Q(threshold__workflow=None, threshold__queue=None)
        )
    return [
        Event(
            at=one.raised_at, kind=Kind.ALARM, until=one.cleared_at, reason=one.said,
            workflow=str(one.threshold.workflow or one.threshold.queue or ""),
            measure=one.threshold.measure,
        )
        for one in found.select_related("threshold__workflow", "threshold__queue")
    ]  # fmt: skip
