"""What every page of a person shows around its content: what they may still take back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.roles import Can
from handoffs.actors import person_actor

# more than these nobody decides within a window
_LATEST = 3

_HELD = """
select held.handoff_id as id, decision.verb, held.release_at,
    (h.safeguards ->> 'approvers')::text as approvers,
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


@dataclass(frozen=True, kw_only=True)
class Undoable:
    """What this person said and the agent has not been told; `alone` when nobody else decides."""

    id: str
    verb: str
    ask: str
    release_at: datetime
    alone: bool


def undoable(user: User) -> list[Undoable]:
    """Return what this person may still take back, the latest first, in one small query."""
    if not user.can(Can.DECIDE):
        return []
    actor = person_actor(user.id, "").audit_name
    params: dict[str, int | str] = {"user": user.id, "actor": actor, "latest": _LATEST}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, params)
        names = [column.name for column in cursor.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [_undoable(row) for row in rows]


def _undoable(row: dict[str, Any]) -> Undoable:
    return Undoable(
        id=row["id"],
        verb=row["verb"],
        ask=row["ask"] or "",
        release_at=row["release_at"],
        alone=row["approvers"] in (None, "0", "1"),
    )
