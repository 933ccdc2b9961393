"""What every page of a person shows around its content: what they may take back, how far they are.

One round trip, a few narrow rows, whatever waits.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.roles import Can
from handoffs.actors import person_actor

# more than these nobody decides within a window
_LATEST = 3
_MOST_STOPS = 5

_HELD = """
select held.handoff_id as id, decision.verb, held.release_at,
    h.safeguards ->> 'approvers' as approvers,
    (select brief.body ->> 'ask' from handoffs_brief brief
        where brief.handoff_id = h.id order by brief.version desc limit 1) as ask
from handoffs_heldanswer held
join handoffs_handoff h on h.id = held.handoff_id
join reviews_decision decision on decision.handoff_id = held.handoff_id
    and decision.round = held.round and decision.reviewer_id = %(user)s
    and decision.undone_at is null
where held.by_audit_name = %(actor)s
order by held.held_at desc limit %(latest)s
"""
# the latest session, which is the one that runs if any does
_SESSION = """
select session.id, queue.id as queue_id, queue.slug, queue.name as queue,
    coalesce(session.workflow_id, 0) as workflow, session.kind, session.action_type,
    session.items, session.seconds,
    session.paused_at is not null as paused, session.ended_because as ended,
    greatest(0, extract(epoch from
        coalesce(session.ended_at, session.paused_at, statement_timestamp())
        - session.started_at) - session.paused_seconds) as worked,
    done.decided, done.asked, done.handed_up, done.given_back
from reviews_batchsession session
join handoffs_queue queue on queue.id = session.queue_id
cross join lateral (
    select count(*) filter (where ended_because = 'decided') as decided,
        count(*) filter (where ended_because = 'asked') as asked,
        count(*) filter (where ended_because = 'escalated') as handed_up,
        count(*) filter (where ended_because = 'given_back') as given_back
    from reviews_claim where session_id = session.id) done
where session.reviewer_id = %(user)s
order by session.id desc limit 1
"""
# the few workflows that people have stopped, everything first
_STOPS = """
select coalesce(workflow.name, '') as what, stop.stopped_role as role, stop.reason,
    stop.stopped_at as since, stop.drill
from handoffs_stop stop left join handoffs_workflow workflow on workflow.id = stop.workflow_id
where stop.ended_at is null order by workflow.name nulls first limit %(most_stops)s
"""
_STOPPED = f"(select coalesce(jsonb_agg(to_jsonb(one)), '[]') from ({_STOPS}) one)::text"
_AROUND = f"""
select (select coalesce(jsonb_agg(to_jsonb(one)), '[]') from ({_HELD}) one)::text,
    (select to_jsonb(one) from ({_SESSION}) one)::text, {_STOPPED}
"""


@dataclass(frozen=True, kw_only=True)
class Undoable:
    """What this person said and the agent has not been told; `alone` when nobody else decides."""

    id: str
    verb: str
    ask: str
    release_at: datetime
    alone: bool


@dataclass(frozen=True, kw_only=True)
class Session:
    """How far a person is in their own session; `ended` says why it did, if it did."""

    id: int
    queue_id: int
    slug: str
    queue: str
    # of what it is, where it is of what has gathered; otherwise 0 and nothing
    workflow: int
    kind: str
    action_type: str
    items: int | None
    seconds: int | None
    paused: bool
    ended: str
    worked: float
    decided: int
    asked: int
    handed_up: int
    given_back: int

    @property
    def done(self) -> int:
        return self.decided + self.asked + self.handed_up

    @property
    def live(self) -> bool:
        return not self.ended

    @property
    def over(self) -> str:
        """Say why it is at its end; nothing while there is more to do and time for it."""
        if self.items is not None and self.done >= self.items:
            return "done"
        if self.seconds is not None and self.worked >= self.seconds:
            return "time"
        return ""


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """What people have stopped; no `what`: everything."""

    what: str
    role: str
    reason: str
    since: datetime
    drill: bool


@dataclass(frozen=True, kw_only=True)
class Around:
    """What stands around a page."""

    undoable: list[Undoable]
    session: Session | None
    stopped: list[Stopped] = field(default_factory=list)


def around(user: User) -> Around:
    """Return what this person may still take back, their session, and what is stopped."""
    actor = person_actor(user.id, "").audit_name
    params: dict[str, int | str] = {
        "user": user.id,
        "actor": actor,
        "latest": _LATEST,
        "most_stops": _MOST_STOPS,
    }
    decides = user.can(Can.DECIDE)
    with connection.cursor() as cursor:
        cursor.execute(_AROUND if decides else f"select '[]', null, {_STOPPED}", params)
        held, session, stopped = cursor.fetchone()
    return Around(
        undoable=[_undoable(row) for row in json.loads(held)],
        session=Session(**json.loads(session)) if session else None,
        stopped=[_stopped(row) for row in json.loads(stopped)],
    )


def _stopped(row: dict[str, Any]) -> Stopped:
    return Stopped(**{**row, "since": datetime.fromisoformat(row["since"])})


def undoable(user: User) -> list[Undoable]:
    """Return what this person may still take back, the latest first."""
    return around(user).undoable


def _undoable(row: dict[str, Any]) -> Undoable:
    return Undoable(
        id=row["id"],
        verb=row["verb"],
        ask=row["ask"] or "",
        release_at=datetime.fromisoformat(row["release_at"]),
        alone=row["approvers"] in (None, "0", "1"),
    )


def session(user: User) -> Session | None:
    """Return this person's latest session as it stands now."""
    with connection.cursor() as cursor:
        cursor.execute(f"select to_jsonb(one)::text from ({_SESSION}) one", {"user": user.id})
        row = cursor.fetchone()
    return Session(**json.loads(row[0])) if row else None
