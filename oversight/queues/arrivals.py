"""Note what comes to which queue, and later what became of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from handoffs import calendars, ids, jobs, queries, real
from handoffs.calendars import Calendar
from handoffs.models import Queue
from oversight.models import Arrival
from oversight.queues import hours

BATCH = 1000
# handoffs are named before they commit: so far back one is still looked for
LATE = timedelta(minutes=2)
# when oversight is new, it begins with what came in these
FIRST_LOOK = timedelta(days=56)
KEPT = timedelta(days=35)

_NEWEST = "select max(came_at) from oversight_arrival"
_NEW = f"""
insert into oversight_arrival (handoff_id, queue_id, came_at, outcome, look_at)
select h.id, h.queue_id, h.opened_at, '', h.opened_at + interval '1 minute'
from handoffs_handoff h
where h.id >= %(since)s and {real.run_of("h")}
    and not exists (select from oversight_arrival known where known.handoff_id = h.id)
order by h.id limit %(limit)s
on conflict do nothing
"""
_DUE = """
select arrival.handoff_id, arrival.queue_id, arrival.came_at,
    (select min(claim.taken_at) from reviews_claim claim
        where claim.handoff_id = arrival.handoff_id and claim.level = 1 and claim.round = 1),
    case
        when exists (select from handoffs_transition moved where moved.run_id = h.run_id
            and moved.handoff_id = h.id and moved.cause = 'timed_out') then 'late'
        when h.state in ('answered', 'decided') or h.round > 1 then 'in_time'
        when h.state = 'withdrawn' then 'withdrawn'
        else '' end
from oversight_arrival arrival join handoffs_handoff h on h.id = arrival.handoff_id
where arrival.outcome = '' and arrival.look_at <= %(now)s
order by arrival.look_at limit %(limit)s for update of arrival skip locked
"""
# the longer it waits, the longer until the next look: an hour's wait is looked at twelve times
_SETTLE = """
update oversight_arrival kept set outcome = found.outcome, wait_seconds = found.wait,
    look_at = %(now)s + greatest(interval '1 minute', (%(now)s - kept.came_at) / 4)
from unnest(%(ids)s::text[], %(outcomes)s::text[], %(waits)s::float[])
    as found (id, outcome, wait)
where kept.handoff_id = found.id
"""


def note_new(*, now: datetime) -> int:
    """Note the handoffs that opened since, batch by batch; return how many."""
    return jobs.drain(lambda: _note_some(now), full=BATCH)


def _note_some(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        (newest,) = cursor.fetchone()
        since = ids.at("ho", (newest - LATE) if newest else now - FIRST_LOOK)
        cursor.execute(_NEW, {"since": since, "limit": BATCH})
        return int(cursor.rowcount)


def settle_due(*, now: datetime) -> int:
    """See what became of those that are due for a look, and count their hours anew."""
    known: dict[int, Calendar] = {}
    return jobs.drain(lambda: _settle_some(now, known), full=BATCH)


@transaction.atomic
def _settle_some(now: datetime, known: dict[int, Calendar]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"now": now, "limit": BATCH})
        found = cursor.fetchall()
        if not found:
            return 0
        _learn(known, {row[1] for row in found})
        params: dict[str, Any] = {
            "now": now,
            "ids": [row[0] for row in found],
            "outcomes": [row[4] for row in found],
            "waits": [
                None if row[3] is None else open_seconds(known[row[1]], row[2], row[3])
                for row in found
            ],
        }
        cursor.execute(_SETTLE, params)
    hours.count({(row[1], hours.start(row[2])) for row in found})
    return len(found)


def _learn(known: dict[int, Calendar], queues: Iterable[int]) -> None:
    for queue in Queue.objects.filter(pk__in=set(queues) - set(known)):
        known[queue.pk] = queries.calendar(queue)


def open_seconds(calendar: Calendar, start: datetime, end: datetime) -> float:
    """Return how much opening time lies between two moments."""
    if calendar.always_open:
        return max(0.0, (end - start).total_seconds())
    total, end = 0.0, end.astimezone(UTC)
    for opens, closes in calendars.openings(calendar, start):
        if opens >= end:
            break
        total += (min(closes, end) - opens).total_seconds()
    return total


def forget(*, now: datetime) -> int:
    """Let go of what is long counted."""
    gone, _ = Arrival.objects.filter(came_at__lt=now - KEPT).exclude(outcome="").delete()
    return gone
