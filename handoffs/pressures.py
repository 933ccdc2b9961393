"""Watch how hard workflows press on their people, pause them, and tell their agents.

A queue's limit holds by itself, see `rooms`; this says in good time that it comes nearer.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Client
from accounts.queries import EVERY_WORKFLOW
from handoffs import audit, compiled, outbox, readings, rooms
from handoffs.actors import POLICY
from handoffs.models import Workflow, WorkflowPressure
from handoffs.readings import Standing
from handoffs.states import AtLimit, Pressure

# one process at a time looks at a workflow
_WATCHED = 73054
# slots that were filled past their quota open again one by one; this opens them at once
_HEAL = """
select overread_spread(kept.queue_id) from (
    select queue_id, sum(waiting) as waiting, sum(quota) as quota
    from handoffs_queuedepth group by queue_id) kept
where kept.quota <> overread_queue_limit(kept.queue_id)
    and kept.waiting < overread_queue_limit(kept.queue_id)
"""
_KEEP = """
insert into handoffs_workflowpressure as kept (workflow_id, level, since, because)
values (%(workflow)s, %(level)s, statement_timestamp(), %(because)s)
on conflict (workflow_id) do update
    set level = excluded.level, since = excluded.since, because = excluded.because
    where kept.level <> excluded.level
returning since
"""
_PAUSE = """
insert into handoffs_workflowpressure as kept
    (workflow_id, level, since, because, paused_since, paused_by_id)
values (%(workflow)s, 'open', statement_timestamp(), '', statement_timestamp(), %(queue)s)
on conflict (workflow_id) do update
    set paused_since = excluded.paused_since, paused_by_id = excluded.paused_by_id
    where kept.paused_since is null
returning workflow_id
"""


def watch(*, now: datetime) -> int:
    """Look at every workflow, pause and go on as its rows say, and announce each change once."""
    with connection.cursor() as cursor:
        cursor.execute(_HEAL)
    launched = Workflow.objects.filter(launched_at__isnull=False)
    return sum(_watch(workflow, now=now) for workflow in launched.order_by("pk"))


@transaction.atomic
def _watch(workflow: Workflow, *, now: datetime) -> bool:
    """Look at one workflow, unless somebody else just does.

    What was read before another's change would announce a step back that never was.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [_WATCHED, workflow.pk])
        if not cursor.fetchone()[0]:
            return False
    _pause_or_go_on(workflow.pk, now=now)
    stands = readings.of(workflow)
    kept = WorkflowPressure.objects.filter(workflow=workflow).first()
    if (kept.level if kept else Pressure.OPEN.value) == stands.level.value:
        return False
    return _announce(workflow, stands)


def _announce(workflow: Workflow, stands: Standing) -> bool:
    """Keep the new level and tell the agents; of several who find it, one does."""
    told = {"workflow": workflow.pk, "level": stands.level.value, "because": stands.because}
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, told)
            row = cursor.fetchone()
        if row is None:
            return False
        fullest = stands.fullest
        payload = {
            "workflow": workflow.slug,
            "level": stands.level.value,
            "since": row[0].isoformat(),
            "because": stands.because,
            "paused": stands.paused_since is not None,
            "depth": fullest.waiting if fullest else 0,
            "limit": fullest.limit if fullest else 0,
            "expected_wait_seconds": readings.whole(fullest.wait_seconds) if fullest else None,
            "retry_after": stands.retry_after,
        }
        for client in clients(workflow):
            outbox.tell(client.pk, "queue.pressure", payload)
    return True


def clients(workflow: Workflow | None) -> Iterable[Client]:
    """Find whose agents may use the workflow; without one, whose may use every one."""
    may = Q(keys__workflows__contains=[EVERY_WORKFLOW])
    if workflow is not None:
        may |= Q(keys__workflows__contains=[workflow.slug])
    good = Q(keys__revoked_at__isnull=True) & (
        Q(keys__expires_at__isnull=True) | Q(keys__expires_at__gt=Now())
    )
    return Client.objects.filter(may & good, is_active=True).distinct().order_by("pk")


def pause(workflow_id: int, *, queue_id: int, now: datetime) -> bool:
    """Ask nothing more of people in this workflow: a queue is full whose row says so."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_PAUSE, {"workflow": workflow_id, "queue": queue_id})
            if cursor.fetchone() is None:
                return False
        facts = {"workflow": workflow_id, "queue": queue_id}
        audit.record(by=POLICY, action="workflow.paused", subject=f"w{workflow_id}", body=facts)
    return True


def go_on(workflow_id: int, *, now: datetime) -> bool:
    """Let a paused workflow ask people again."""
    paused = WorkflowPressure.objects.filter(workflow=workflow_id, paused_since__isnull=False)
    with transaction.atomic():
        if not paused.update(paused_since=None, paused_by=None):
            return False
        facts = {"workflow": workflow_id}
        audit.record(by=POLICY, action="workflow.went_on", subject=f"w{workflow_id}", body=facts)
    return True


def _pause_or_go_on(workflow_id: int, *, now: datetime) -> None:
    """Do as the rows say that pause at their limit; where none does any more, go on."""
    rows = compiled.get(workflow_id).authorities.values()
    pausing = {one.queue_id for one in rows if one.at_limit is AtLimit.PAUSE}
    kept = WorkflowPressure.objects.filter(workflow=workflow_id).first()
    by = kept.paused_by_id if kept else None
    room = rooms.read(sorted(pausing))
    if by is not None and (by not in pausing or readings.share(room[by]) < readings.CLOSED_UNTIL):
        go_on(workflow_id, now=now)
    elif by is None:
        for queue, one in room.items():
            if not one.takes(presses=False):
                pause(workflow_id, queue_id=queue, now=now)
                return
