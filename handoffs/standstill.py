"""Does a workflow stand still, and why: read side of `stops`, for whoever is about to go on."""

import math
import random
from collections.abc import Collection

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from handoffs.errors import Halt, StandsStill, SteppedIn, WorkflowStopped
from handoffs.models import Handoff, Stop, Workflow
from handoffs.states import AUTONOMOUS_TIERS, OPEN_HANDOFF_STATES, Verb

# how long a refused agent is asked to wait; up to half of it is added, so that not all come back
# in the same moment
RETRY_SECONDS = 30
_SHOWN = 300
# what may be said in a workflow that stands still all the same: it ends something, releases nothing
ENDING = frozenset({Verb.STOP, Verb.TAKE_OVER, Verb.ROLL_BACK, Verb.WRONG})


def live() -> QuerySet[Stop]:
    """Return the stops in force, the one of everything first."""
    stops = Stop.objects.filter(ended_at=None).select_related("workflow", "stopped_by")
    return stops.order_by(F("workflow").asc(nulls_first=True))


def over(workflow_id: int) -> Stop | None:
    """Return the stop that covers this workflow; None: it goes on."""
    return live().filter(Q(workflow=None) | Q(workflow=workflow_id)).first()


def stopped_ids() -> frozenset[int]:
    """Return the workflows that stand still now: nothing of theirs is handed out."""
    found = set(Stop.objects.filter(ended_at=None).values_list("workflow_id", flat=True))
    if None in found:
        return frozenset(Workflow.objects.values_list("id", flat=True))
    return frozenset(id for id in found if id is not None)


def check(workflow_id: int, *, client_id: int) -> None:
    """Refuse an agent of this client while the workflow stands still."""
    stop = over(workflow_id)
    if stop is not None:
        raise refusal(stop, client_id=client_id)


def holding(run_id: str) -> Handoff | None:
    """Return the handoff by which a person has paused this run, while it is open."""
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    held = Handoff.objects.filter(run=run_id, stepped_in=True, state__in=open_states)
    return held.select_related("role").first()


def check_run(run_id: str) -> None:
    """Refuse an agent whose run a person has paused."""
    held = holding(run_id)
    if held is not None:
        raise SteppedIn(
            f"A person has stepped into this run at {held.opened_at:%Y-%m-%d %H:%M} UTC, and the "
            f"{held.role.name} have it. Nothing was stored. Keep what you need to go on, stop, and "
            "claim your turn when it is there.",
            retry_after=math.ceil(RETRY_SECONDS * random.uniform(1, 1.5)),
            halt=held_halt(held),
        )


def check_any(workflow_ids: Collection[int], *, client_id: int) -> None:
    """Refuse an agent that asks for several workflows, none of which goes on."""
    stops = [over(id) for id in workflow_ids]
    if stops and all(stops):
        assert stops[0] is not None
        raise refusal(stops[0], client_id=client_id)


def refusal(stop: Stop, *, client_id: int) -> WorkflowStopped:
    return WorkflowStopped(
        f"{named(stop)} was stopped at {stop.stopped_at:%Y-%m-%d %H:%M} UTC: {shown(stop.reason)} "
        "Nothing was stored. Keep what you need to go on, and ask again later.",
        retry_after=_retry_after(stop),
        halt=halt(stop),
        client_id=client_id,
    )


def check_answer(handoff: Handoff, verb: Verb) -> None:
    """Refuse a person, or policy, an answer that would be told to an agent that stands still."""
    if verb not in ENDING:
        check_asked(handoff)


def stands(handoff: Handoff) -> bool:
    """Tell whether a stop, or a person in its run, keeps this handoff where it is.

    What was done by itself is looked at all the same.
    """
    if handoff.tier in AUTONOMOUS_TIERS:
        return False
    return over(handoff.workflow_id) is not None or _held_by_another(handoff)


def standing(handoffs: Collection[Handoff]) -> set[str]:
    """Return which of many stand still, as `stands` says of one."""
    asked = [one for one in handoffs if one.tier not in AUTONOMOUS_TIERS]
    stopped = stopped_ids()
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    held = dict(
        Handoff.objects.filter(
            run__in={one.run_id for one in asked}, stepped_in=True, state__in=open_states
        ).values_list("run_id", "id")
    )
    return {
        one.id
        for one in asked
        if one.workflow_id in stopped or held.get(one.run_id, one.id) != one.id
    }


def _held_by_another(handoff: Handoff) -> bool:
    held = holding(handoff.run_id)
    return held is not None and held.id != handoff.id


def check_asked(handoff: Handoff) -> None:
    """Refuse to move a handoff on that stands still."""
    if handoff.tier in AUTONOMOUS_TIERS:
        return
    stop = over(handoff.workflow_id)
    if stop is not None:
        raise StandsStill(
            f"{named(stop)} was stopped by a {stop.stopped_role}: {shown(stop.reason)} Nothing was "
            "sent, and what you wrote is kept. You can stop or take over this run, or wait until "
            "it goes on."
        )
    if _held_by_another(handoff):
        raise StandsStill(
            "Somebody has stepped into this run and says how it goes on. Nothing was sent, and "
            "what you wrote is kept. Take another one, and come back to this."
        )


def halt(stop: Stop) -> Halt:
    return Halt(
        id=stop.id,
        scope="workflow" if stop.workflow_id else "everywhere",
        since=stop.stopped_at,
        reason=stop.reason,
        role=stop.stopped_role,
        drill=stop.drill,
    )


def held_halt(held: Handoff) -> Halt:
    """Say by whom and why a run is paused: its team's, and in the words of whoever did it."""
    brief = held.briefs.order_by("version").values_list("body", flat=True).first() or {}
    return Halt(
        id=held.id,
        scope="run",
        since=held.opened_at,
        reason=str(brief.get("summary", "")),
        role=held.role.name,
    )


def named(stop: Stop) -> str:
    return stop.workflow.name if stop.workflow else "Every workflow"


def shown(reason: str) -> str:
    """Return the reason as a sentence that is not too long."""
    text = reason if len(reason) <= _SHOWN else f"{reason[:_SHOWN].rstrip()}…"
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _retry_after(stop: Stop) -> int:
    left = float(RETRY_SECONDS)
    if stop.ends_by_itself_at is not None:
        now = Stop.objects.filter(id=stop.id).values_list(Now(), flat=True).get()
        left = min(left, max(1.0, (stop.ends_by_itself_at - now).total_seconds()))
    return math.ceil(left * random.uniform(1, 1.5))
