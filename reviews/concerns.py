"""Whom an event concerns: people who may decide it or waited for it, and channels that listen."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from handoffs.states import HandoffState
from handoffs.stopped import STOPPED
from reviews import permissions
from reviews.notice_rules import USUALLY, Kind

_EVENTS = """event (entry, kind, handoff, run, at, shift) as (
    select * from unnest(%(entries)s::bigint[], %(kinds)s::text[], %(handoffs)s::text[],
        %(runs)s::text[], %(ats)s::timestamptz[], %(shifts)s::bool[]))"""
# How they are told of this kind: as they said, else as the queue has it, else as usual.
_WANTED = """
left join reviews_noticewish wish on wish.person_id = who.id
left join reviews_queuenotices given on given.queue_id = h.queue_id
cross join lateral (select coalesce(wish.how ->> event.kind, given.how ->> event.kind,
    %(usually)s::jsonb ->> event.kind) as how) told
where told.how <> 'none' and who.is_active
    and not h.queue_id = any(coalesce(wish.quiet_queues, '{}'))
    and not exists (select from handoffs_mailstop stop
        where stop.address = lower(who.email) and stop.event = 'notice.' || event.kind)
"""
_COLUMNS = """event.entry, event.kind, event.at, h.id, h.level, h.round, h.queue_id, who.id,
    event.handoff is null, told.how, coalesce(wish.wakes, true) as may_wake"""
# what cannot be undone and matters, and what has stopped an agent
_CRITICAL = """(h.tier = 'hard_stop' or exists (select from handoffs_proposal proposal
    join handoffs_actiontype action on action.workflow_id = h.workflow_id
        and action.name = proposal.action_type
    where proposal.id = h.proposal_id
        and action.impact = 'high' and action.reversibility = 'irreversible'))"""
# what one person decides is urgent for whoever holds it, and for nobody else then
_IN_OTHER_HANDS = """(overread_one_decides(h.safeguards) and exists (select from reviews_claim claim
    where claim.handoff_id = h.id and claim.reviewer_id <> who.id and claim.ended_at is null
        and claim.expires_at > statement_timestamp()
        and claim.level = h.level and claim.round = h.round))"""
# Moved between a queue and the one it overflows into: told once, however often it comes and goes.
_TOLD_BEFORE = """(event.shift and (
    exists (select from event other where other.handoff = event.handoff and other.kind <> 'urgent'
        and (other.entry > event.entry or (other.entry < event.entry and not other.shift)))
    or exists (select from reviews_notice told where told.handoff_id = h.id
        and told.kind in ('arrived', 'transferred') and told.level = h.level
        and told.round = h.round and {receiver})))"""
# whoever works both queues had it before and has it still
_HAS_IT_STILL = permissions.GRANTED.replace("%(user)s", "who.id").replace(
    "queue.id", "coalesce(h.overflow_from_id, queue.overflow_queue_id)"
)
# nothing of what was stopped is urgent
_STANDS_STILL = STOPPED.format(workflow="h.workflow_id")
# Whoever may decide it where it waits now, but for those who just passed it on.
_WHERE_IT_WAITS = f"""
with {_EVENTS}
select {_COLUMNS}, event.kind = 'urgent' and {_CRITICAL} as critical from event
join handoffs_handoff h on h.id = event.handoff and h.state = %(waiting)s and h.held_since is null
    and (event.kind <> 'urgent' or h.urgent_since is not null)
join handoffs_queue queue on queue.id = h.queue_id
cross join lateral (
    select distinct member.user_id from accounts_user_groups member
    join auth_group team on team.id = member.group_id
    where team.id = h.role_id or h.safeguards -> 'seats' ? team.name) member
join accounts_user who on who.id = member.user_id and who.roles && %(roles)s::varchar[]
{_WANTED}
    and {permissions.GRANTED.replace("%(user)s", "who.id")}
    and {permissions.DECIDABLE.replace("%(user)s", "who.id")}
    and not (event.kind = 'urgent' and ({_IN_OTHER_HANDS} or {_STANDS_STILL}))
    and not {_TOLD_BEFORE.format(receiver="told.recipient_id = who.id")}
    and not (event.shift and {_HAS_IT_STILL})
    and not exists (select from reviews_claim passed_on
        where passed_on.handoff_id = h.id and passed_on.reviewer_id = who.id
            and passed_on.ended_because in ('escalated', 'sent_on')
            and passed_on.ended_at > event.at - interval '5 seconds')
"""
_LIES = """claim.ended_at is null and claim.opened_at is null
    and claim.expires_at > statement_timestamp()"""
# Whoever it was put into the hands of, while it lies there unopened.
_IN_WHOSE_HANDS = f"""
with {_EVENTS}
select {_COLUMNS}, false as critical from event
join reviews_claim claim on claim.id = event.entry and {_LIES}
join handoffs_handoff h on h.id = claim.handoff_id and h.state = %(waiting)s
join accounts_user who on who.id = claim.reviewer_id
{_WANTED}
"""
# Of a handoff that is over: whoever was told of it or passed it on, but for those who decided it.
# Of a run that is over: whoever decided in it.
_WHO_WAITED = f"""
with {_EVENTS}, concerned as (
    select event.entry, event.handoff, told.recipient_id as person from event
    join reviews_notice told on told.handoff_id = event.handoff
        and told.kind in ('transferred', 'urgent') and told.ended_because = 'sent'
        and not told.digest
    union
    select event.entry, event.handoff, claim.reviewer_id from event
    join reviews_claim claim on claim.handoff_id = event.handoff
        and claim.ended_because in ('escalated', 'sent_on', 'handed_over', 'asked')
    union
    select event.entry, max(decision.handoff_id), decision.reviewer_id from event
    join handoffs_handoff asked on asked.run_id = event.run and event.handoff is null
    join reviews_decision decision on decision.handoff_id = asked.id
        and decision.undone_at is null
    group by event.entry, decision.reviewer_id
)
select {_COLUMNS}, false as critical from event join concerned on concerned.entry = event.entry
join handoffs_handoff h on h.id = concerned.handoff
join accounts_user who on who.id = concerned.person
{_WANTED}
    and (event.handoff is null or not exists (select from reviews_decision decision
        where decision.handoff_id = h.id and decision.reviewer_id = who.id
            and decision.undone_at is null))
"""
# The channels of the queue in which it waits now.
_CHANNELS_THERE = f"""
with {_EVENTS}
select event.entry, event.kind, event.at, h.id, h.level, h.round, h.queue_id, channel.id,
    event.kind = 'urgent' and {_CRITICAL}, channel.digest, channel.in_hours
from event
join handoffs_handoff h on h.id = event.handoff and h.state = %(waiting)s and h.held_since is null
    and (event.kind <> 'urgent' or h.urgent_since is not null)
join handoffs_noticechannel channel on channel.queue_id = h.queue_id and channel.enabled
    and event.kind = any(channel.kinds) and coalesce(channel.role_id, h.role_id) = h.role_id
where not (event.kind = 'urgent' and {_STANDS_STILL})
    and not {_TOLD_BEFORE.format(receiver="told.channel_id = channel.id")}
"""
# Those that were told of what is over now.
_CHANNELS_TOLD = f"""
with {_EVENTS}
select distinct event.entry, event.kind, event.at, h.id, h.level, h.round, h.queue_id, channel.id,
    false, channel.digest, channel.in_hours
from event
join reviews_notice told on told.handoff_id = event.handoff and told.ended_because = 'sent'
    and told.kind <> 'completed'
join handoffs_noticechannel channel on channel.id = told.channel_id and channel.enabled
    and event.kind = any(channel.kinds)
join handoffs_handoff h on h.id = event.handoff
"""


@dataclass(frozen=True, kw_only=True)
class Event:
    """An entry that somebody may be told of; of a run's own, `handoff` is None.

    `shift`: it went to other people of the same team, because a queue was full or has room again.
    """

    entry: int
    kind: Kind
    handoff: str | None
    run: str
    at: datetime
    shift: bool = False


class Concerned(NamedTuple):
    """Somebody whom an event concerns, and how they want to be told of its kind."""

    entry: int
    kind: str
    at: datetime
    handoff: str
    level: int
    round: int
    queue: int
    person: int
    of_run: bool
    how: str
    may_wake: bool
    critical: bool


class Listening(NamedTuple):
    """A channel that an event is told on, and how."""

    entry: int
    kind: str
    at: datetime
    handoff: str
    level: int
    round: int
    queue: int
    channel: int
    critical: bool
    digest: bool
    in_hours: bool


def people(events: list[Event]) -> list[Concerned]:
    """Return everybody whom these concern and who wants to know."""
    of_one = [event for event in events if event.kind is Kind.ASSIGNED]
    here, over = _sorted(events)
    found = [
        *_found(_WHERE_IT_WAITS, here),
        *_found(_IN_WHOSE_HANDS, of_one),
        *_found(_WHO_WAITED, over),
    ]
    return list(map(Concerned._make, found))


def channels(events: list[Event]) -> list[Listening]:
    """Return the channels that these are told on."""
    here, over = _sorted(events)
    found = [*_found(_CHANNELS_THERE, here), *_found(_CHANNELS_TOLD, over)]
    return list(map(Listening._make, found))


def unopened(claims: Sequence[int]) -> set[int]:
    """Return which of these claims still lie there as they were assigned."""
    if not claims:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            f"select id from reviews_claim claim where id = any(%s) and {_LIES}", [list(claims)]
        )
        return {row[0] for row in cursor.fetchall()}


def _sorted(events: list[Event]) -> tuple[list[Event], list[Event]]:
    """Tell what waits for a team from what is over."""
    over = [event for event in events if event.kind is Kind.COMPLETED]
    here = [event for event in events if event.kind not in (Kind.COMPLETED, Kind.ASSIGNED)]
    return here, over


def _found(query: str, events: list[Event]) -> list[tuple[Any, ...]]:
    if not events:
        return []
    params: dict[str, Any] = {
        "entries": [event.entry for event in events],
        "kinds": [event.kind.value for event in events],
        "handoffs": [event.handoff for event in events],
        "runs": [event.run for event in events],
        "ats": [event.at for event in events],
        "shifts": [event.shift for event in events],
        "usually": json.dumps(USUALLY),
        "roles": permissions.DECIDING_ROLES,
        "waiting": HandoffState.WAITING.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(cursor.fetchall())
