"""What `moves`, `audit` and `outbox` do for one, for many: so many statements, whatever the number.

Whoever calls has locked the runs. Where fewer moved than were named, somebody was faster: NotAll
is raised, and the caller's transaction has to go.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from django.db import connection

from handoffs import audit, outbox
from handoffs.actors import Actor
from handoffs.models import QueueDepth
from handoffs.states import RUN_TRANSITIONS, Cause, RunState

_LOG = """
insert into handoffs_transition
    (run_id, handoff_id, version, from_state, to_state, actor_kind, actor, cause, xact_id)
"""
_MOVE_RUNS = f"""
with before as (
    select id, state from handoffs_run
    where id = any(%(ids)s) and state = any(%(sources)s) order by id for update
), moved as (
    update handoffs_run run
    set state = %(to)s, version = run.version + 1, state_since = now(), cause = %(cause)s,
        open_blocking = case when %(freed)s then 0 else run.open_blocking end
    from before where run.id = before.id
    returning run.id, run.version, before.state as from_state
), logged as (
    {_LOG} select id, null, version, from_state, %(to)s, %(actor_kind)s, %(actor)s, %(cause)s, 0
    from moved
)
select id, version from moved
"""
# what waits and is still as it was seen
_SAME = """h.id = given.id and h.state = 'waiting' and h.round = given.round
        and h.next_at = given.seen"""
_KEEP_WAITING = f"""
with given as (
    select * from json_to_recordset(%(given)s) as given (
        id text, round integer, seen timestamptz, climbs boolean, level smallint, queue bigint,
        role integer, ladder jsonb, terms jsonb, deadline_seconds integer,
        counted_from timestamptz, counted_seconds integer, deadline_at timestamptz,
        urgent_at timestamptz, next_at timestamptz, next_rung text, gather_until timestamptz)
), moved as (
    update handoffs_handoff h
    set version = h.version + 1, level = given.level, queue_id = given.queue,
        role_id = given.role, ladder = given.ladder, terms = given.terms,
        overflow_from_id = case when not given.climbs then h.overflow_from_id end,
        held_since = case when not given.climbs
            then coalesce(h.held_since, statement_timestamp()) end,
        owner_since = case when given.climbs then statement_timestamp() else h.owner_since end,
        deadline_seconds = given.deadline_seconds, counted_from = given.counted_from,
        counted_seconds = given.counted_seconds, by_the_clock = false, urgent_since = null,
        deadline_at = given.deadline_at, urgent_at = given.urgent_at, next_at = given.next_at,
        next_rung = given.next_rung, gather_until = given.gather_until
    from given where {_SAME}
    returning h.id, h.run_id, h.version
), logged as (
    {_LOG} select run_id, id, version, 'waiting', 'waiting', %(actor_kind)s, %(actor)s, %(cause)s, 0
    from moved
)
select count(*) from moved
"""
_ANSWER = f"""
with given as (
    select * from json_to_recordset(%(given)s) as given (id text, round integer, seen timestamptz)
), moved as (
    update handoffs_handoff h
    set state = 'answered', version = h.version + 1, answered_at = now()
    from given where {_SAME}
    returning h.id, h.run_id, h.version
), logged as (
    {_LOG} select run_id, id, version, 'waiting', 'answered', %(actor_kind)s, %(actor)s, %(cause)s,
        0 from moved
)
select count(*) from moved
"""
_FEWER = f"""
update {QueueDepth._meta.db_table} set waiting = waiting - %s
where queue_id = %s and slot = pg_backend_pid() %% 16
"""
_MORE = f"""
update {QueueDepth._meta.db_table} set waiting = waiting + %s
where queue_id = %s and slot = pg_backend_pid() %% 16 and waiting + %s <= quota
"""
_RECORD = f"""
insert into handoffs_auditentry ({audit.COLUMNS})
select actor_kind, actor, action, subject, body, 0
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[])
    with ordinality as said (actor_kind, actor, action, subject, body, place)
order by place
"""
_TELL = """
insert into handoffs_outboxmessage
    (id, endpoint_id, mail_to, event, payload, state, attempts, last_error)
select message || '_' || endpoint.id, endpoint.id, '', event, payload::jsonb, 'pending', 0, ''
from unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
    with ordinality as told (message, client, event, payload, place)
join handoffs_webhookendpoint endpoint on endpoint.client_id = told.client and endpoint.enabled
    and (endpoint.events = '{}' or told.event = any(endpoint.events))
order by place
"""


class NotAll(Exception):
    """Not everything that was named could be moved."""


class Entry(NamedTuple):
    """One thing to be audited."""

    action: str
    subject: str
    body: dict[str, Any]


class Event(NamedTuple):
    """One thing that a client's endpoints are told."""

    client_id: int
    event: str
    payload: dict[str, Any]


def move_runs(
    ids: Sequence[str], to: RunState, *, by: Actor, cause: Cause, freed: bool = False
) -> dict[str, int]:
    """Move the runs and log it; return their versions. `freed`: nothing stops them any more."""
    if not ids:
        return {}
    sources = [state.value for state, targets in RUN_TRANSITIONS.items() if state and to in targets]
    given: dict[str, Any] = {"ids": list(ids), "to": to.value, "sources": sources, "freed": freed}
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_RUNS, given | _by(by, cause))
        moved = dict(cursor.fetchall())
    if len(moved) != len(ids):
        raise NotAll
    return moved


def keep_waiting(given: Sequence[Mapping[str, Any]], *, by: Actor, cause: Cause) -> None:
    """Move handoffs from waiting to waiting, with a clock of their own, perhaps a level up."""
    _move(_KEEP_WAITING, given, by, cause)


def answer(given: Sequence[Mapping[str, Any]], *, by: Actor, cause: Cause) -> None:
    """Move handoffs from waiting to answered."""
    _move(_ANSWER, given, by, cause)


def _move(sql: str, given: Sequence[Mapping[str, Any]], by: Actor, cause: Cause) -> None:
    if not given:
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, {"given": json.dumps(given), **_by(by, cause)})
        if cursor.fetchone()[0] != len(given):
            raise NotAll


def shift_queues(leaving: Counter[int], coming: Counter[int]) -> None:
    """Count how many more or fewer wait in each queue, in the one order in which all lock them.

    What comes so is never refused.
    """
    with connection.cursor() as cursor:
        for queue in sorted({*leaving, *coming}):
            more = coming[queue] - leaving[queue]
            if more < 0:
                cursor.execute(_FEWER, [-more, queue])
            elif more > 0:
                cursor.execute(_MORE, [more, queue, more])
                if not cursor.rowcount:
                    cursor.execute(
                        "select overread_come_back(%s) from generate_series(1, %s)", [queue, more]
                    )


def record(entries: Sequence[Entry], *, by: Actor) -> None:
    """Add audit entries, in this order."""
    rows = [audit.params(by=by, action=e.action, subject=e.subject, body=e.body) for e in entries]
    _spread(_RECORD, rows)


def tell(events: Sequence[Event]) -> None:
    """Add a webhook of each event for each endpoint of its client that wants it, in this order."""
    told = [outbox.tell_params(*event) for event in events]
    rows = [(one["message_id"], one["client_id"], one["event"], one["payload"]) for one in told]
    _spread(_TELL, rows)


def _spread(sql: str, rows: Collection[tuple[Any, ...]]) -> None:
    """Give a statement the rows as one array for each column."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])


def _by(by: Actor, cause: Cause) -> dict[str, str]:
    return {"actor_kind": by.kind.value, "actor": by.name, "cause": cause.value}
