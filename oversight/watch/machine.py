"""Whether the machine itself is at work: its jobs, what it has to send, what stands open.

Read by the page and by `/metrics`. Of people there is nothing here, not even how many are at a
queue: with one it would say when they work.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.models import Count, F, Min, Sum

from handoffs import jobs
from handoffs.models import OutboxMessage, QueueDepth, RefusedTransition
from oversight.models import Alarm, Threshold
from oversight.watch import exposition, gauges
from oversight.watch.exposition import Family, Sample

State = OutboxMessage.State
# one that stays open keeps PostgreSQL from cleaning up behind everything that moves
_OLDEST = """
select coalesce(extract(epoch from clock_timestamp() - min(xact_start)), 0)::float
from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """`silent` is None for what was never done."""

    name: str
    silent: float | None
    allowed: float

    @property
    def is_late(self) -> bool:
        return self.silent is None or self.silent > self.allowed


@dataclass(frozen=True, kw_only=True)
class Dead:
    """Messages of one event that were given up, and why the last of them was."""

    event: str
    count: int
    last_error: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An illegal move that was tried, ever so often since the beginning."""

    entity: str
    before: str
    to: str
    times: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True)
class Machine:
    jobs: tuple[Job, ...]
    pending: int
    due_seconds: float
    dead: tuple[Dead, ...]
    # the latest first
    refused: tuple[Refused, ...]
    oldest_transaction_seconds: float


def read(*, now: datetime) -> Machine:
    silent = jobs.silent_for()
    pending = OutboxMessage.objects.filter(state=State.PENDING).aggregate(
        count=Count("pk"), first=Min("next_attempt_at")
    )
    due = (now - pending["first"]).total_seconds() if pending["first"] else 0.0
    return Machine(
        jobs=tuple(
            Job(name=name, silent=silent.get(name), allowed=allowed)
            for name, allowed in settings.JOBS_MAY_BE_SILENT.items()
        ),
        pending=pending["count"],
        due_seconds=max(0.0, due),
        dead=tuple(_dead(now)),
        refused=tuple(
            Refused(
                entity=one.entity,
                before=one.from_state,
                to=one.to_state,
                times=one.times,
                last_at=one.last_at,
            )
            for one in RefusedTransition.objects.order_by("-last_at", "pk")
        ),
        oldest_transaction_seconds=_oldest_transaction(),
    )


def _dead(now: datetime) -> Iterator[Dead]:
    lately = OutboxMessage.objects.filter(state=State.DEAD, created_at__gt=now - gauges.DEAD_FOR)
    rows = lately.values("event").annotate(count=Count("pk")).order_by("-count", "event")
    last = lately.order_by("event", "-created_at").distinct("event")
    because = dict(last.values_list("event", "last_error"))
    for row in rows:
        yield Dead(event=row["event"], count=row["count"], last_error=because[row["event"]])


def _oldest_transaction() -> float:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        return max(0.0, float(cursor.fetchone()[0]))


def told(*, now: datetime) -> str:
    """Write all of it, and what is measured and raised, for Prometheus."""
    return exposition.write([*_of_machine(read(now=now)), *_of_queues(), *_of_thresholds()])


def _of_machine(found: Machine) -> Iterator[Family]:
    yield _gauge(
        "overread_job_silent_seconds",
        "Since a job of the clock was last done; +Inf if it never was.",
        *(
            ({"job": one.name}, float("inf") if one.silent is None else one.silent)
            for one in found.jobs
        ),
    )
    yield _gauge(
        "overread_job_allowed_seconds",
        "For how long a job may be silent until somebody should look.",
        *(({"job": one.name}, one.allowed) for one in found.jobs),
    )
    yield _gauge(
        "overread_outbox_pending", "Messages that are still to be sent.", ({}, found.pending)
    )
    yield _gauge(
        "overread_outbox_due_seconds",
        "Since the first message was due that nobody tried to send.",
        ({}, found.due_seconds),
    )
    yield _gauge(
        "overread_outbox_dead",
        "Messages of the last 7 days that were given up.",
        *(({"event": one.event}, one.count) for one in found.dead),
    )
    yield _gauge(
        "overread_oldest_transaction_seconds",
        "How long the oldest transaction in the database has been open.",
        ({}, found.oldest_transaction_seconds),
    )
    yield Family(
        name="overread_transitions_refused_total",
        kind="counter",
        help="Illegal moves of handoffs and runs that were tried.",
        samples=tuple(
            ({"entity": one.entity, "from": one.before, "to": one.to}, one.times)
            for one in found.refused
        ),
    )


def _of_queues() -> Iterator[Family]:
    rows = QueueDepth.objects.values("queue__slug").annotate(waiting=Sum("waiting"))
    yield _gauge(
        "overread_queue_waiting",
        "Handoffs that wait in a queue.",
        *(({"queue": row["queue__slug"]}, row["waiting"]) for row in rows.order_by("queue__slug")),
    )


def _of_thresholds() -> Iterator[Family]:
    watched = Threshold.objects.filter(is_on=True).order_by("pk")
    named = watched.annotate(in_workflow=F("workflow__slug"), in_queue=F("queue__slug"))
    rows = list(named.values_list("pk", "measure", "in_workflow", "in_queue", "value"))
    raised = set(Alarm.objects.filter(cleared_at=None).values_list("threshold", flat=True))
    labels = {
        pk: {"measure": measure, "workflow": workflow or "", "queue": queue or ""}
        for pk, measure, workflow, queue, _ in rows
    }
    yield _gauge(
        "overread_measured",
        "What a threshold looks at, shares from 0 to 1; missing where there is nothing to tell.",
        *((labels[pk], value) for pk, *_, value in rows if value is not None),
    )
    yield _gauge(
        "overread_alarm_raised",
        "1 while an alarm is raised.",
        *((labels[pk], float(pk in raised)) for pk, *_ in rows),
    )


def _gauge(name: str, help: str, *samples: Sample) -> Family:
    return Family(name=name, kind="gauge", help=help, samples=samples)
