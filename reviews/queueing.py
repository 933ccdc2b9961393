"""The one statement that finds the next handoff and leases it, and what is learnt on the way."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from handoffs.actors import person_actor
from reviews import caps, meeting, permissions
from reviews.errors import MayNotDecide
from reviews.models import Claim

# Of a claim joined with its handoff as h: it no longer holds. The database's clock decides.
OVER = """(claim.expires_at <= statement_timestamp() or h.state <> 'waiting'
    or claim.level <> h.level or claim.round <> h.round)"""

# The function is written out in reviews/migrations/0031_take_in_turns.py; 0041 adds a look, and
# 0051 the blind tests that it passes over.
_TAKE = """select * from overread_take_sparing(%(user)s, %(roles)s, %(queue)s,
    %(handoff)s, %(given_back_too)s, %(floor_queues)s::bigint[], %(floor_calm)s::boolean[],
    %(floor_at)s::timestamptz[], %(floor_ids)s::text[], %(cap)s, %(actor)s,
    %(knowing)s, %(a_day)s, %(between)s)"""


@dataclass(frozen=True)
class Look:
    """What one attempt found: whether this person may, what they hold, what was taken."""

    may_decide: bool
    queues: int
    held: str | None
    full: bool
    seen: bool
    # of the lease, all None when nothing was taken
    id: Any
    handoff_id: Any
    seat: Any
    turn: Any
    number: Any
    level: Any
    round: Any
    taken_at: Any
    expires_at: Any
    head_queues: list[int] | None
    head_calm: list[bool] | None
    head_at: list[datetime] | None
    head_ids: list[str] | None
    walked: int
    # the blind tests that waited for anybody but them
    spared: list[str]

    def claim(self, by: User) -> Claim:
        return Claim(
            id=self.id,
            handoff_id=self.handoff_id,
            reviewer=by,
            seat=self.seat,
            turn=self.turn,
            number=self.number,
            level=self.level,
            round=self.round,
            taken_at=self.taken_at,
            expires_at=self.expires_at,
        )


@dataclass
class Floors:
    """Where each queue's free entries begin, kept for a moment when the way there is long.

    An open snapshot keeps the entries of decided handoffs from being cleaned away, and all of
    them lie at the head of the index. Whoever has walked over many remembers where the free ones
    begin, for a second: within it, one that is put or given back before that place may be passed
    over. When nothing is found from there on, the search starts again at the beginning.
    """

    LONG_WALK = 500
    SECONDS = 1.0

    kept: dict[int, tuple[bool, datetime, str, float]] = field(default_factory=dict)

    def params(self) -> dict[str, Any]:
        now = time.monotonic()
        fresh = {queue: floor for queue, floor in list(self.kept.items()) if floor[3] > now}
        return {
            "floor_queues": list(fresh),
            "floor_calm": [calm for calm, _, _, _ in fresh.values()],
            "floor_at": [at for _, at, _, _ in fresh.values()],
            "floor_ids": [id for _, _, id, _ in fresh.values()],
        }

    def learn(self, look: Look, *, used: list[int]) -> None:
        """Remember heads after a long walk; those walked to from a floor move it along."""
        found = (look.head_queues, look.head_calm, look.head_at, look.head_ids)
        for queue, calm, at, id in zip(*(column or [] for column in found), strict=True):
            if queue in used and queue in self.kept:
                self.kept[queue] = (calm, at, id, self.kept[queue][3])
            elif look.walked > self.LONG_WALK:
                self.kept[queue] = (calm, at, id, time.monotonic() + self.SECONDS)


floors = Floors()
NO_FLOORS: dict[str, Any] = {"floor_queues": [], "floor_calm": [], "floor_at": [], "floor_ids": []}


def attempt(
    by: User,
    *,
    queue: str | None = None,
    handoff: str | None = None,
    given_back_too: bool = False,
    start: dict[str, Any] | None = None,
) -> Look:
    """Look for the next handoff, or for this one, and lease it, in one statement."""
    params = {
        "user": by.id,
        "roles": permissions.DECIDING_ROLES,
        "queue": queue,
        "handoff": handoff,
        "given_back_too": given_back_too,
        "cap": caps.OPEN,
        "actor": person_actor(by.id, "").audit_name,
        "knowing": permissions.KNOWING_ROLES,
        "a_day": meeting.A_DAY,
        "between": meeting.BETWEEN,
        **(start or NO_FLOORS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, params)
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise MayNotDecide
    return Look(*row)
