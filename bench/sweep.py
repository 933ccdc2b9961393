"""The sweep: 1,000 due among 1,000 and among 500,000 open, and how long after its deadline.

What becomes urgent and what nobody answered are timed apart. Flat within 1.3 times; from the
deadline to the new state under five seconds for 99 of 100, also where 1,000 are due at once.
"""

import statistics
import time

from django.db import connection

from bench import ground
from handoffs import ladder

DUE = 1_000
OPEN = 500_000
ROUNDS = 5
SPREAD_SECONDS = 20
# as config.timetable has it
EVERY = 1.0

_SOON = """
update handoffs_handoff set
    urgent_at = case when %(rung)s = 'urgent' then statement_timestamp() else urgent_at end,
    deadline_at = case when %(rung)s = 'urgent' then deadline_at else statement_timestamp() end,
    next_at = statement_timestamp(), next_rung = %(rung)s
where id in (select id from handoffs_handoff where queue_id = %(queue)s and state = 'waiting'
    order by next_rung = %(rung)s desc, id limit %(count)s)
"""
_SPREAD = """
update handoffs_handoff h set next_rung = 'deadline', next_at = moment.at, deadline_at = moment.at
from (select id, statement_timestamp() + interval '1 second'
        + %(seconds)s * interval '1 second' * row_number() over (order by id) / %(count)s as at
    from handoffs_handoff where queue_id = %(queue)s and state = 'waiting'
    order by id limit %(count)s) moment
where moment.id = h.id
"""
_LATE = """
select extract(epoch from fired_at - due_at)::float from handoffs_rung
where rung = 'deadline' and id > %(after)s order by 1
"""


def run() -> None:
    few: dict[str, list[float]] = {"urgent": [], "deadline": []}
    for number in range(ROUNDS):
        place = ground.place(f"sweep-{number}")
        ground.add_waiting(place, DUE)
        for rung, times in few.items():
            times.append(_time(place, rung))
    many_place = ground.place("sweep-many")
    ground.add_waiting(many_place, OPEN)
    many = {rung: [_time(many_place, rung) for _ in range(ROUNDS)] for rung in few}
    for rung in few:
        least = statistics.median(few[rung])
        relative = [one / least for one in many[rung]]
        print(
            f"{DUE} × {rung:<8}  among {DUE}: {ground.spread(few[rung])} ms   among {OPEN}: "
            f"{ground.spread(many[rung])} ms   × {ground.spread(relative, '{:.2f}')}, at most 1.3"
        )
    for seconds in (SPREAD_SECONDS, 0):
        late = _late(many_place, seconds)
        print(
            f"{DUE} deadlines within {seconds} s: fired p50 {late[len(late) // 2]:.2f} s, "
            f"p99 {late[int(len(late) * 0.99)]:.2f} s after   at most 5"
        )


def _time(place: ground.Place, rung: str) -> float:
    """Make `DUE` of the queue due and return the milliseconds that the sweep takes for them."""
    with connection.cursor() as cursor:
        cursor.execute(_SOON, {"rung": rung, "queue": place.queue.id, "count": DUE})
    begun = time.perf_counter()
    fired = ladder.fire_overdue()
    took = (time.perf_counter() - begun) * 1000
    assert fired == DUE, fired
    return took


def _late(place: ground.Place, seconds: int) -> list[float]:
    """Let deadlines come within so many seconds, sweep as the clock does; return the delays."""
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(id), 0) from handoffs_rung")
        after = cursor.fetchone()[0]
        cursor.execute(_SPREAD, {"queue": place.queue.id, "count": DUE, "seconds": seconds})
    fired, begun = 0, time.monotonic()
    while fired < DUE:
        fired += ladder.fire_overdue()
        time.sleep(EVERY - (time.monotonic() - begun) % EVERY)
        assert time.monotonic() - begun < seconds + 60
    with connection.cursor() as cursor:
        cursor.execute(_LATE, {"after": after})
        return [row[0] for row in cursor.fetchall()]
