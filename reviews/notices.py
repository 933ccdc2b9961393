"""Notices: what changed hands, became urgent or is done, for whoever it concerns, each once.

Nothing tells this module that something happened: it reads the logs of transitions and of fired
rungs from where it read last. Entry and recipient are unique, so however often it looks, a notice
is made once. It is written here and goes out later, when it is due, if it still holds then.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from handoffs import jobs
from handoffs.states import HandoffState, RungName
from reviews import log_places, notice_hours, permissions
from reviews.log_places import Log
from reviews.models import Notice
from reviews.notice_rules import LATE, USUALLY, Hours, How, Kind, due, kind_of

BATCH = 1_000
KEPT_FOR = timedelta(days=90)
TRANSITIONS = Log(
    name="transitions",
    table="handoffs_transition",
    columns="id, handoff_id, run_id, from_state, to_state, cause, at",
)
RUNGS = Log(
    name="rungs",
    table="handoffs_rung",
    columns="id, handoff_id, rung, passed_over, fired_at",
)

_EVENTS = """event (entry, kind, handoff, run, at) as (
    select * from unnest(%(entries)s::bigint[], %(kinds)s::text[], %(handoffs)s::text[],
        %(runs)s::text[], %(ats)s::timestamptz[]))"""
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
    and not (event.kind = 'urgent' and {_IN_OTHER_HANDS})
    and not exists (select from reviews_claim passed_on
        where passed_on.handoff_id = h.id and passed_on.reviewer_id = who.id
            and passed_on.ended_because in ('escalated', 'sent_on')
            and passed_on.ended_at > event.at - interval '5 seconds')
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


@dataclass(frozen=True, kw_only=True)
class Event:
    """An entry that somebody may be told of; of a run's own, `handoff` is None."""

    entry: int
    kind: Kind
    handoff: str | None
    run: str
    at: datetime


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


def look(*, now: datetime) -> int:
    """Read on in both logs, batch by batch, and write what is to be told; return how much that is.

    A no-op while another process reads.
    """
    return _drain(RUNGS, _urgent) + _drain(TRANSITIONS, _moved)


def _drain(log: Log, events: Callable[[Iterable[tuple[Any, ...]]], Iterable[Event]]) -> int:
    made: list[int] = []

    def batch() -> int:
        with transaction.atomic():
            rows, at = _read(log)
            made.append(_make(log, list(events(rows)), at))
            return len(rows)

    jobs.drain(batch, full=BATCH)
    return sum(made)


def _read(log: Log) -> tuple[list[tuple[Any, ...]], datetime]:
    """Return what came since, and the database's time: this machine's clock may be wrong."""
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        at: datetime = cursor.fetchone()[0]
    place = log_places.take(log)
    return (log_places.read(log, place, limit=BATCH, now=at) if place else []), at


def _moved(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for entry, handoff, run, before, after, cause, at in rows:
        kind = kind_of(of_run=handoff is None, before=before, after=after, cause=cause)
        if kind is not None:
            yield Event(entry=entry, kind=kind, handoff=handoff, run=run, at=at)


def _urgent(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for entry, handoff, rung, passed_over, at in rows:
        if rung == RungName.URGENT.value and not passed_over:
            yield Event(entry=entry, kind=Kind.URGENT, handoff=handoff, run="", at=at)


def _make(log: Log, events: list[Event], now: datetime) -> int:
    """Write a notice for everybody whom an event concerns and who wants to know."""
    over = [event for event in events if event.kind is Kind.COMPLETED]
    here = [event for event in events if event.kind is not Kind.COMPLETED]
    found = [*_concerned(_WHERE_IT_WAITS, here), *_concerned(_WHO_WAITED, over)]
    hours = notice_hours.of({(one.person, one.queue) for one in found}, now=now)
    met = {one.entry for one in found if hours[one.person, one.queue].here(now)}
    made = []
    for one in found:
        theirs = hours[one.person, one.queue]
        wakes = one.critical and one.may_wake and not theirs.away and one.entry not in met
        made.append(_notice(log, one, theirs, wakes=wakes, now=now))
    Notice.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def _notice(log: Log, one: Concerned, hours: Hours, *, wakes: bool, now: datetime) -> Notice:
    told = How.DIGEST if now - one.at > LATE else How(one.how)
    return Notice(
        log=log.name,
        entry=one.entry,
        kind=one.kind,
        handoff_id=one.handoff,
        level=one.level,
        round=one.round,
        recipient_id=one.person,
        of_run=one.of_run,
        digest=told is How.DIGEST and not wakes,
        wakes=wakes,
        made_at=now,
        due_at=due(now, how=told, hours=hours, wakes=wakes),
    )


def _concerned(query: str, events: list[Event]) -> list[Concerned]:
    if not events:
        return []
    params: dict[str, Any] = {
        "entries": [event.entry for event in events],
        "kinds": [event.kind.value for event in events],
        "handoffs": [event.handoff for event in events],
        "runs": [event.run for event in events],
        "ats": [event.at for event in events],
        "usually": json.dumps(USUALLY),
        "roles": permissions.DECIDING_ROLES,
        "waiting": HandoffState.WAITING.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return list(map(Concerned._make, cursor.fetchall()))


def forget(*, now: datetime, limit: int = 5_000) -> int:
    """Drop what was told long ago, batch by batch; the log is not read there again."""

    def batch() -> int:
        old = Notice.objects.filter(ended_at__lt=now - KEPT_FOR).order_by("ended_at")[:limit]
        return Notice.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]

    return jobs.drain(batch, full=limit)
