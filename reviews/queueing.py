"""The one statement that finds the next handoff and leases it, and what it learns on the way."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection
from psycopg.rows import class_row

from accounts.models import User
from handoffs.actors import person_actor
from reviews import permissions
from reviews.errors import MayNotDecide
from reviews.models import Claim

OPEN_CLAIMS = 3

_HAS_LIVE_CLAIM = """(select claim.id from reviews_claim claim
    where claim.handoff_id = h.id and claim.ended_at is null
        and claim.expires_at > statement_timestamp()
        and claim.level = h.level and claim.round = h.round limit 1) is not null"""
OVER = """(claim.expires_at <= statement_timestamp() or h.state <> 'waiting'
    or claim.level <> h.level or claim.round <> h.round)"""

# What this person is, may and holds.
_PERSON = f"""
with walked as materialized (
    select pg_stat_get_xact_tuples_returned('handoff_waiting_in_order'::regclass) as before
), person as materialized (
    select is_active and roles && %(deciding_roles)s::varchar[] as may_decide
    from accounts_user, walked where id = %(user)s and coalesce(before, 0) >= 0
), teams as materialized (
    select coalesce(array_agg(group_id), '{{}}') as ids
    from accounts_user_groups where user_id = %(user)s
), queues as materialized (
    select queue.id, queue.slug, queue.lease_seconds
    from handoffs_queue queue, person
    where person.may_decide and (%(queue)s::text is null or queue.slug = %(queue)s)
        and {permissions.GRANTED}
), open_claims as materialized (
    select claim.id, claim.handoff_id, claim.slot, h.deadline_at, h.queue_id, h.role_id,
        not {OVER} as live
    from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id
    where claim.reviewer_id = %(user)s and claim.ended_at is null
), held as materialized (
    select open_claims.handoff_id from open_claims join queues on queues.id = queue_id, teams
    where live and role_id = any(teams.ids)
        and (%(handoff)s::text is null or handoff_id = %(handoff)s)
    order by deadline_at, handoff_id limit 1
)"""

# The next one, in three looks that each start where the last one ended, so that whatever lies
# dead or claimed at the head of a queue is walked over once: the first that waits in each queue,
# the first of these this person may take, and of those the one due first, locked. Subqueries
# instead of joins keep it a walk along the index whatever the statistics say.
NEXT = f""", given_back as materialized (
    select coalesce(array_agg(handoff_id), '{{}}') as ids from (
        select handoff_id from reviews_claim
        where reviewer_id = %(user)s and ended_because = 'given_back'
            and ended_at > statement_timestamp() - interval '1 hour'
        order by ended_at desc limit 20) latest
    where not %(given_back_too)s
), heads as materialized (
    select queues.id as queue_id, queues.slug, queues.lease_seconds, first.deadline_at, first.id
    from queues
    left join unnest(%(floor_queues)s::bigint[], %(floor_at)s::timestamptz[], %(floor_ids)s::text[])
        as floor(queue_id, at, id) on floor.queue_id = queues.id
    cross join lateral (
        select h.deadline_at, h.id from handoffs_handoff h
        where h.queue_id = queues.id and h.state = 'waiting' and (h.deadline_at, h.id)
            >= (coalesce(floor.at, '-infinity'), coalesce(floor.id, ''))
        order by h.deadline_at, h.id limit 1) first
    where not exists (select from held)
), firsts as materialized (
    select heads.queue_id, heads.slug, heads.lease_seconds, h.deadline_at, h.id
    from heads, teams, given_back, lateral (
        select h.deadline_at, h.id from handoffs_handoff h
        where h.queue_id = heads.queue_id and h.state = 'waiting'
            and (h.deadline_at, h.id) >= (heads.deadline_at, heads.id)
            and h.role_id = any(teams.ids) and h.id <> all(given_back.ids)
            and not {_HAS_LIVE_CLAIM}
        order by h.deadline_at, h.id limit 1) h
), candidate as materialized (
    select h.id, h.level, h.round, firsts.slug, firsts.lease_seconds
    from (select * from firsts order by deadline_at, id) firsts, teams, given_back, lateral (
        select h.id, h.level, h.round from handoffs_handoff h
        where h.queue_id = firsts.queue_id and h.state = 'waiting'
            and (h.deadline_at, h.id) >= (firsts.deadline_at, firsts.id)
            and h.role_id = any(teams.ids) and h.id <> all(given_back.ids)
            and not {_HAS_LIVE_CLAIM}
        order by h.deadline_at, h.id limit 1
        for no key update of h skip locked) h
    limit 1
)"""

THIS_ONE = f""", firsts as materialized (
    select h.id, queues.slug, queues.lease_seconds
    from handoffs_handoff h join queues on queues.id = h.queue_id, teams
    where h.id = %(handoff)s and h.state = 'waiting' and h.role_id = any(teams.ids)
        and not exists (select from held)
), candidate as materialized (
    select h.id, h.level, h.round, firsts.slug, firsts.lease_seconds
    from firsts, handoffs_handoff h
    where h.id = firsts.id and h.state = 'waiting'
        and not {_HAS_LIVE_CLAIM}
    for no key update of h skip locked
), heads as (select null::bigint as queue_id, null::timestamptz as deadline_at, null::text as id)
"""

# What is over is ended here and now, so that it neither blocks the handoff nor fills a slot. A
# claim that somebody else is just ending is left to them, and then nothing is taken: whoever waits
# for nobody cannot deadlock.
_TAKE = f""", over as materialized (
    select claim.id, claim.expires_at <= statement_timestamp() as ran_out
    from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id
    where claim.id = any(array(
            select id from open_claims where not live
            union all
            select claim.id from reviews_claim claim, candidate
            where claim.handoff_id = candidate.id and claim.ended_at is null))
        and {OVER}
    for update of claim skip locked
), ended as (
    update reviews_claim claim set ended_at = statement_timestamp(),
        ended_because = case when over.ran_out then 'expired' else 'moved' end
    from over where claim.id = over.id returning claim.id
), slot as materialized (
    select min(slot) as free from generate_series(1, %(cap)s::int) slot
    where not exists (select from open_claims
        where open_claims.slot = slot.slot and open_claims.id not in (select id from ended))
), taken as (
    insert into reviews_claim (handoff_id, reviewer_id, slot, level, round, taken_at, expires_at,
        ended_because)
    select candidate.id, %(user)s, slot.free, candidate.level, candidate.round,
        statement_timestamp(),
        statement_timestamp() + make_interval(secs => candidate.lease_seconds), ''
    from candidate, slot
    where slot.free is not null and not exists (
        select from reviews_claim claim where claim.handoff_id = candidate.id
            and claim.ended_at is null and claim.id not in (select id from ended))
    on conflict do nothing
    returning id, handoff_id, slot, level, round, taken_at, expires_at
), audited as (
    insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
    select %(actor_kind)s, %(actor)s, 'handoff.claimed', taken.handoff_id,
        convert_to(format('{{"level":%%s,"queue":"%%s","round":%%s}}',
            taken.level, candidate.slug, taken.round), 'UTF8'), 0
    from taken, candidate
)
select person.may_decide, (select count(*) from queues) as queues, held.handoff_id as held,
    slot.free as slot, exists (select from firsts) as seen,
    taken.id, taken.handoff_id, taken.level, taken.round, taken.taken_at, taken.expires_at,
    (select array_agg(queue_id) from heads) as head_queues,
    (select array_agg(deadline_at) from heads) as head_at,
    (select array_agg(id) from heads) as head_ids,
    coalesce(pg_stat_get_xact_tuples_returned('handoff_waiting_in_order'::regclass)
        - walked.before, 0) as walked
from walked, person, slot left join held on true left join taken on true
"""


@dataclass(frozen=True)
class Look:
    """What one attempt found: whether this person may, what they hold, what was taken."""

    may_decide: bool
    queues: int
    held: str | None
    slot: int | None
    seen: bool
    # of the lease, all None when nothing was taken
    id: Any
    handoff_id: Any
    level: Any
    round: Any
    taken_at: Any
    expires_at: Any
    head_queues: list[int] | None
    head_at: list[datetime] | None
    head_ids: list[str] | None
    walked: int

    def claim(self, by: User) -> Claim:
        return Claim(
            id=self.id,
            handoff_id=self.handoff_id,
            reviewer=by,
            slot=self.slot or 0,
            level=self.level,
            round=self.round,
            taken_at=self.taken_at,
            expires_at=self.expires_at,
        )


@dataclass
class Floors:
    """Where each queue's waiting entries begin, kept for a moment when the way there is long.

    An open snapshot keeps the entries of decided handoffs from being cleaned away, and all of
    them lie at the head of the index. Whoever has walked over many remembers where the living
    begin, for a second: within it, a newcomer that is due before everything else may be passed
    over. When nothing is found from there on, the search starts again at the beginning.
    """

    LONG_WALK = 500
    SECONDS = 1.0

    kept: dict[int, tuple[datetime, str, float]] = field(default_factory=dict)

    def params(self) -> dict[str, Any]:
        now = time.monotonic()
        fresh = {queue: floor for queue, floor in list(self.kept.items()) if floor[2] > now}
        return {
            "floor_queues": list(fresh),
            "floor_at": [at for at, _, _ in fresh.values()],
            "floor_ids": [id for _, id, _ in fresh.values()],
        }

    def learn(self, look: Look, *, used: list[int]) -> None:
        """Remember heads after a long walk; those walked to from a floor move it along."""
        heads = zip(look.head_queues or [], look.head_at or [], look.head_ids or [], strict=True)
        for queue, at, id in heads:
            if queue in used and queue in self.kept:
                self.kept[queue] = (at, id, self.kept[queue][2])
            elif look.walked > self.LONG_WALK:
                self.kept[queue] = (at, id, time.monotonic() + self.SECONDS)


floors = Floors()
NO_FLOORS: dict[str, Any] = {"floor_queues": [], "floor_at": [], "floor_ids": []}


def attempt(candidate: str, by: User, **params: Any) -> Look:
    """Run one statement: look and lease, or look only. Planned once per connection."""
    actor = person_actor(by.id, "")
    params |= {
        "user": by.id,
        "deciding_roles": permissions.DECIDING_ROLES,
        "cap": OPEN_CLAIMS,
        "actor_kind": actor.kind.value,
        "actor": actor.audit_name,
    }
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.Cursor(connection.connection, row_factory=class_row(Look))
        look = cursor.execute(_PERSON + candidate + _TAKE, params, prepare=True).fetchone()
    if look is None or not look.may_decide:
        raise MayNotDecide
    return look
