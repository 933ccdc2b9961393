"""The clock of a handoff as it is stored: begun, stopped, carried on. The database's time decides.

Each returns what is to be written of it, for whoever moves the handoff to write with that.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from handoffs import deadlines, gathering, levels, queries, sla
from handoffs.calendars import Calendar
from handoffs.levels import Terms
from handoffs.models import Handoff, Queue, Stop
from handoffs.sla import Span
from handoffs.states import AUTONOMOUS_TIERS, HandoffState, RungName


def begin(queue_id: int, seconds: int, terms: Terms) -> dict[str, Any]:
    """Let a level's time run from now on; where its row lets it, it gathers with others first."""
    return begin_in(_read(queue_id), seconds, terms)


def begin_in(queue: Any, seconds: int, terms: Terms) -> dict[str, Any]:
    """Let a level's time run in this queue, from `queue.now` by the database."""
    now, calendar = queue.now, _hours(queue, terms)
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
    return hold_in(_read(handoff.queue_id), seconds, terms_of(handoff))


def hold_in(queue: Any, seconds: int, terms: Terms) -> dict[str, Any]:
    deadline = deadlines.count(queue.now, seconds, urgent_seconds=0, calendar=_hours(queue, terms))
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


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a clock has to know of before, where it was read for many at once."""

    stood_still: Sequence[Span]
    end: RungName


def go_on(handoff: Handoff, known: Known | None = None) -> dict[str, Any]:
    """Let a stopped clock go on: what was left when it was stopped is left now."""
    pauses = pauses_of(handoff) if known is None else _pauses(handoff, known.stood_still)
    deadline = _count(handoff, pauses)
    end = end_of(handoff) if known is None else known.end
    return deadline.moments(urgent=handoff.urgent_since is not None, end=end)


def recount(handoff: Handoff, *, at: datetime) -> dict[str, Any]:
    """Count the running deadline in hours that have changed; what fired has fired.

    While the agent is asked, when its answer is given up stays as it is.
    """
    deadline = read(handoff)
    urgent = handoff.urgent_since is not None and deadline.urgent_at <= at
    found = deadline.moments(urgent=urgent, end=end_of(handoff))
    if not urgent:
        found["urgent_since"] = None
    found["gather_until"] = _gathers(handoff, deadline, now=at)
    if handoff.next_rung == RungName.INFORMATION.value:
        del found["next_at"], found["next_rung"]
    return found


def carry(handoff: Handoff, queue_id: int) -> dict[str, Any]:
    """Let what is left of the time run on in the hours of another queue.

    By the clock nothing changes. Returns {} then.
    """
    terms = terms_of(handoff)
    before = hours_of(handoff)
    now, after = _now_in(queue_id, terms)
    if before is None or after is before:
        return {}
    pauses = pauses_of(handoff)
    counted = sla.elapsed(handoff.counted_from, now, before, pauses).total_seconds()
    left = max(0, math.ceil(handoff.counted_seconds - counted))
    window = 0 if handoff.held_since else _window(handoff)
    deadline = deadlines.count(now, left, urgent_seconds=min(window, left), calendar=after)
    urgent = handoff.urgent_since is not None
    return {
        "counted_from": now,
        "counted_seconds": left,
        "gather_until": _gathers(handoff, deadline, now=now),
        **deadline.moments(urgent=urgent, end=end_of(handoff)),
    }


def _gathers(handoff: Handoff, deadline: deadlines.Deadline, *, now: datetime) -> datetime | None:
    """Return until when it gathers on, as far as its deadline lets it now."""
    end = handoff.gather_until
    if end is None or end <= now:
        return end
    return gathering.within(end, now=now, due_at=deadline.due_at, urgent_at=deadline.urgent_at)


def derivation(handoff: Handoff, *, now: datetime) -> str:
    """Say how the deadline comes about, or while the agent is asked, what is left of it."""
    return _derive(handoff, hours_of(handoff), pauses_of(handoff), now)


def remark(handoff: Handoff, *, now: datetime) -> str:
    """Return the derivation where there is one to tell: by the clock the deadline says it all."""
    calendar, pauses = hours_of(handoff), pauses_of(handoff)
    asking = handoff.state == HandoffState.NEEDS_INFORMATION.value
    plain = calendar is None or calendar.always_open
    return "" if plain and not pauses and not asking else _derive(handoff, calendar, pauses, now)


def _derive(
    handoff: Handoff, calendar: Calendar | None, pauses: Sequence[Span], now: datetime
) -> str:
    if handoff.state != HandoffState.NEEDS_INFORMATION.value:
        return sla.derivation(handoff.counted_from, handoff.counted_seconds, calendar, pauses)
    asked = next((one.asked_at for one in handoff.questions.all() if one.answered_at is None), now)
    counted = sla.elapsed(handoff.counted_from, asked, calendar, pauses).total_seconds()
    left = sla.in_words(max(0.0, handoff.counted_seconds - counted))
    terms = sla.terms_in_words(handoff.counted_seconds, calendar)
    return f"{terms}, stopped while the agent is asked: {left} are left then"


def read(handoff: Handoff) -> deadlines.Deadline:
    """Return the deadline that runs, counted anew from what is stored."""
    return _count(handoff, pauses_of(handoff))


def _count(handoff: Handoff, pauses: Sequence[Span]) -> deadlines.Deadline:
    return deadlines.count(
        handoff.counted_from,
        handoff.counted_seconds,
        urgent_seconds=0 if handoff.held_since else terms_of(handoff).urgent_seconds,
        calendar=hours_of(handoff),
        pauses=pauses,
        by_the_clock=handoff.by_the_clock,
    )


def hours_of(handoff: Handoff) -> Calendar | None:
    """Return the hours in which the deadline counts; None: by the clock."""
    if handoff.by_the_clock or not terms_of(handoff).business_time:
        return None
    return queries.calendar(handoff.queue)


def pauses_of(handoff: Handoff) -> list[Span]:
    """Return when this clock stood still: the agent was asked, or people had stopped the work."""
    return _pauses(handoff, [] if handoff.tier in AUTONOMOUS_TIERS else _stops_of(handoff))


def _pauses(handoff: Handoff, stood_still: Iterable[tuple[datetime, Any]]) -> list[Span]:
    asked = [
        (one.asked_at, one.answered_at)
        for one in handoff.questions.all()
        if one.asked_at >= handoff.counted_from
    ]
    return sorted((since, until) for since, until in [*asked, *stood_still] if until is not None)


def _stops_of(handoff: Handoff) -> Iterable[tuple[datetime, datetime | None]]:
    covering = Q(workflow=None) | Q(workflow=handoff.workflow_id)
    stops = Stop.objects.filter(covering, ended_at__gt=handoff.counted_from)
    held = Handoff.objects.filter(
        run=handoff.run_id, stepped_in=True, answered_at__gt=handoff.counted_from
    ).exclude(id=handoff.id)
    return stops.values_list("stopped_at", "ended_at").union(
        held.values_list("opened_at", "answered_at"), all=True
    )


def terms_of(handoff: Handoff) -> Terms:
    return levels.terms_from_json(handoff.terms)


def end_of(handoff: Handoff) -> RungName:
    """Return what fires at the end of this level: its deadline does so once."""
    fired = handoff.rungs.filter(
        round=handoff.round, level=handoff.level, rung=RungName.DEADLINE.value
    )
    return RungName.REVIEW if fired.exists() else RungName.DEADLINE


def _window(handoff: Handoff) -> int:
    return deadlines.urgent_window(handoff.counted_seconds, terms_of(handoff).urgent_seconds)


def _now_in(queue_id: int, terms: Terms) -> tuple[datetime, Calendar | None]:
    queue = _read(queue_id)
    return queue.now, _hours(queue, terms)


def _read(queue_id: int) -> Any:
    return Queue.objects.annotate(now=Now()).get(id=queue_id)


def _hours(queue: Queue, terms: Terms) -> Calendar | None:
    return queries.calendar(queue) if terms.business_time else None
