"""Give back the time in which a workflow stood still: it was nobody's to answer in."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, Max, Q, QuerySet

from handoffs import clocks
from handoffs.models import Handoff, Stop
from handoffs.states import AUTONOMOUS_TIERS, OPEN_HANDOFF_STATES, HandoffState

_BATCH = 500
# everyone's first lock, in one order: nobody can be in our way while we are in theirs
_LOCK_RUNS = """
select run.id from handoffs_run run where run.id in (
    select run_id from handoffs_handoff
    where workflow_id = any(%(workflows)s) and state = any(%(open)s))
order by run.id for update
"""


def give_time_back(workflow_ids: Collection[int], *, at: datetime) -> int:
    """Count the deadlines of what is open anew, without the time until `at`; say how many."""
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_RUNS, {"workflows": list(workflow_ids), "open": open_states})
    moved = 0
    for workflow_id in workflow_ids:
        since = stood_since(workflow_id, at=at)
        for handoff in _standing(workflow_id).iterator(chunk_size=_BATCH):
            Handoff.objects.filter(id=handoff.id).update(**_again(handoff, since, at))
            moved += 1
    return moved


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


def _standing(workflow_id: int) -> QuerySet[Any]:
    found = Handoff.objects.filter(
        workflow=workflow_id, state__in=[state.value for state in OPEN_HANDOFF_STATES]
    ).exclude(tier__in=[tier.value for tier in AUTONOMOUS_TIERS])
    asked = Max("questions__asked_at")
    return found.annotate(asked_at=asked).select_related("queue").order_by("id")


def _again(handoff: Any, since: datetime, at: datetime) -> dict[str, Any]:
    """Return when what comes; while the agent is asked, only the wait for it goes on."""
    if handoff.state != HandoffState.NEEDS_INFORMATION.value:
        return clocks.go_on(handoff)
    return {"next_at": F("next_at") + (at - max(since, handoff.asked_at))}
