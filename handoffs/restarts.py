"""Give back the time in which a workflow stood still: it was nobody's to answer in.

Of ten thousand that wait as of ten: a few statements for each five hundred, no more.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from handoffs import clocks
from handoffs.clocks import Known
from handoffs.models import Handoff, Rung, Stop
from handoffs.sla import Span
from handoffs.states import AUTONOMOUS_TIERS, OPEN_HANDOFF_STATES, HandoffState, RungName

_BATCH = 500
_TIMES = ("deadline_at", "urgent_at", "next_at")
# everyone's first lock, in one order: nobody can be in our way while we are in theirs
_LOCK_RUNS = """
select run.id from handoffs_run run where run.id in (
    select run_id from handoffs_handoff
    where workflow_id = any(%(workflows)s) and state = any(%(open)s))
order by run.id for update
"""
_WRITE = """
update handoffs_handoff h set deadline_at = again.deadline_at, urgent_at = again.urgent_at,
    next_at = again.next_at, next_rung = again.next_rung
from unnest(%(id)s::text[], %(deadline_at)s::timestamptz[], %(urgent_at)s::timestamptz[],
    %(next_at)s::timestamptz[], %(next_rung)s::text[])
    as again(id, deadline_at, urgent_at, next_at, next_rung)
where h.id = again.id
"""


def give_time_back(workflow_ids: Collection[int], *, at: datetime) -> int:
    """Count the deadlines of what is open anew, without the time until `at`; say how many."""
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_RUNS, {"workflows": list(workflow_ids), "open": open_states})
    moved = 0
    for workflow_id in workflow_ids:
        since = stood_since(workflow_id, at=at)
        for batch in _batches(_standing(workflow_id)):
            known = _known(workflow_id, batch)
            _write([_again(one, known[one.id], since, at) for one in batch])
            moved += len(batch)
    return moved


def _batches(standing: QuerySet[Handoff]) -> Iterator[list[Handoff]]:
    found = standing.iterator(chunk_size=_BATCH)
    while batch := list(islice(found, _BATCH)):
        yield batch


def give_run_time_back(run_id: str) -> None:
    """Do the same for what else is asked of the locked run that a person had paused."""
    asked = Handoff.objects.filter(run=run_id, state=HandoffState.WAITING.value)
    tiers = [tier.value for tier in AUTONOMOUS_TIERS]
    for handoff in asked.exclude(tier__in=tiers).select_related("queue"):
        Handoff.objects.filter(id=handoff.id).update(**clocks.go_on(handoff))


def stood_since(workflow_id: int, *, at: datetime) -> datetime:
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
    ).exclude(tier__in=[tier.value for tier in AUTONOMOUS_TIERS])
    return found.select_related("queue").prefetch_related("questions").order_by("id")


def _known(workflow_id: int, batch: Sequence[Handoff]) -> dict[str, Known]:
    """Read for all of them when they stood still, and whose deadline has fired."""
    first = min(one.counted_from for one in batch)
    covering = Q(workflow=None) | Q(workflow=workflow_id)
    stops: list[Any] = list(
        Stop.objects.filter(covering, ended_at__gt=first).values_list("stopped_at", "ended_at")
    )
    stepped_in: dict[str, list[Any]] = defaultdict(list)
    held = Handoff.objects.filter(
        run__in=[one.run_id for one in batch], stepped_in=True, answered_at__gt=first
    )
    for id, run, since, until in held.values_list("id", "run", "opened_at", "answered_at"):
        stepped_in[run].append((id, (since, until)))
    fired = set(
        Rung.objects.filter(
            handoff__in=[one.id for one in batch], rung=RungName.DEADLINE.value
        ).values_list("handoff", "round", "level")
    )
    return {
        one.id: Known(
            stood_still=_after(
                one, [*stops, *(span for id, span in stepped_in[one.run_id] if id != one.id)]
            ),
            end=RungName.REVIEW if (one.id, one.round, one.level) in fired else RungName.DEADLINE,
        )
        for one in batch
    }


def _after(handoff: Handoff, spans: Sequence[Span]) -> list[Span]:
    return [(since, until) for since, until in spans if until > handoff.counted_from]


def _again(handoff: Handoff, known: Known, since: datetime, at: datetime) -> dict[str, Any]:
    """Return when what comes; while the agent is asked, only the wait for it goes on."""
    if handoff.state != HandoffState.NEEDS_INFORMATION.value:
        return {"id": handoff.id, **clocks.go_on(handoff, known)}
    kept = {name: getattr(handoff, name) for name in ("id", *_TIMES, "next_rung")}
    asked = max(one.asked_at for one in handoff.questions.all())
    return {**kept, "next_at": handoff.next_at + (at - max(since, asked))}


def _write(moments: Sequence[dict[str, Any]]) -> None:
    columns = ("id", *_TIMES, "next_rung")
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {name: [one[name] for one in moments] for name in columns})
