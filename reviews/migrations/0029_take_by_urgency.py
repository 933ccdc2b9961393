"""Take the next by urgency: what breaches soon before what is due first, in every queue.

The walk along the index is the one before, with one more column at its head. The functions of the
releases before stay for their processes; nothing else calls them any more.
"""

from django.db import migrations

# The order of a queue, as the index `handoff_waiting_in_order` has it.
CALM = "(h.urgent_since is null)"
PLACE = f"({CALM}, h.deadline_at, h.id)"

# Where one person decides, only the latest claim of a handoff can be live.
HAS_LIVE_CLAIM = """(select claim.ended_at is null and claim.level = h.level
            and claim.round = h.round and claim.expires_at > statement_timestamp()
        from reviews_claim claim where claim.handoff_id = h.id
        order by claim.turn desc limit 1) is true"""
OVER = """(claim.expires_at <= statement_timestamp() or h.state <> 'waiting'
        or claim.level <> h.level or claim.round <> h.round)"""
ONE = "overread_one_decides(h.safeguards)"
# The cheapest question first: most handoffs have one seat, and most that are passed over have
# been decided by this person.
FREE = f"""(case when {ONE} then h.role_id = any(teams.ids) and not {HAS_LIVE_CLAIM}
            else overread_free_seat(h.id, kin.ids, teams.ids, true) is not null end)
            and not exists (select from handoffs_run run where run.id = h.run_id
                and lower(run.requester ->> 'email') = any(kin.emails))"""
SEAT = f"(case when {ONE} then 1 else overread_free_seat(h.id, kin.ids, teams.ids, true) end)"

SIGNATURE = """overread_take_by_urgency(p_user bigint, p_roles text[], p_queue text, p_handoff text,
    p_given_back_too boolean, p_floor_queues bigint[], p_floor_calm boolean[],
    p_floor_at timestamptz[], p_floor_ids text[], p_cap int, p_actor text)"""

# What this person is, may and holds.
PERSON = f"""
with walked as materialized (
    select coalesce(
        pg_stat_get_xact_tuples_returned('handoff_waiting_in_order'::regclass), 0) as before
), person as materialized (
    select u.is_active and u.roles && p_roles::varchar[] as may_decide
    from accounts_user u, walked where u.id = p_user and walked.before >= 0
), teams as materialized (
    select coalesce(array_agg(member.group_id), '{{}}') as ids
    from accounts_user_groups member where member.user_id = p_user
), kin as materialized (
    select array_agg(one.id) as ids, array_agg(lower(one.email)) as emails
    from accounts_user one where one.id = any(array(
        select p_user union
        select other.user_id from accounts_conflictgroup_people mine
        join accounts_conflictgroup_people other
            on other.conflictgroup_id = mine.conflictgroup_id
        where mine.user_id = p_user))
), queues as materialized (
    select queue.id, queue.slug, queue.lease_seconds
    from handoffs_queue queue, person
    where person.may_decide and (p_queue is null or queue.slug = p_queue) and (
        exists (select from handoffs_queueuserpermission direct
            join auth_permission permission on permission.id = direct.permission_id
            where direct.content_object_id = queue.id and direct.user_id = p_user
                and permission.codename = 'work_queue')
        or exists (select from handoffs_queuegrouppermission through
            join auth_permission permission on permission.id = through.permission_id
            join accounts_user_groups member on member.group_id = through.group_id
            where through.content_object_id = queue.id and member.user_id = p_user
                and permission.codename = 'work_queue'))
), latest as materialized (
    select claim.* from reviews_claim claim
    where claim.reviewer_id = p_user order by claim.number desc limit 100
), held_all as materialized (
    select latest.handoff_id, {CALM} as calm, h.deadline_at, h.queue_id,
        overread_seat_team(h.safeguards, h.role_id, latest.seat) as team_id
    from latest join handoffs_handoff h on h.id = latest.handoff_id
    where latest.ended_at is null and latest.kept_until is null
        and latest.expires_at > statement_timestamp()
        and h.state = 'waiting' and h.level = latest.level and h.round = latest.round
), held as materialized (
    select mine.handoff_id
    from held_all mine join queues on queues.id = mine.queue_id, teams
    where mine.team_id = any(teams.ids)
        and (p_handoff is null or mine.handoff_id = p_handoff)
    order by mine.calm, mine.deadline_at, mine.handoff_id limit 1
), given_back as materialized (
    select coalesce(array_agg(latest.handoff_id), '{{}}') as ids from (
        select claim.handoff_id from reviews_claim claim
        where claim.reviewer_id = p_user and claim.ended_because = 'given_back'
            and claim.ended_at > statement_timestamp() - interval '1 hour'
        order by claim.ended_at desc limit 20) latest
    where not p_given_back_too
)"""

# Three looks that each start where the last one ended, so that whatever lies dead or claimed at
# the head of a queue is walked over once: the first in each queue that nobody holds, the first of
# these that this person may take, and of those the one due first, locked. Where several decide,
# the first look stops at any. Subqueries instead of joins keep it a walk along the index.
NEXT = f""", heads as materialized (
    select queues.id as queue_id, queues.slug, queues.lease_seconds,
        first.calm, first.deadline_at, first.id
    from queues
    left join unnest(p_floor_queues, p_floor_calm, p_floor_at, p_floor_ids)
        as floor(queue_id, calm, at, id) on floor.queue_id = queues.id
    cross join lateral (
        select {CALM} as calm, h.deadline_at, h.id from handoffs_handoff h
        where h.queue_id = queues.id and h.state = 'waiting' and {PLACE}
            >= (coalesce(floor.calm, false), coalesce(floor.at, '-infinity'),
                coalesce(floor.id, ''))
            and (not {HAS_LIVE_CLAIM} or not {ONE})
        order by {CALM}, h.deadline_at, h.id limit 1) first
    where p_handoff is null and not exists (select from held)
), firsts as materialized (
    select heads.queue_id, heads.slug, heads.lease_seconds, h.calm, h.deadline_at, h.id
    from heads, teams, kin, given_back, lateral (
        select {CALM} as calm, h.deadline_at, h.id from handoffs_handoff h
        where h.queue_id = heads.queue_id and h.state = 'waiting'
            and {PLACE} >= (heads.calm, heads.deadline_at, heads.id)
            and h.id <> all(given_back.ids)
            and {FREE}
        order by {CALM}, h.deadline_at, h.id limit 1) h
), wanted as materialized (
    select h.id, queues.slug, queues.lease_seconds
    from handoffs_handoff h join queues on queues.id = h.queue_id, teams, kin
    where h.id = p_handoff and h.state = 'waiting'
        and (case when {ONE} then h.role_id = any(teams.ids)
            else overread_free_seat(h.id, kin.ids, teams.ids, false) is not null end)
        and not exists (select from held)
), candidate as materialized (
    (select h.id, h.level, h.round, h.seat, firsts.slug, firsts.lease_seconds
    from (select * from firsts order by calm, deadline_at, id) firsts,
        teams, kin, given_back, lateral (
        select h.id, h.level, h.round, {SEAT} as seat from handoffs_handoff h
        where h.queue_id = firsts.queue_id and h.state = 'waiting'
            and {PLACE} >= (firsts.calm, firsts.deadline_at, firsts.id)
            and h.id <> all(given_back.ids)
            and {FREE}
        order by {CALM}, h.deadline_at, h.id limit 1
        for no key update of h skip locked) h
    limit 1)
    union all
    select h.id, h.level, h.round, h.seat, h.slug, h.lease_seconds from (
        select h.id, h.level, h.round, {SEAT} as seat, wanted.slug, wanted.lease_seconds
        from wanted join handoffs_handoff h on h.id = wanted.id, teams, kin
        where h.state = 'waiting' and {FREE}
        for no key update of h skip locked) h
)"""

# A claim that is over is ended here and now, so that it blocks nothing. One that somebody else is
# just ending or renewing is left to them, and then nothing is taken: whoever waits for nobody
# cannot deadlock.
TAKE = f""", before as materialized (
    select candidate.*, claim.id as claim_id, latest.turn, claim.ended_at
    from candidate left join lateral (
        select claim.turn from reviews_claim claim
        where claim.handoff_id = candidate.id order by claim.turn desc limit 1) latest on true
    left join lateral (
        select claim.id, claim.ended_at from reviews_claim claim
        where claim.handoff_id = candidate.id and claim.seat = candidate.seat
        order by claim.turn desc limit 1) claim on true
), over as materialized (
    select claim.id, claim.expires_at <= statement_timestamp() as ran_out
    from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id
    where claim.id = (select before.claim_id from before where before.ended_at is null)
        and {OVER}
    for update of claim skip locked
), ended as (
    update reviews_claim claim set ended_at = statement_timestamp(),
        ended_because = case when over.ran_out then 'expired' else 'moved' end
    from over where claim.id = over.id returning claim.id
), room as materialized (
    select (select count(*) from held_all) < p_cap as free
), taken as (
    insert into reviews_claim (handoff_id, reviewer_id, seat, turn, number, level, round,
        taken_at, expires_at, ended_because)
    select before.id, p_user, before.seat, coalesce(before.turn, 0) + 1,
        coalesce((select max(latest.number) from latest), 0) + 1, before.level, before.round,
        statement_timestamp(),
        statement_timestamp() + make_interval(secs => before.lease_seconds), ''
    from before, room
    where room.free and before.seat is not null and (before.claim_id is null
        or before.ended_at is not null or before.claim_id in (select ended.id from ended))
    on conflict do nothing
    returning reviews_claim.id, reviews_claim.handoff_id, reviews_claim.seat,
        reviews_claim.turn, reviews_claim.number, reviews_claim.level, reviews_claim.round,
        reviews_claim.taken_at, reviews_claim.expires_at
), audited as (
    insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
    select 'person', p_actor, 'handoff.claimed', taken.handoff_id,
        convert_to(format('{{"level":%s,"queue":"%s","round":%s,"seat":%s}}',
            taken.level, candidate.slug, taken.round, taken.seat), 'UTF8'), 0
    from taken, candidate
)
select person.may_decide, (select count(*)::int from queues), held.handoff_id::text,
    not room.free, exists (select from firsts) or exists (select from wanted),
    taken.id, taken.handoff_id::text, taken.seat::int, taken.turn, taken.number, taken.level::int,
    taken.round, taken.taken_at, taken.expires_at,
    (select array_agg(heads.queue_id) from heads),
    (select array_agg(heads.calm) from heads),
    (select array_agg(heads.deadline_at) from heads),
    (select array_agg(heads.id::text) from heads),
    coalesce(pg_stat_get_xact_tuples_returned('handoff_waiting_in_order'::regclass), 0)
        - walked.before
from walked, person, room left join held on true left join taken on true
"""

CREATE = f"""
create function {SIGNATURE}
returns table (may_decide boolean, queues int, held text, "full" boolean,
    seen boolean, id bigint, handoff_id text, seat int, turn int, number int, level int, round int,
    taken_at timestamptz, expires_at timestamptz,
    head_queues bigint[], head_calm boolean[], head_at timestamptz[], head_ids text[],
    walked bigint)
language plpgsql set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    return query {PERSON}{NEXT}{TAKE};
end
$$;
"""

UNDO = "drop function overread_take_by_urgency;"


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0029_next_moments"),
        ("reviews", "0024_work_away_from_a_seat"),
    ]
    operations = [migrations.RunSQL(CREATE, UNDO)]
