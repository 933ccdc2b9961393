"""Give back the time in which a workflow stood still: it was nobody's to answer in."""

from collections.abc import Collection, Iterator
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from handoffs import levels, queries, sla
from handoffs.models import Handoff, Stop
from handoffs.states import AUTONOMOUS_TIERS, OPEN_HANDOFF_STATES

_BATCH = 1_000
# everyone's first lock, in one order: nobody can be in the way of us while we are in theirs
_LOCK_RUNS = """
select run.id from handoffs_run run where run.id in (
    select run_id from handoffs_handoff
    where workflow_id = any(%(workflows)s) and state = any(%(open)s))
order by run.id for update
"""
_SHIFT = """
update handoffs_handoff handoff set deadline_at = shifted.at
from unnest(%s::text[], %s::timestamptz[]) as shifted (id, at) where handoff.id = shifted.id
"""


def give_time_back(workflow_ids: Collection[int], *, at: datetime) -> int:
    """Move the deadlines of what is open, as if the time until `at` had not been; say how many."""
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_RUNS, {"workflows": list(workflow_ids), "open": open_states})
    moved = 0
    for workflow_id in workflow_ids:
        since = frozen_since(workflow_id, at=at)
        standing = _standing(workflow_id)
        for ids, deadlines in _batches(_shifted(standing, since=since, at=at)):
            with connection.cursor() as cursor:
                cursor.execute(_SHIFT, [ids, deadlines])
            moved += len(ids)
    return moved


def frozen_since(workflow_id: int, *, at: datetime) -> datetime:
    """Return since when it has stood still without a break, by one stop or by several."""
    stops = Stop.objects.filter(Q(workflow=None) | Q(workflow=workflow_id))
    since = at
    for began, ended in stops.order_by("-ended_at").values_list("stopped_at", "ended_at"):
        if ended is not None and ended < since:
            break
        since = min(since, began)
    return since


def _standing(workflow_id: int) -> QuerySet[Handoff]:
    found = Handoff.objects.filter(
        workflow=workflow_id, state__in=[state.value for state in OPEN_HANDOFF_STATES]
    )
    tiers = [tier.value for tier in AUTONOMOUS_TIERS]
    return found.exclude(tier__in=tiers).select_related("queue")


def _shifted(
    standing: QuerySet[Handoff], *, since: datetime, at: datetime
) -> Iterator[tuple[str, datetime]]:
    for handoff in standing.iterator(chunk_size=_BATCH):
        began = max(since, handoff.owner_since)
        if handoff.deadline_at <= began:
            # its time was over before
            continue
        terms = levels.terms_from_json(handoff.terms)
        calendar = queries.calendar(handoff.queue) if terms.business_time else None
        left = sla.counted(began, handoff.deadline_at, calendar)
        yield handoff.id, sla.deadline(at, left, calendar)


def _batches(
    shifted: Iterator[tuple[str, datetime]],
) -> Iterator[tuple[list[str], list[datetime]]]:
    batch: list[tuple[str, datetime]] = []
    for one in shifted:
        batch.append(one)
        if len(batch) == _BATCH:
            yield [id for id, _ in batch], [due for _, due in batch]
            batch = []
    if batch:
        yield [id for id, _ in batch], [due for _, due in batch]
