"""Read what thresholds look at: as many queries for all workflows or queues as for one.

Of handoffs it reads what was counted; of what people decide only weeks that may be told.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, Sum

from governance.estimates import Share
from handoffs import jobs, queries, rates
from handoffs.models import (
    Handoff,
    OutboxMessage,
    Queue,
    QueueDepth,
    RefusedTransition,
    Workflow,
)
from handoffs.states import ASKED_TIERS, HandoffState
from oversight.counted import beginnings, weeks
from oversight.counted.weeks import Scope
from oversight.models import Chart, FigureDay, FigureWeek, ProposalDay
from oversight.queues import arrivals
from oversight.statistics import bins, marks
from oversight.statistics.marks import Measure, Reading

# by the number of a workflow or queue; None: the whole installation
Readings = dict[int | None, Reading | None]

DAYS = 7
# what usually counts as a click and no decision
SPIKE_SECONDS = 5
# an illegal move is news for so long
REFUSED_FOR = timedelta(hours=1)
# somebody should have looked at what was given up by then
DEAD_FOR = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


def read(measure: Measure, *, now: datetime) -> Readings:
    """Read one measure of everything that has it; what is missing has nothing to tell."""
    return _READ[measure](now)


def _escalation(now: datetime) -> Readings:
    """Return how many of the actions proposed lately needed a person, as the page counts them."""
    asked = Sum("proposed", filter=Q(tier__in=ASKED_TIERS), default=0)
    days = ProposalDay.objects.filter(day__gt=_days_ago(now)).values("workflow_id", "day")
    return _added(days.annotate(count=asked, all=Sum("proposed")))


def _late(now: datetime) -> Readings:
    days = FigureDay.objects.filter(day__gt=_days_ago(now)).values("workflow_id", "day")
    return _added(days.annotate(count=Sum("late"), all=Sum("came")))


def _added(days: Iterable[Mapping[str, Any]]) -> Readings:
    """Add up what is real: what stands before a workflow's launch is demo history."""
    since = beginnings.of_workflows()
    count, every = Counter[int](), Counter[int]()
    for row in days:
        pk = row["workflow_id"]
        if pk in since and row["day"] >= since[pk]:
            count[pk] += row["count"]
            every[pk] += row["all"]
    return {pk: _share(count[pk], every[pk]) for pk in every}


def _catch_rate(now: datetime) -> Readings:
    """Count the teams of each workflow whose chart of blind tests is alarmed."""
    rows = Chart.objects.filter(looked_on__isnull=False).values_list("workflow")
    counted = dict(rows.annotate(alarmed=Count("pk", filter=Q(raised=True))))
    workflows = Workflow.objects.filter(slug__in=counted).values_list("pk", "slug")
    return {pk: marks.exactly(counted[slug]) for pk, slug in workflows}


def _quick(now: datetime) -> Readings:
    return {week.workflow_id: marks.of_share(_quick_share(week)) for week in _told(now)}


def _quick_agreement(now: datetime) -> Readings:
    return {
        week.workflow_id: marks.quick_agreement(
            _quick_share(week), Share(week.overridden, week.approvals)
        )
        for week in _told(now)
    }


def _told(now: datetime) -> Iterable[FigureWeek]:
    """Return the last whole week of each workflow in which it tells of nobody, if it is real."""
    last = weeks.monday(now.astimezone(UTC).date()) - timedelta(weeks=1)
    since = beginnings.of_workflows()
    told = FigureWeek.objects.filter(scope=Scope.WORKFLOW, monday=last, told=True)
    return [one for one in told if one.workflow_id and last >= since.get(one.workflow_id, date.max)]


def _quick_share(week: FigureWeek) -> Share:
    times = week.times.get("review", {})
    return Share(bins.below(times, SPIKE_SECONDS), sum(times.values()))


def _backlog(now: datetime) -> Readings:
    """Return in how many minutes each queue that is open will have answered what waits now.

    Where nobody is there to tell it by: how long the first one has been waiting for them.
    """
    waiting = dict(QueueDepth.objects.values_list("queue").annotate(Sum("waiting")))
    queues = [queue for queue in Queue.objects.all() if _is_open(queue, now)]
    measured = rates.of(queue.pk for queue in queues)
    found: Readings = {}
    alone = []
    for queue in queues:
        many = waiting.get(queue.pk) or 0
        seconds = rates.wait_seconds(measured.get(queue.pk), many - 1) if many > 0 else 0.0
        if seconds is None:
            alone.append(queue)
        else:
            found[queue.pk] = marks.exactly(seconds / 60)
    return found | _waited(alone, now)


def _waited(queues: list[Queue], now: datetime) -> Readings:
    rows = Handoff.objects.filter(state=HandoffState.WAITING, queue__in=queues)
    first = dict(rows.values_list("queue_id").annotate(Min("opened_at")))
    return {
        queue.pk: marks.exactly(_open_minutes(queue, first[queue.pk], now))
        for queue in queues
        if queue.pk in first
    }


def _is_open(queue: Queue, now: datetime) -> bool:
    return _open_minutes(queue, now - _MINUTE, now) > 0


def _open_minutes(queue: Queue, since: datetime, now: datetime) -> float:
    return arrivals.open_seconds(queries.calendar(queue), since, now) / 60


def _refused_moves(now: datetime) -> Readings:
    """Count the kinds of moves that no handoff or run may make and that were tried lately."""
    tried = RefusedTransition.objects.filter(last_at__gt=now - REFUSED_FOR)
    return {None: marks.exactly(tried.count())}


def _silent_jobs(now: datetime) -> Readings:
    late = jobs.late(jobs.silent_for(), settings.JOBS_MAY_BE_SILENT)
    return {None: marks.exactly(len(late))}


def _outbox_age(now: datetime) -> Readings:
    """Return for how long the first message has been due that nobody tried to send."""
    pending = OutboxMessage.objects.filter(state=OutboxMessage.State.PENDING)
    first = pending.aggregate(first=Min("next_attempt_at"))["first"]
    late = (now - first) / _MINUTE if first else 0.0
    return {None: marks.exactly(max(0.0, late))}


def _dead_letters(now: datetime) -> Readings:
    dead = OutboxMessage.objects.filter(
        state=OutboxMessage.State.DEAD, created_at__gt=now - DEAD_FOR
    )
    return {None: marks.exactly(dead.count())}


def _days_ago(now: datetime) -> date:
    return now.astimezone(UTC).date() - timedelta(days=DAYS)


def _share(count: int, of: int) -> Reading | None:
    return marks.of_share(Share(count, of))


_READ: dict[Measure, Callable[[datetime], Readings]] = {
    Measure.ESCALATION_HIGH: _escalation,
    Measure.ESCALATION_LOW: _escalation,
    Measure.LATE: _late,
    Measure.CATCH_RATE: _catch_rate,
    Measure.QUICK: _quick,
    Measure.QUICK_AGREEMENT: _quick_agreement,
    Measure.BACKLOG: _backlog,
    Measure.REFUSED_MOVES: _refused_moves,
    Measure.SILENT_JOBS: _silent_jobs,
    Measure.OUTBOX_AGE: _outbox_age,
    Measure.DEAD_LETTERS: _dead_letters,
}
