"""Which queue takes a new question: its row's, one that overflows into, or none for now.

What is read here may be old when it is used; a queue's slots see to it that its limit holds. The
places kept for what is urgent are only looked at, so that a few in flight may take one of them.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from handoffs import pause, rates, sla
from handoffs.errors import QueueFull
from handoffs.models import WorkflowPressure
from handoffs.pause import Authority, Opening, Stored
from handoffs.rates import Rate
from handoffs.states import AtLimit

# one place in so many is kept for what becomes urgent within an hour of its coming
KEPT_IN = 10
# who is sent away is told to come when so much of the room for all is taken, and not before
COME_BACK_AT = 0.9
# what nobody works on empties at no rate
UNKNOWN_SECONDS, LEAST_SECONDS, MOST_SECONDS = 120.0, 5.0, 3600.0
# so that those who were sent away together do not come back together
JITTER = 0.25

_ROOMS = """
select depth.queue_id, sum(depth.waiting), overread_queue_limit(depth.queue_id)
from handoffs_queuedepth depth where depth.queue_id = any(%s) group by depth.queue_id
"""


@dataclass(frozen=True)
class Room:
    """How many wait in a queue, and how many may."""

    waiting: int
    limit: int

    @property
    def for_all(self) -> int:
        """So many may wait that are not urgent."""
        return self.limit - self.limit // KEPT_IN

    def takes(self, *, presses: bool) -> bool:
        return self.waiting < (self.limit if presses else self.for_all)


Rooms = Mapping[int, Room]


@dataclass(frozen=True)
class Placed:
    """Where a question is put: perhaps elsewhere, or in spite of the limit."""

    authority: Authority
    overflow_from: int | None = None
    beyond_limit: bool = False


def read(queue_ids: list[int]) -> dict[int, Room]:
    """Read how full these queues are at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(_ROOMS, [queue_ids])
        return {queue: Room(max(0, int(n)), limit) for queue, n, limit in cursor.fetchall()}


def of(authority: Authority) -> dict[int, Room]:
    """Read how full the queues are that may take what this row asks."""
    return read([one.queue_id for one in authority.chain])


def choose(authority: Authority, rooms: Rooms) -> Placed | None:
    """Return the first queue of the chain with room; None too when one of them is not known."""
    for one in authority.chain:
        room = rooms.get(one.queue_id)
        if room is None:
            return None
        if room.takes(presses=authority.presses):
            return at(authority, one)
    return None


def at(authority: Authority, one: Authority) -> Placed:
    came_from = None if one is authority else authority.queue_id
    return Placed(one, overflow_from=came_from)


def open_where_room(
    authority: Authority, make: Callable[[Placed], Opening], *, anyway: bool
) -> tuple[Stored, Opening | None]:
    """Open a handoff in the first queue of the chain that has a place for it.

    `anyway`: when none has, in the first, beyond its limit and marked so.
    """
    rooms = of(authority)
    for one in authority.chain:
        if rooms[one.queue_id].takes(presses=authority.presses):
            opening = make(at(authority, one))
            outcome = pause.open_handoff(opening)
            if outcome is not Stored.NO_PLACE:
                return outcome, opening
    if not anyway:
        return Stored.NO_PLACE, None
    opening = make(Placed(authority, beyond_limit=True))
    return pause.open_handoff(opening), opening


def is_paused(workflow_id: int) -> bool:
    paused = WorkflowPressure.objects.filter(workflow=workflow_id, paused_since__isnull=False)
    return paused.exists()


def refusal(authority: Authority, *, now: datetime, paused: bool = False) -> QueueFull:
    """Say why nothing is taken, and when to come again: when those present have made room."""
    rooms = of(authority)
    measured = rates.of(rooms)
    seconds = min(
        retry_after(rooms[one.queue_id], measured.get(one.queue_id)) for one in authority.chain
    )
    if authority.calendar is not None:
        opens = sla.deadline(now, 1, authority.calendar)
        seconds = min(max(seconds, (opens - now).total_seconds()), MOST_SECONDS)
    seconds *= 1 + random.random() * JITTER
    return QueueFull(
        f"{_why(authority, rooms[authority.queue_id], paused)} Nothing was stored. Slow down and "
        "send this again later.",
        retry_after=math.ceil(seconds),
    )


def retry_after(room: Room, rate: Rate | None) -> float:
    """Return in how many seconds there will be room, at the rate at which people finish."""
    too_many = max(1, room.waiting - math.floor(room.for_all * COME_BACK_AT))
    seconds = rates.wait_seconds(rate, too_many - 1)
    if seconds is None:
        return UNKNOWN_SECONDS
    return min(max(seconds, LEAST_SECONDS), MOST_SECONDS)


def _why(authority: Authority, room: Room, paused: bool) -> str:
    has = f"{authority.queue_name} already has {room.waiting} handoffs waiting"
    if paused and room.takes(presses=authority.presses):
        return f"A queue of this workflow was full, and it is paused until there is room; {has}."
    others = " So are the queues it overflows into." if authority.overflow else ""
    if room.waiting < room.limit:
        return f"{has}; the last of its {room.limit} places are kept for what is urgent.{others}"
    pause = " The workflow is paused until there is room." if _pauses(authority) else ""
    return f"{has}, its limit.{others}{pause}"


def _pauses(authority: Authority) -> bool:
    return authority.at_limit is AtLimit.PAUSE
