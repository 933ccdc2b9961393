"""Where a question that comes in is to wait, by what one look at the door has told."""

from handoffs import pressures, rooms
from handoffs.doors import Door
from handoffs.errors import QueueFull
from handoffs.pause import Authority
from handoffs.rooms import Placed, Room, Rooms
from handoffs.states import AtLimit


def choose(door: Door, authority: Authority, *, dry_run: bool = False) -> Placed:
    """Return the queue it is to wait in; raise QueueFull when none has room.

    What is urgent soon passes also while the workflow is paused, and has places kept for it; who
    cannot be slowed down is let in beyond the limit.
    """
    if not door.paused or authority.presses:
        placed = rooms.choose(authority, _seen(door, authority))
        # the sums of slots may say full where there is room again, and never the other way round
        placed = placed or rooms.choose(authority, rooms.of(authority))
        if placed is not None:
            return placed
    if not door.can_be_slowed:
        return Placed(authority, beyond_limit=True)
    if dry_run:
        raise rooms.refusal(authority, now=door.now, paused=door.paused)
    raise refusal(door, authority)


def _seen(door: Door, authority: Authority) -> Rooms:
    seen = {one.queue_id: door.places(one.queue_id) for one in authority.chain}
    return {
        queue: Room(door.waiting(queue), places)
        for queue, places in seen.items()
        if places is not None
    }


def refusal(door: Door, authority: Authority) -> QueueFull:
    """Say when to come again; where its row says so, the workflow asks nobody until then."""
    if authority.at_limit is AtLimit.PAUSE and not door.paused:
        pressures.pause(door.workflow_id, queue_id=authority.queue_id, now=door.now)
    return rooms.refusal(authority, now=door.now, paused=door.paused)
