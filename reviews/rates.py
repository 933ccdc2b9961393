"""Measure how fast each queue fills and empties, for everybody who promises a time by it.

One statement, over the newest moves and claims only: what it costs does not grow with the history.
Of a queue, never of a person.
"""

from datetime import datetime

from django.db import connection, transaction

from handoffs import rates, real

# whatever is counted, it is of so many of the newest; a shorter time is then what they are of
NEWEST = 20_000
# arrivals by the hour; what was finished by the last minutes, once they tell enough
LONG_SECONDS, SHORT_SECONDS, SHORT_ENOUGH = 3600, 900, 8
# who let go of their last claim so long ago has left
PRESENT_SECONDS = 600
# the page may be open long after somebody stopped looking at it
PAUSE_SECONDS = 60

_MEASURE = f"""
with recent as materialized (
    select handoff_id, from_state, to_state, actor_kind, at from (
        select * from handoffs_transition order by id desc limit %(newest)s) newest
    where at > statement_timestamp() - make_interval(secs => %(long)s)
), span as (
    select case when count(*) < %(newest)s then %(long)s
        else greatest(extract(epoch from statement_timestamp() - min(at)), 1) end as seconds
    from recent
), moved as (
    select h.queue_id,
        count(distinct h.id) filter (where recent.to_state = 'waiting'
            and recent.from_state <> 'decided') as came,
        count(distinct h.id) filter (where recent.from_state = 'waiting'
            and recent.to_state in ('decided', 'answered') and recent.actor_kind = 'person')
            as finished,
        count(distinct h.id) filter (where recent.from_state = 'waiting'
            and recent.to_state in ('decided', 'answered') and recent.actor_kind = 'person'
            and recent.at > statement_timestamp() - make_interval(secs => %(short)s))
            as finished_lately
    from recent join handoffs_handoff h on h.id = recent.handoff_id and {real.run_of("h")}
    group by h.queue_id
), held as materialized (
    select claim.*, h.queue_id from (
        select * from reviews_claim order by id desc limit %(newest)s) claim
    join handoffs_handoff h on h.id = claim.handoff_id
    where claim.taken_at > statement_timestamp() - interval '7 days'
), handled as (
    select queue_id, count(*) as times, avg(case when kept_until is not null then took
        else least(took, coalesce(read_seconds + %(pause)s, took)) end) as seconds
    from (select held.*, extract(epoch from ended_at - taken_at) as took from held
        where ended_because = 'decided') decided
    group by queue_id
), here as (
    select reviewer_id, queue_id, count(*) as claims from held
    where greatest(taken_at, coalesce(ended_at, least(expires_at, statement_timestamp())))
        > statement_timestamp() - make_interval(secs => %(present)s)
    group by reviewer_id, queue_id
), present as (
    select queue_id, count(*) as people, sum(share) as hands
    from (select queue_id, claims / sum(claims) over (partition by reviewer_id) as share
        from here) shared
    group by queue_id
), waiting as (
    -- what still gathers is nothing to take
    select depth.queue_id, sum(depth.waiting) - (select count(*) from held
        where held.queue_id = depth.queue_id and held.ended_at is null
            and held.expires_at > statement_timestamp()) - (select count(*)
        from handoffs_handoff h where h.queue_id = depth.queue_id and h.state = 'waiting'
            and h.gather_until > statement_timestamp()) as free
    from handoffs_queuedepth depth group by depth.queue_id
), measured as (
    select queue.id, coalesce(moved.came, 0) * 3600 / span.seconds as came,
        case when moved.finished_lately >= %(enough)s and span.seconds > %(short)s
            then moved.finished_lately * 3600.0 / %(short)s
            else coalesce(moved.finished, 0) * 3600 / span.seconds end as finished,
        handled.seconds, handled.times, present.people, present.hands, waiting.free
    from handoffs_queue queue cross join span
    left join moved on moved.queue_id = queue.id
    left join handled on handled.queue_id = queue.id
    left join present on present.queue_id = queue.id
    left join waiting on waiting.queue_id = queue.id
)
insert into handoffs_queuerate as kept (queue_id, measured_at, arrivals_per_hour,
    finished_per_hour, handling_seconds, handling_count, reviewers_present, hands, busy_since)
select id, statement_timestamp(), came, finished, seconds, coalesce(times, 0),
    coalesce(people, 0), coalesce(hands, 0), case when free > 0 then statement_timestamp() end
from measured
on conflict (queue_id) do update set
    measured_at = excluded.measured_at,
    arrivals_per_hour = excluded.arrivals_per_hour,
    finished_per_hour = excluded.finished_per_hour,
    handling_seconds = coalesce(excluded.handling_seconds, kept.handling_seconds),
    handling_count = case when excluded.handling_seconds is null then kept.handling_count
        else excluded.handling_count end,
    reviewers_present = excluded.reviewers_present,
    hands = excluded.hands,
    busy_since = case when excluded.busy_since is not null
        then coalesce(kept.busy_since, excluded.busy_since) end
"""

# A limit that breathes with every measurement would be none to rely on: it moves by a tenth or not.
_FIT = """
with fits as (
    select queue.id, greatest(1, floor(queue.work_minutes_limit * 60 / case
        when rate.handling_count >= %(enough)s and rate.handling_seconds is not null
        then greatest(rate.handling_seconds, 1) else %(assumed)s end))::int as fitting
    from handoffs_queue queue join handoffs_queuerate rate on rate.queue_id = queue.id
    where queue.work_minutes_limit is not null
), changed as (
    update handoffs_queuerate rate set fitting = fits.fitting from fits
    where rate.queue_id = fits.id and (rate.fitting is null
        or abs(fits.fitting - rate.fitting) > rate.fitting / 10.0)
    returning rate.queue_id
)
select queue_id from changed order by queue_id
"""


def measure(*, now: datetime) -> None:
    """Measure every queue as it is now, by the database's clock, and what fits into its minutes."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _MEASURE,
            {
                "newest": NEWEST,
                "long": LONG_SECONDS,
                "short": SHORT_SECONDS,
                "enough": SHORT_ENOUGH,
                "present": PRESENT_SECONDS,
                "pause": PAUSE_SECONDS,
            },
        )
        cursor.execute(_FIT, {"enough": rates.ENOUGH, "assumed": rates.ASSUMED_HANDLING_SECONDS})
        for (queue,) in cursor.fetchall():
            cursor.execute("select overread_spread(%s)", [queue])
