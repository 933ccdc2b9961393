"""The statements behind the desk and its lists: walks along an index, whatever waits."""

from reviews import judged, panels, permissions

# how many of those due first are searched for the one that waits longest
_OLDEST_OF = 100

# only the latest claim of a handoff can be live
CLAIMED_BY = """(select case when claim.ended_at is null and claim.level = h.level
        and claim.round = h.round and claim.expires_at > statement_timestamp()
        then claim.reviewer_id end
    from reviews_claim claim where claim.handoff_id = h.id
    order by claim.turn desc limit 1)"""
FREE = permissions.SEAT_FREE.format(claimed_by=CLAIMED_BY)
# who has it: oneself, or where several decide and every seat is held, somebody
_HELD_BY = f"""coalesce(
    (select claim.reviewer_id from reviews_claim claim
        where claim.handoff_id = h.id and claim.reviewer_id = %(user)s and claim.ended_at is null
            and claim.level = h.level and claim.round = h.round
            and claim.expires_at > statement_timestamp()),
    case when overread_one_decides(h.safeguards) then {CLAIMED_BY}
        when not {FREE} then 0 end)"""
# of a queue: when the first of what gathers still is offered
_GATHERS_UNTIL = """(select min(h.gather_until) from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
            and h.gather_until > statement_timestamp())"""
GATHERS = f"""
select {_GATHERS_UNTIL} as gathers_until from handoffs_queue queue where queue.id = %(queue)s
"""

CARDS = f"""
select queue.id, queue.slug, queue.name, queue.pick_allowed,
    (select greatest(coalesce(sum(depth.waiting), 0), 0)::int from handoffs_queuedepth depth
        where depth.queue_id = queue.id) as waiting,
    overread_queue_limit(queue.id) as most,
    (select min(due.opened_at) from (
        select h.opened_at from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
        order by {permissions.CALM}, h.deadline_at, h.id
        limit {_OLDEST_OF}) due) as oldest_opened_at,
    (select h.deadline_at from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
            and {permissions.DECIDABLE} and {FREE} and {permissions.OFFERED}
            and {permissions.GOES_ON}
        order by {permissions.CALM}, h.deadline_at, h.id limit 1) as next_deadline_at,
    exists (select from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting' and {permissions.URGENT}
            and {permissions.DECIDABLE} and {FREE} and {permissions.GOES_ON}) as urgent,
    {_GATHERS_UNTIL} as gathers_until,
    exists (select from handoffs_handoff h where h.queue_id = queue.id and h.state = 'waiting'
        and h.gather_until <= statement_timestamp()) as gathered
from handoffs_queue queue where {permissions.GRANTED}
order by queue.name, queue.id
"""

HELD = f"""
select h.id, {judged.ASK} as ask, queue.name as queue, h.deadline_at,
    not {permissions.CALM} as urgent, claim.expires_at,
    claim.taken_at, claim.assigned and claim.opened_at is null as new
from (select * from reviews_claim where reviewer_id = %(user)s
    order by number desc limit 100) claim
join handoffs_handoff h on h.id = claim.handoff_id and h.state = 'waiting'
    and h.level = claim.level and h.round = claim.round
join handoffs_queue queue on queue.id = h.queue_id
where claim.ended_at is null
    and claim.expires_at > statement_timestamp() and {permissions.GRANTED}
order by {permissions.CALM}, h.deadline_at, h.id
"""

# Changes whenever a count in one of the queues moves (also there and back), a claim is taken, or
# one of one's own changes; and every half minute, as "5 minutes ago" does, and as what colleagues
# give back without moving a count. Reads a few narrow rows, whatever waits.
STAMP = f"""
select md5(concat_ws(',', %(user)s, floor(extract(epoch from statement_timestamp()) / 30),
    (select string_agg(concat_ws(':', queue.id, queue.name, queue.pick_allowed, depth.xmin,
            depth.waiting), ',' order by queue.id, depth.ctid)
        from handoffs_queue queue left join handoffs_queuedepth depth on depth.queue_id = queue.id
        where {permissions.GRANTED}),
    (select max(id) from reviews_claim), (select max(id) from handoffs_rung),
    (select string_agg(concat_ws(':', mine.id, mine.xmin), ',' order by mine.number) from (
        select id, number, xmin from reviews_claim where reviewer_id = %(user)s
        order by number desc limit 100) mine)))
"""

ROWS = f"""
select h.id, {judged.ASK} as ask, h.kind, h.tier, h.opened_at, h.deadline_at,
    not {permissions.CALM} as urgent,
    {_HELD_BY} as claimed_by, overread_approvers(h.safeguards) as approvers,
    {panels.COUNT} as decided, h.beyond_limit,
    case when {permissions.GOES_ON} then '' when {permissions.PAUSED} then 'paused'
        else 'stopped' end as stands,
    (select came.name from handoffs_queue came where came.id = h.overflow_from_id) as came_from,
    case when not {permissions.OFFERED} then h.gather_until end as gathers_until
from handoffs_handoff h
where h.queue_id = %(queue)s and h.state = 'waiting' and {permissions.DECIDABLE}
    and (%(gathering)s or {permissions.OFFERED})
    and ({permissions.CALM}, h.deadline_at, h.id)
        > (%(after_calm)s, %(after_at)s::timestamptz, %(after_id)s)
order by {permissions.CALM}, h.deadline_at, h.id limit %(limit)s
"""
