"""Take the next by urgency, deadline and tier, and every third of a person by turns.

The walk along the index is the one before. Beside it stand two looks that cost the same whatever
waits: at those due in the same minute as the first, for one of a stricter tier; and, where it is a
turn, at the first of each workflow, along an index of their own. `docs/sharing.md` says what is
promised by it, `reviews.sharing` says the same rule without a database. What still gathers is not
offered, nor is anything of a workflow that is stopped.

The functions of the releases before stay for their processes; nothing else calls them any more.
"""

from django.db import migrations, models

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
# Of those that gather, what became urgent breaks out; picking one is not taking the next.
OFFERED = """(h.gather_until is null or h.gather_until <= statement_timestamp()
            or h.urgent_since is not null)"""
# What was done already may be looked at while everything else is stopped.
GOES_ON = "(h.workflow_id <> all(stopped) or h.tier in ('autonomous', 'notify'))"
# the stricter the less; where no tier was ruled, a run waits for a person
STRICT = """(case h.tier when 'hard_stop' then 0 when 'soft_review' then 2 when 'notify' then 3
            when 'autonomous' then 4 else 1 end)"""
# so many of those due in the same minute are looked at for a stricter one
TIES = 8
# every so manieth that a person takes is by turns
TURN = 3
# so many of a workflow are looked at for one that is free for this person
DEEP = 200
MOST_WORKFLOWS = 50
ONE = "overread_one_decides(h.safeguards)"
# The cheapest question first: most handoffs have one seat, and most that are passed over have
# been decided by this person.
FREE = f"""(case when {ONE} then h.role_id = any(teams.ids) and not {HAS_LIVE_CLAIM}
            else overread_free_seat(h.id, kin.ids, teams.ids, true) is not null end)
            and not exists (select from handoffs_run run where run.id = h.run_id
                and lower(run.requester ->> 'email') = any(kin.emails))
            and {GOES_ON}"""
SEAT = f"(case when {ONE} then 1 else overread_free_seat(h.id, kin.ids, teams.ids, true) end)"

SIGNATURE = """overread_take_in_turns(p_user bigint, p_roles text[], p_queue text, p_handoff text,
    p_given_back_too boolean, p_floor_queues bigint[], p_floor_calm boolean[],
    p_floor_at timestamptz[], p_floor_ids text[], p_cap int, p_actor text)"""

# The first that this person may take of the workflow whose turn it is: the next one, in the order of
# their numbers and round again, after the one that had this person's last turn. Only of what is
# not urgent, and only where more than one workflow waits.
IN_TURN = f"""
create function overread_turn(p_queues bigint[], p_after bigint, p_teams bigint[], p_kin bigint[],
    p_emails text[], p_given_back text[], stopped bigint[])
returns text language plpgsql stable
set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
    one_queue bigint;
    one bigint;
    waiting bigint[] := '{{}}';
    found_id text;
begin
    foreach one_queue in array p_queues loop
        one := 0;
        for step in 1..{MOST_WORKFLOWS} loop
            select h.workflow_id into one from handoffs_handoff h
            where h.queue_id = one_queue and h.state = 'waiting' and h.urgent_since is null
                and h.workflow_id > one
            order by h.workflow_id limit 1;
            exit when one is null;
            waiting := waiting || one;
        end loop;
    end loop;
    if (select count(distinct number) from unnest(waiting) as number) < 2 then
        return null;
    end if;
    for one in
        select number from (select distinct number from unnest(waiting) as number) numbers
        order by number <= coalesce(p_after, 0), number
    loop
        select first.id into found_id
        from (select p_teams as ids) teams,
            (select p_kin as ids, p_emails as emails) kin,
            unnest(p_queues) as queue(id) cross join lateral (
                select h.id, h.deadline_at from (
                    select h.* from handoffs_handoff h
                    where h.queue_id = queue.id and h.workflow_id = one and h.state = 'waiting'
                        and h.urgent_since is null
                    order by h.deadline_at, h.id limit {DEEP}) h
                where h.id <> all(p_given_back) and {OFFERED} and {FREE}
                order by h.deadline_at, h.id limit 1) first
        order by first.deadline_at, first.id limit 1;
        if found_id is not null then
            return found_id;
        end if;
    end loop;
    return null;
end
$$;
"""

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
            and (not {HAS_LIVE_CLAIM} or not {ONE}) and {OFFERED} and {GOES_ON}
        order by {CALM}, h.deadline_at, h.id limit 1) first
    where p_handoff is null and not exists (select from held)
), firsts as materialized (
    select heads.queue_id, heads.slug, heads.lease_seconds,
        h.calm, h.deadline_at, h.id, h.strict
    from heads, teams, kin, given_back, lateral (
        select {CALM} as calm, h.deadline_at, h.id, {STRICT} as strict from handoffs_handoff h
        where h.queue_id = heads.queue_id and h.state = 'waiting'
            and {PLACE} >= (heads.calm, heads.deadline_at, heads.id)
            and h.id <> all(given_back.ids)
            and {OFFERED} and {FREE}
        order by {CALM}, h.deadline_at, h.id limit 1) h
), wanted as materialized (
    select h.id, queues.slug, queues.lease_seconds
    from handoffs_handoff h join queues on queues.id = h.queue_id, teams, kin
    where h.id = p_handoff and h.state = 'waiting'
        and (case when {ONE} then h.role_id = any(teams.ids)
            else overread_free_seat(h.id, kin.ids, teams.ids, false) is not null end)
        and not exists (select from held)
), best as materialized (
    select firsts.* from firsts
    order by calm, date_trunc('minute', deadline_at), strict, deadline_at, id limit 1
), turn as materialized (
    select overread_turn((select array_agg(heads.queue_id) from heads),
        (select h.workflow_id from latest join handoffs_handoff h on h.id = latest.handoff_id
            where latest.by_turn order by latest.number desc limit 1),
        teams.ids, kin.ids, kin.emails, given_back.ids, stopped) as id
    from best, teams, kin, given_back
    where best.calm and (coalesce((select max(latest.number) from latest), 0) + 1) % {TURN} = 0
), stricter as materialized (
    select h.id from best, teams, kin, given_back, lateral (
        select h.id from (
            select h.* from handoffs_handoff h
            where h.queue_id = best.queue_id and h.state = 'waiting'
                and {PLACE} >= (best.calm, best.deadline_at, best.id) and {CALM} = best.calm
                and h.deadline_at < date_trunc('minute', best.deadline_at) + interval '1 minute'
            order by {CALM}, h.deadline_at, h.id limit {TIES}) h
        where {STRICT} < best.strict and h.id <> all(given_back.ids) and {OFFERED} and {FREE}
        order by {STRICT}, h.deadline_at, h.id limit 1) h
    where not exists (select from turn where turn.id is not null)
), chosen as materialized (
    select h.id, h.level, h.round, h.seat, h.slug, h.lease_seconds from (
        select h.id, h.level, h.round, {SEAT} as seat, queues.slug, queues.lease_seconds
        from (select turn.id from turn where turn.id is not null
            union all select stricter.id from stricter) wish
        join handoffs_handoff h on h.id = wish.id join queues on queues.id = h.queue_id, teams, kin
        where h.state = 'waiting' and {FREE}
        for no key update of h skip locked) h
), candidate as materialized (
    select chosen.* from chosen
    union all
    (select h.id, h.level, h.round, h.seat, firsts.slug, firsts.lease_seconds
    from (select * from firsts
        order by calm, date_trunc('minute', deadline_at), strict, deadline_at, id) firsts,
        teams, kin, given_back, lateral (
        select h.id, h.level, h.round, {SEAT} as seat from handoffs_handoff h
        where h.queue_id = firsts.queue_id and h.state = 'waiting'
            and {PLACE} >= (firsts.calm, firsts.deadline_at, firsts.id)
            and h.id <> all(given_back.ids)
            and {OFFERED} and {FREE}
        order by {CALM}, h.deadline_at, h.id limit 1
        for no key update of h skip locked) h
    where not exists (select from chosen)
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
    select overread_full(p_user, (select count(*)::int from held_all), p_cap) = '' as free
), taken as (
    insert into reviews_claim (handoff_id, reviewer_id, seat, turn, number, level, round,
        by_turn, taken_at, expires_at, ended_because)
    select before.id, p_user, before.seat, coalesce(before.turn, 0) + 1,
        coalesce((select max(latest.number) from latest), 0) + 1, before.level, before.round,
        exists (select from turn where turn.id = before.id), statement_timestamp(),
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
declare
    stopped bigint[] := overread_stopped_workflows();
begin
    return query {PERSON}{NEXT}{TAKE};
end
$$;
"""

UNDO = "drop function overread_take_in_turns; drop function overread_turn;"


class Migration(migrations.Migration):
    dependencies = [
        ("handoffs", "0033_share_and_gather"),
        ("reviews", "0035_what_requesters_hear"),
    ]
    operations = [
        migrations.AddField(
            model_name="claim",
            name="by_turn",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(IN_TURN + CREATE, UNDO),
    ]
