"""What the hour came to: read from the database afterwards, as anybody could."""

from collections.abc import Iterator

from django.db import connection

from bench.load.hour import Hour

_WAITS = """
select count(*), percentile_cont(0.5) within group (order by wait),
    percentile_cont(0.95) within group (order by wait)
from (select extract(epoch from min(claim.taken_at) - h.opened_at) as wait
    from handoffs_handoff h join reviews_claim claim on claim.handoff_id = h.id
    where claim.level = 1 group by h.id, h.opened_at) waits
"""
_TOLD = """
select count(*), count(*) filter (where answer.answered_at <= told.by_at),
    count(*) filter (where answer.answered_at <= told.median_at), min(confidence),
    percentile_cont(0.5) within group (order by extract(epoch from told.median_at - told.told_at)),
    percentile_cont(0.5) within group (order by extract(epoch from
        coalesce(answer.answered_at, statement_timestamp()) - told.told_at))
from reviews_expectation told join handoffs_handoff h on h.id = told.handoff_id
left join handoffs_answer answer on answer.handoff_id = h.id and answer.round = told.round
where told.revision = 1 and h.state <> 'withdrawn'
    and (answer.id is not null or told.by_at <= statement_timestamp())
"""
_COUNTS = """
select (select count(*) from handoffs_handoff),
    (select count(*) from handoffs_answer),
    (select count(distinct handoff_id) from reviews_decision),
    (select count(distinct (run_id, handoff_id)) from handoffs_transition
        where cause = 'overflowed') +
    (select count(*) from handoffs_handoff where overflow_from_id is not null),
    (select count(distinct handoff_id) from handoffs_rung where rung = 'urgent'),
    (select count(*) from handoffs_rung where rung = 'deadline')
"""


def say(hour: Hour) -> Iterator[str]:
    came, answered, decided, overflowed, urgent, moved_on = _row(_COUNTS)
    done = hour.done
    yield (
        f"{came} handoffs, {done['429']} times 429, {done['gave up']} agents gave up; "
        f"{overflowed} overflowed, {urgent} urgent, {moved_on} times a level's time was up"
    )
    yield f"{decided} decided by people, {answered} answered so far; {done['lost']} claims lost"
    taken, half, most = _row(_WAITS)
    yield f"wait of {taken} until they were taken: p50 {half or 0:.0f} s, p95 {most or 0:.0f} s"
    told, kept, sooner, confidence, said, took = _row(_TOLD)
    if told:
        yield (
            f"{told} were told a time: {kept / told:.0%} kept it ({confidence} % said), "
            f"{sooner / told:.0%} by the earlier one (50 % said); "
            f"median said {said:.0f} s, came to {took:.0f} s"
        )
    looks = ", ".join(f"{rule} {times}" for rule, times in hour.watch.looks.items())
    yield f"checked: {looks}; fullest: {dict(hour.watch.fullest)}"


def _row(query: str) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return tuple(cursor.fetchone())
