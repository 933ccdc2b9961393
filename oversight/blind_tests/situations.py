"""What is known of a queue at the moment at which a test comes in: read side of `pacing.off`."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, Sum

from handoffs import ids, real, standstill
from handoffs.models import Handoff, MatrixRow, Queue, QueueDepth, Stop, Workflow, WorkflowPressure
from oversight.models import Alarm, Programme
from oversight.queues import profiles
from oversight.statistics import pacing
from oversight.statistics.marks import Measure
from oversight.statistics.pacing import Off, Situation

# people catch up with what happened: so long after a stop it is an incident still
AFTERMATH = timedelta(hours=4)
# alarms that say that people have enough to do; what says that they do not look is why tests go on
_TROUBLE = (
    Measure.BACKLOG, Measure.LATE, Measure.ESCALATION_HIGH, Measure.SILENT_JOBS,
    Measure.OUTBOX_AGE,
)  # fmt: skip

# of what is real and waits longest, the part of its time that is over
_OLDEST = """
select max(extract(epoch from %(now)s - h.counted_from)
    / nullif(extract(epoch from h.deadline_at - h.counted_from), 0))::float
from handoffs_handoff h
where h.queue_id = %(queue)s and h.state = 'waiting' and h.gather_until is null
    and not exists (select from reviews_plant plant where plant.handoff_id = h.id)
"""


def off(workflow: Workflow, queue: Queue, *, now: datetime) -> Off | None:
    """Return why no test stands in this queue now; None: one may."""
    return pacing.off(situation(workflow, queue, now=now))


def off_everywhere(workflow: Workflow, *, now: datetime) -> Off | None:
    """Return why no test stands in any of its queues now; None: one may, in one of them."""
    rows = MatrixRow.objects.filter(workflow=workflow, queue__isnull=False)
    queues = Queue.objects.filter(pk__in=rows.values("queue")).order_by("pk")
    why = [off(workflow, queue, now=now) for queue in queues]
    return why[0] if why and all(why) else None


def situation(workflow: Workflow, queue: Queue, *, now: datetime) -> Situation:
    programme = Programme.objects.filter(workflow=workflow).first()
    return Situation(
        noticed=programme is not None and programme.noticed_at is not None,
        switched_on=programme is not None and programme.on,
        stopped=_stopped(workflow),
        incident=_incident(workflow, queue, now),
        came=_came(queue, now),
        usual=profiles.read(queue, now=now).usual(now),
        oldest=_oldest(queue, now),
        taken=_taken(queue),
    )


def _stopped(workflow: Workflow) -> bool:
    paused = WorkflowPressure.objects.filter(workflow=workflow, paused_since__isnull=False)
    return standstill.over(workflow.pk) is not None or paused.exists()


def _incident(workflow: Workflow, queue: Queue, now: datetime) -> bool:
    """A stop in earnest that ended lately, as what gathered is still there; or an alarm."""
    lately = Stop.objects.filter(drill=False, ended_at__gt=now - AFTERMATH)
    stopped = lately.filter(Q(workflow=workflow) | Q(workflow=None))
    raised = Alarm.objects.filter(cleared_at=None, threshold__measure__in=_TROUBLE)
    here = Q(threshold__workflow=workflow) | Q(threshold__queue=queue)
    everywhere = Q(threshold__workflow=None, threshold__queue=None)
    return stopped.exists() or raised.filter(here | everywhere).exists()


def _came(queue: Queue, now: datetime) -> int:
    hour = now - timedelta(hours=1)
    came = Handoff.objects.filter(id__gte=ids.at("ho", hour), opened_at__gt=hour, queue=queue)
    return came.filter(real.of("run")).count()


def _oldest(queue: Queue, now: datetime) -> float:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, {"now": now, "queue": queue.pk})
        return float(cursor.fetchone()[0] or 0.0)


def _taken(queue: Queue) -> float | None:
    if not queue.depth_limit:
        return None
    waits = QueueDepth.objects.filter(queue=queue).aggregate(all=Sum("waiting"))["all"] or 0
    return float(waits) / queue.depth_limit
