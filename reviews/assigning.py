"""Work that comes to people: in queues that assign, who is there and carries least gets the next.

Nothing tells this module that something waits or that somebody has room again: it looks, every few
seconds, so what waits moves without a new arrival. Each claim is made by the statement that takes,
which asks for authority, seats and caps once more: nobody is assigned what they may not decide.
What is not opened in time goes on to a colleague; when all who are there were asked it waits for
whoever takes the next, and after an hour they are asked again.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from accounts.models import User
from handoffs import audit, locks
from handoffs.actors import SYSTEM, person_actor
from handoffs.failpoints import failpoint
from handoffs.models import Queue
from reviews import availability, caps, claims, listing, permissions, plants, sharing
from reviews.errors import AlreadyClaimed, HandsFull
from reviews.models import Claim
from reviews.sharing import Carrying

ASSIGN_LOCK = 0x6F766572_A551
# one look assigns so many in a queue at most; the next one, seconds later, goes on
AT_ONCE = 50
# whoever was not seen for so long is not at the desk
PRESENT_SECONDS = 120
# a page says that it is looked at more often than is worth writing down
NOTED_SECONDS = 30
_MOST_NOTED = 10_000
ASKED_AGAIN = "1 hour"

_HERE = f"""
insert into reviews_presence as kept (user_id, seen_at)
select %(user)s, statement_timestamp()
where exists (select from handoffs_queue queue
    where queue.mode = 'push' and {permissions.GRANTED})
on conflict (user_id) do update set seen_at = excluded.seen_at
    where kept.seen_at < excluded.seen_at - interval '{NOTED_SECONDS} seconds'
"""
_WHO = permissions.GRANTED.replace("%(user)s", "who.id")
# Who works this queue, is at the desk, takes assigned work and has room for it.
_READY = f"""
select who.id as person, overread_held(who.id) as open, had.minutes,
    (select max(claim.taken_at) from reviews_claim claim
        where claim.reviewer_id = who.id and claim.assigned
            and claim.taken_at > statement_timestamp() - interval '1 day') as given_at
from handoffs_queue queue
cross join accounts_user who
left join reviews_availability availability on availability.user_id = who.id
cross join lateral overread_had(who.id) had
where queue.id = %(queue)s and who.is_active and who.roles && %(roles)s::varchar[]
    and coalesce(availability.assignable, true) and {_WHO}
    and greatest(
        (select presence.seen_at from reviews_presence presence where presence.user_id = who.id),
        (select greatest(claim.seen_at, claim.opened_at, claim.ended_at) from reviews_claim claim
            where claim.reviewer_id = who.id and claim.opened_at is not null
            order by claim.taken_at desc limit 1))
        > statement_timestamp() - interval '{PRESENT_SECONDS} seconds'
    and overread_full(who.id, overread_held(who.id), %(cap)s) = ''
"""
_MAY = permissions.DECIDABLE.replace("%(user)s", "who.id")
_SEAT = permissions.SEAT_FREE.format(claimed_by=listing.CLAIMED_BY).replace("%(user)s", "who.id")
# What waits in the order it is worked, each with those of these people who may decide it and have
# not let it pass of late.
_PAIRS = f"""
select h.id, could.people from handoffs_handoff h
cross join lateral (
    select array_agg(who.id) as people from unnest(%(people)s::bigint[]) as who(id)
    where {_MAY} and {_SEAT}
        and not exists (select from reviews_claim passed
            where passed.handoff_id = h.id and passed.reviewer_id = who.id
                and passed.ended_because in ('expired', 'given_back')
                and passed.level = h.level and passed.round = h.round
                and passed.ended_at > statement_timestamp() - interval '{ASKED_AGAIN}')) could
where h.queue_id = %(queue)s and h.state = 'waiting' and could.people is not null
    and {permissions.OFFERED} and {permissions.GOES_ON}
order by {permissions.CALM}, h.deadline_at, h.id limit {AT_ONCE}
"""
# What was put into the hands of somebody who has gone away meanwhile, and lies there unopened.
_RECALL = """
update reviews_claim claim set expires_at = statement_timestamp()
where claim.assigned and claim.opened_at is null and claim.ended_at is null
    and claim.expires_at > statement_timestamp()
    and exists (select from reviews_absence absence where absence.person_id = claim.reviewer_id
        and absence.starts_at <= statement_timestamp()
        and absence.ends_at > statement_timestamp())
"""


# by person, when this process noted them last
_noted: dict[int, float] = {}


def at_desk(user: User, *, now: datetime) -> None:
    """Note that they are here, unless this process has just done so: pages ask again and again."""
    at = time.monotonic()
    if at - _noted.get(user.pk, -math.inf) < NOTED_SECONDS:
        return
    if len(_noted) > _MOST_NOTED:
        _noted.clear()
    _noted[user.pk] = at
    note_here(user, now=now)


def note_here(user: User, *, now: datetime) -> None:
    """Note that this person is at the desk, where work may come to them."""
    with connection.cursor() as cursor:
        cursor.execute(_HERE, {"user": user.pk})


def assign(*, now: datetime) -> int:
    """Put what waits into the hands of who is there; return how much. One process at a time."""
    with locks.only_one(ASSIGN_LOCK) as alone:
        if not alone:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_RECALL)
        queues = Queue.objects.filter(mode="push").order_by("id")
        return sum(_assign(queue, now=now) for queue in queues)


def _assign(queue: Queue, *, now: datetime) -> int:
    ready = {one.person: one for one in _ready(queue)}
    given = 0
    for handoff_id, people in _pairs(queue, list(ready)):
        order = sharing.in_order(ready[one] for one in people if one in ready)
        given += _give(handoff_id, order, ready, queue, now=now)
    return given


def _ready(queue: Queue) -> list[Carrying]:
    params = {"queue": queue.pk, "roles": permissions.DECIDING_ROLES, "cap": caps.OPEN}
    found = [Carrying(**row) for row in _rows(_READY, params)]
    there = availability.there([one.person for one in found])
    return [one for one in found if there[one.person].there]


def _pairs(queue: Queue, people: Sequence[int]) -> list[tuple[str, list[int]]]:
    if not people:
        return []
    rows = _rows(_PAIRS, {"queue": queue.pk, "people": list(people)})
    return [(row["id"], row["people"]) for row in rows]


def _give(
    handoff_id: str,
    order: Sequence[Carrying],
    ready: dict[int, Carrying],
    queue: Queue,
    *,
    now: datetime,
) -> bool:
    """Give it to the first of these who can have it; who has no more room drops out."""
    for one in order:
        person = User(id=one.person)
        try:
            with transaction.atomic():
                claim = claims.assign(handoff_id, to=person, seconds=queue.push_seconds, now=now)
                failpoint("assigning.after_claim")
                _note(claim, queue)
                failpoint("assigning.before_commit")
        except HandsFull:
            del ready[one.person]
        except plants.MayNotStay:
            plants.withdraw(handoff_id, now=now)
            return False
        except AlreadyClaimed:
            continue
        else:
            failpoint("assigning.after_commit")
            ready[one.person] = replace(one, open=one.open + 1, given_at=claim.taken_at)
            return True
    return False


def _note(claim: Claim, queue: Queue) -> None:
    audit.record(
        by=SYSTEM,
        action="handoff.assigned",
        subject=claim.handoff_id,
        body={"queue": queue.slug, "to": person_actor(claim.reviewer_id, "").audit_name},
    )


def _rows(sql: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
