"""Measure what a queue's work is like: how long it takes, by when it is due, how much comes.

Times leave the database only where nobody can find themselves in them, as with briefs.
"""

from datetime import datetime, timedelta

from django.db import connection

from handoffs import ids, real
from reviews import measures

WEEKS = 4
# work in fewer handoffs than this says too little
ENOUGH = 20
# who had the page open for longer than it was looked at was away, see reviews.rates
PAUSE_SECONDS = 60
# the newest proposals tell how many of them need a person
_NEWEST_PROPOSALS = 20_000

_MEASURE = f"""
with held as materialized (
    select arrival.queue_id, claim.handoff_id, claim.reviewer_id,
        case when claim.kept_until is not null then extract(epoch from ended_at - taken_at)
            else least(extract(epoch from ended_at - taken_at),
                coalesce(claim.read_seconds + %(pause)s, extract(epoch from ended_at - taken_at)))
            end as seconds
    from handoffs_handoff h
    join oversight_arrival arrival on arrival.handoff_id = h.id
    join reviews_claim claim on claim.handoff_id = h.id and claim.level = 1
    where h.id >= %(since)s and h.id < %(until)s
        and arrival.outcome <> '' and claim.ended_because not in ('', 'expired')
), work as (
    select queue_id, sum(seconds) as seconds from held
    group by queue_id, handoff_id
), people as (
    select queue_id, count(*) as people, max(times)::float / sum(times) as share
    from (select queue_id, reviewer_id, count(*) as times from held
        group by queue_id, reviewer_id) each group by queue_id
), handled as (
    select queue_id, count(*) as handled, avg(seconds) as mean,
        stddev_pop(seconds) / nullif(avg(seconds), 0) as spread from work group by queue_id
), due as (
    select arrival.queue_id, percentile_cont(0.5) within group (order by h.deadline_seconds) as due
    from handoffs_handoff h join oversight_arrival arrival on arrival.handoff_id = h.id
    where h.id >= %(since)s and h.level = 1 group by arrival.queue_id
), proposed as (
    select run.workflow_id, count(*) as times
    from (select run_id from handoffs_proposal order by id desc limit %(newest)s) newest
    join handoffs_run run on run.id = newest.run_id where {real.run()} group by run.workflow_id
), came as (
    select arrival.queue_id, count(*) as times
    from (select id from handoffs_proposal order by id desc limit %(newest)s) newest
    join handoffs_handoff h on h.proposal_id = newest.id
    join oversight_arrival arrival on arrival.handoff_id = h.id group by arrival.queue_id
), sending as (
    select queue_id, sum(times) as times from proposed join (
        select distinct queue_id, workflow_id from handoffs_matrixrow
        where effective_from <= now() and (effective_until is null or effective_until > now())
    ) row using (workflow_id) group by queue_id
)
insert into oversight_queuefigures as kept (queue_id, measured_at, handling_seconds,
    handling_spread, handled, deadline_seconds, escalated_share)
select queue.id, %(now)s, case when told.ok then handled.mean end,
    case when told.ok then handled.spread end, coalesce(handled.handled, 0), due.due,
    least(1, coalesce(came.times, 0)::float / nullif(sending.times, 0))
from handoffs_queue queue
left join handled on handled.queue_id = queue.id
left join people on people.queue_id = queue.id
left join due on due.queue_id = queue.id
left join came on came.queue_id = queue.id
left join sending on sending.queue_id = queue.id
cross join lateral (select coalesce(handled.handled >= %(enough)s
    and people.people >= %(people)s and people.share <= %(share)s, false) as ok) told
on conflict (queue_id) do update set measured_at = excluded.measured_at,
    handling_seconds = excluded.handling_seconds, handling_spread = excluded.handling_spread,
    handled = excluded.handled, deadline_seconds = excluded.deadline_seconds,
    escalated_share = excluded.escalated_share
"""


def measure(*, now: datetime) -> None:
    """Measure every queue over the last whole weeks."""
    until = _monday(now)
    with connection.cursor() as cursor:
        cursor.execute(
            _MEASURE,
            {
                "now": now,
                "since": ids.at("ho", until - timedelta(weeks=WEEKS)),
                "until": ids.at("ho", until),
                "newest": _NEWEST_PROPOSALS,
                "pause": PAUSE_SECONDS,
                "enough": ENOUGH,
                "people": measures.PEOPLE,
                "share": measures.SHARE,
            },
        )


def _monday(now: datetime) -> datetime:
    """Return when this week began, in UTC: two looks a day apart must not tell of one day."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday())
