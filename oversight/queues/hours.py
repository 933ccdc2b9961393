"""Count by queue and hour what came, and sample how many hands are there."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection

from handoffs.rates import FRESH

HOUR = timedelta(hours=1)

_COUNT = """
insert into oversight_queuehour as kept
    (queue_id, starts_at, came, taken, wait_seconds, in_time, late, undecided, samples, hands)
select hour.queue_id, hour.starts_at, count(*), count(arrival.wait_seconds),
    coalesce(sum(arrival.wait_seconds), 0), count(*) filter (where arrival.outcome = 'in_time'),
    count(*) filter (where arrival.outcome = 'late'),
    count(*) filter (where arrival.outcome = ''), 0, 0
from unnest(%(queues)s::bigint[], %(hours)s::timestamptz[]) as hour (queue_id, starts_at)
join oversight_arrival arrival on arrival.queue_id = hour.queue_id
    and arrival.came_at >= hour.starts_at
    and arrival.came_at < hour.starts_at + interval '1 hour'
group by hour.queue_id, hour.starts_at
on conflict (queue_id, starts_at) do update set came = excluded.came, taken = excluded.taken,
    wait_seconds = excluded.wait_seconds, in_time = excluded.in_time, late = excluded.late,
    undecided = excluded.undecided
"""
_SAMPLE = """
insert into oversight_queuehour as kept
    (queue_id, starts_at, came, taken, wait_seconds, in_time, late, undecided, samples, hands)
select rate.queue_id, %(hour)s, 0, 0, 0, 0, 0, 0, 1, rate.hands
from handoffs_queuerate rate where rate.measured_at > %(since)s
on conflict (queue_id, starts_at) do update set
    samples = kept.samples + 1, hands = kept.hands + excluded.hands
"""


def start(at: datetime) -> datetime:
    """Return when the hour of this moment began."""
    return at.replace(minute=0, second=0, microsecond=0)


def count(hours: Collection[tuple[int, datetime]]) -> None:
    """Count these hours of these queues, from the arrivals, as if for the first time."""
    ordered = sorted(hours)
    with connection.cursor() as cursor:
        queues, starts = [queue for queue, _ in ordered], [at for _, at in ordered]
        cursor.execute(_COUNT, {"queues": queues, "hours": starts})


def sample(*, now: datetime) -> None:
    """Add how many hands each queue has now to its hour."""
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE, {"hour": start(now), "since": now - FRESH})
