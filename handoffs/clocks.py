"""The clock of a handoff as it is stored: begun, stopped, carried on. The database's time decides.

Each returns what is to be written of it, for whoever moves the handoff to write with that.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from handoffs import deadlines, gathering, levels, queries, sla
from handoffs.calendars import Calendar
from handoffs.levels import Terms
from handoffs.models import Handoff, InformationRequest, Queue, Stop
from handoffs.sla import Span
from handoffs.states import AUTONOMOUS_TIERS, RungName


def begin(queue_id: int, seconds: int, terms: Terms) -> dict[str, Any]:
    """Let a level's time run from now on; where its row lets it, it gathers with others first."""
    now, calendar = _now_in(queue_id, terms)
    due = deadlines.count(now, seconds, urgent_seconds=terms.urgent_seconds, calendar=calendar)
    gathers = gathering.until(
        now,
        gathering.window(terms.batch_seconds, seconds),
        due_at=due.due_at,
        urgent_at=due.urgent_at,
    )
    return {**due.columns(), "gather_until": gathers}


def hold(handoff: Handoff, seconds: int) -> dict[str, Any]:
    """Let the time run until what is held is looked at again; nothing of it is urgent."""
    now, calendar = _now_in(handoff.queue_id, terms_of(handoff))
    deadline = deadlines.count(now, seconds, urgent_seconds=0, calendar=calendar)
    return {**deadline.columns(RungName.REVIEW), "gather_until": None}


def allow(handoff: Handoff, seconds: int) -> dict[str, Any]:
    """Let the time run that whoever took the handoff on asked for, by the clock."""
    terms = terms_of(handoff)
    now, _ = _now_in(handoff.queue_id, terms)
    deadline = deadlines.count(
        now, seconds, urgent_seconds=terms.urgent_seconds, calendar=None, by_the_clock=True
    )
    return {**deadline.columns(end_of(handoff)), "gather_until": None}


def stop(handoff: Handoff) -> dict[str, Any]:
    """Stop the clock while the agent is asked; its answer is waited for as long as the level's.

    It does not gather again when it comes back.
    """
    now, calendar = _now_in(handoff.queue_id, terms_of(handoff))
    seconds = max(handoff.deadline_seconds, 1)
    return {
        "next_at": sla.deadline(now, seconds, calendar),
        "next_rung": RungName.INFORMATION.value,
        "gather_until": None,
    }


def go_on(handoff: Handoff) -> dict[str, Any]:
    """Let a stopped clock go on: what was left when it was stopped is left now."""
    deadline = read(handoff)
    return deadline.moments(urgent=handoff.urgent_since is not None, end=end_of(handoff))


def gather_on(handoff: Handoff, moved: dict[str, Any]) -> dict[str, Any]:
    """Let it gather on where it was moved to, as far as its deadline allows it there."""
    if handoff.gather_until is None or "deadline_at" not in moved:
        return {}
    now, _ = _now_in(handoff.queue_id, terms_of(handoff))
    due_at, urgent_at = moved["deadline_at"], moved["urgent_at"]
    ends = gathering.within(handoff.gather_until, now=now, due_at=due_at, urgent_at=urgent_at)
    return {"gather_until": ends}


def read(handoff: Handoff) -> deadlines.Deadline:
    """Return the deadline that runs, counted anew from what is stored."""
    return deadlines.count(
        handoff.counted_from,
        handoff.counted_seconds,
        urgent_seconds=0 if handoff.held_since else terms_of(handoff).urgent_seconds,
        calendar=hours_of(handoff),
        pauses=pauses_of(handoff),
        by_the_clock=handoff.by_the_clock,
    )


def hours_of(handoff: Handoff) -> Calendar | None:
    """Return the hours in which the deadline counts; None: by the clock."""
    if handoff.by_the_clock or not terms_of(handoff).business_time:
        return None
    return queries.calendar(handoff.queue)


def pauses_of(handoff: Handoff) -> list[Span]:
    """Return when this clock stood still: the agent was asked, or people had stopped the work."""
    asked = InformationRequest.objects.filter(
        handoff=handoff, asked_at__gte=handoff.counted_from, answered_at__isnull=False
    ).values_list("asked_at", "answered_at")
    found = [*asked, *([] if handoff.tier in AUTONOMOUS_TIERS else _stops_of(handoff))]
    return sorted((since, until) for since, until in found if until is not None)


def _stops_of(handoff: Handoff) -> Iterable[tuple[datetime, datetime | None]]:
    covering = Q(workflow=None) | Q(workflow=handoff.workflow_id)
    stops = Stop.objects.filter(covering, ended_at__gt=handoff.counted_from)
    return stops.values_list("stopped_at", "ended_at")


def terms_of(handoff: Handoff) -> Terms:
    return levels.terms_from_json(handoff.terms)


def end_of(handoff: Handoff) -> RungName:
    """Return what fires at the end of this level: its deadline does so once."""
    fired = handoff.rungs.filter(
        round=handoff.round, level=handoff.level, rung=RungName.DEADLINE.value
    )
    return RungName.REVIEW if fired.exists() else RungName.DEADLINE


def _now_in(queue_id: int, terms: Terms) -> tuple[datetime, Calendar | None]:
    queue = Queue.objects.annotate(now=Now()).get(id=queue_id)
    return queue.now, queries.calendar(queue) if terms.business_time else None
