"""When the clock and its hands were last at work, by the database's clock."""

import math
import time
from collections.abc import Callable, Mapping

from django.db import connection

# at most one write a second for each; what is done every second would else write as often
DONE = """
insert into handoffs_jobpulse as pulse (name, done_at) values (%s, clock_timestamp())
on conflict (name) do update set done_at = excluded.done_at
    where pulse.done_at < excluded.done_at - interval '1 second'
"""
_SILENT = """
select name, extract(epoch from clock_timestamp() - done_at)::float from handoffs_jobpulse
"""


def done(name: str) -> None:
    """Note that this job was done just now."""
    with connection.cursor() as cursor:
        cursor.execute(DONE, [name])


def silent_for() -> dict[str, float]:
    """Return for how many seconds each job has not been done; those never done are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_SILENT)
        return dict(cursor.fetchall())


def late(silent: Mapping[str, float], allowed: Mapping[str, float]) -> list[str]:
    """Return the jobs that were not done for longer than each may be silent."""
    return [name for name, most in allowed.items() if silent.get(name, math.inf) > most]


def drain(batch: Callable[[], int], *, full: int, seconds: float = 20) -> int:
    """Repeat a batch until one is not full or the time is up; each commits by itself."""
    ends_at, total = time.monotonic() + seconds, 0
    while True:
        count = batch()
        total += count
        if count < full or time.monotonic() >= ends_at:
            return total
