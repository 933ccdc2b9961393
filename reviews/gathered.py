"""What gathers, and what has gathered and is ready to be done in one session. ADR 0031."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from reviews import listing, permissions

# so many of those whose window ended first are looked at in a queue
LOOKED_AT = 200
# as many as are worth beginning together
ENOUGH = 2
# what one of a session tries before it gives way to those who are quicker
TRIES = 6

_THEIRS = f"{permissions.DECIDABLE} and {listing.FREE} and {permissions.GOES_ON}"
# Of one queue, those whose window has ended: a bounded walk along `handoff_gathered`.
_ENDED = f"""(select h.* from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
            and h.gather_until <= statement_timestamp() and h.urgent_since is null
        order by h.gather_until limit {LOOKED_AT})"""

_READY = f"""
select queue.slug, queue.name as queue, h.workflow_id as workflow, h.kind,
    coalesce(proposal.action_type, '') as action_type, min(h.deadline_at) as due_at,
    count(*)::int as count
from handoffs_queue queue cross join lateral {_ENDED} h
left join handoffs_proposal proposal on proposal.id = h.proposal_id
where {permissions.GRANTED} and {_THEIRS}
group by queue.id, h.workflow_id, h.kind, proposal.action_type
having count(*) >= {ENOUGH}
order by due_at, queue.id, h.workflow_id, h.kind limit 5
"""

# What is urgent in that queue comes first, whatever it is; then those alike, by their deadline.
_NEXT = f"""
select h.id from (
    (select h.* from handoffs_handoff h
        where h.queue_id = %(queue)s and h.state = 'waiting' and {permissions.URGENT}
            and {_THEIRS} order by h.deadline_at, h.id limit {TRIES})
    union all
    (select h.* from handoffs_queue queue cross join lateral {_ENDED} h
        left join handoffs_proposal proposal on proposal.id = h.proposal_id
        where queue.id = %(queue)s and h.workflow_id = %(workflow)s and h.kind = %(kind)s
            and coalesce(proposal.action_type, '') = %(action_type)s and {_THEIRS})) h
where not exists (select from reviews_claim claim
    where claim.handoff_id = h.id and claim.reviewer_id = %(user)s
        and claim.ended_because = 'given_back'
        and claim.ended_at > statement_timestamp() - interval '1 hour')
order by {permissions.CALM}, h.deadline_at, h.id limit {TRIES}
"""


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Handoffs of one queue that are of one kind: the same action, or the same question."""

    workflow: int
    kind: str
    action_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """How many alike have gathered in a queue that this person may take now."""

    slug: str
    queue: str
    workflow: int
    kind: str
    action_type: str
    count: int
    due_at: datetime

    @property
    def alike(self) -> Alike:
        return Alike(workflow=self.workflow, kind=self.kind, action_type=self.action_type)


def ready(user: User) -> list[Ready]:
    """Return what has gathered for this person, those due first on top."""
    return [Ready(**row) for row in _rows(_READY, {"user": user.pk})]


def next_ones(user: User, queue_id: int, alike: Alike) -> list[str]:
    """Return what this person would take next in a session of those alike."""
    params = {
        "user": user.pk,
        "queue": queue_id,
        "workflow": alike.workflow,
        "kind": alike.kind,
        "action_type": alike.action_type,
    }
    return [row["id"] for row in _rows(_NEXT, params)]


def _rows(sql: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
