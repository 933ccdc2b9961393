"""Count the days on which something moved, each as a whole and as if for the first time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from handoffs import ids, real
from handoffs.models import Handoff
from oversight.counted import day_sql, weeks
from oversight.models import FigureDay
from reviews import log_places
from reviews.log_places import Log

MOVES = Log(
    name="figures", table="handoffs_transition", columns="id, handoff_id, run_id, from_state"
)
# whoever takes it, or is the first of several to decide, moves nothing yet
_STEPS = tuple(
    Log(name=f"figures {name}", table=f"reviews_{name}", columns="id, handoff_id, null, ''")
    for name in ("claim", "decision")
)
BATCH = 5000
# when figures are new they begin with what came in these days
FIRST_LOOK = 56
# by then it is no longer known where a handoff came to first, see arrivals.KEPT: a day stands
CLOSED = 33
_PAUSED = frozenset(one.value for one in day_sql.RUN_STATES)
# a day may still get a proposal that was named before midnight
_STILL = timedelta(minutes=15)

_MOVED = f"""
select distinct (h.opened_at at time zone queue.time_zone)::date
from handoffs_handoff h
left join oversight_arrival arrival on arrival.handoff_id = h.id
join handoffs_queue queue on queue.id = coalesce(arrival.queue_id, h.queue_id)
where h.id in (
        select unnest(%(handoffs)s::text[])
        union select id from handoffs_handoff where run_id = any(%(runs)s)
        -- an audit says of an action whether it was right to let it be done
        union select about.id from handoffs_handoff audit
            join handoffs_handoff about on about.proposal_id = audit.proposal_id
            where audit.id = any(%(handoffs)s)
    ) and h.opened_at >= %(closed)s and {real.run_of("h")}
"""
_PROPOSED = f"""
insert into oversight_proposalday (workflow_id, action_type, tier, day, proposed)
select run.workflow_id, proposal.action_type, proposal.tier,
    (proposal.created_at at time zone 'UTC')::date as day, count(*)
from handoffs_proposal proposal join handoffs_run run on run.id = proposal.run_id
where proposal.id >= %(since)s and proposal.id < %(until)s and {real.run()}
    and (proposal.created_at at time zone 'UTC')::date = any(%(days)s)
group by 1, 2, 3, 4
on conflict (day, workflow_id, action_type, tier) do update set proposed = excluded.proposed
"""


def count(*, now: datetime) -> int:
    """Count what moved since; return how many days were counted anew."""
    first = not log_places.is_read(MOVES)
    counted = sum(_read_on(log, now, first=first and log is MOVES) for log in (MOVES, *_STEPS))
    _count_proposals(now, first=first)
    return counted


def _read_on(log: Log, now: datetime, *, first: bool) -> int:
    counted = 0
    while True:
        with transaction.atomic():
            place = log_places.take(log)
            if place is None:
                return counted
            moves = log_places.read(log, place, limit=BATCH, now=now)
            days = _moved(
                {handoff for _, handoff, _, _ in moves if handoff},
                {run for _, handoff, run, was in moves if not handoff and was in _PAUSED},
                now,
            )
            if first and not counted:
                days |= _since_anything_came(now)
            recount(days)
            counted += len(days)
        if len(moves) < BATCH:
            return counted


def _since_anything_came(now: datetime) -> set[date]:
    """Return the last days, and none before the first handoff: those may hold demo history."""
    came = Handoff.objects.filter(real.of("run")).order_by("id")
    oldest = came.values_list("opened_at", flat=True).first()
    if oldest is None:
        return set()
    days = {now.date() - timedelta(days=back) for back in range(-1, FIRST_LOOK)}
    return {day for day in days if day >= (oldest - weeks.AROUND).date()}


def _moved(handoffs: set[str], runs: set[str], now: datetime) -> set[date]:
    if not handoffs and not runs:
        return set()
    params: dict[str, Any] = {
        "handoffs": list(handoffs), "runs": list(runs), "closed": now - timedelta(days=CLOSED),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, params)
        return {day for (day,) in cursor.fetchall()}


def recount(days: Collection[date]) -> None:
    """Count these days from what is there, and the weeks that they lie in."""
    if not days:
        return
    FigureDay.objects.filter(day__in=days).delete()
    with connection.cursor() as cursor:
        cursor.execute(day_sql.COUNT, span(days))
    for monday in sorted({weeks.monday(day) for day in days}):
        weeks.recount(monday)


def span(days: Collection[date], prefix: str = "ho") -> dict[str, Any]:
    """Return what `day_sql` asks for: the days, and between which names they lie."""
    first, last = min(days), max(days) + timedelta(days=1)
    return {
        "days": sorted(days),
        "since": ids.at(prefix, datetime.combine(first, time(), UTC) - weeks.AROUND),
        "until": ids.at(prefix, datetime.combine(last, time(), UTC) + weeks.AROUND),
    }


def _count_proposals(now: datetime, *, first: bool) -> None:
    today = now.astimezone(UTC).date()
    days = {today, (now - _STILL).astimezone(UTC).date()}
    if first:
        days |= {today - timedelta(days=back) for back in range(FIRST_LOOK)}
    with connection.cursor() as cursor:
        cursor.execute(_PROPOSED, span(days, "prop"))
