"""Move what waits between a queue and the one it overflows into: nothing that somebody holds."""

from datetime import datetime

from django.db import transaction

from handoffs import moves, overflow, standstill
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import leases

# of each kind in one run of the job; the rest a few seconds later
MOST = 200


def move(*, now: datetime) -> int:
    """Bring back what has room where it came from, then move out what is too much where it is."""
    back = sum(_bring_back(id, home, now=now) for id, home in overflow.to_go_back(most=MOST))
    out = sum(_move_out(id, now=now) for id in overflow.to_overflow(most=MOST))
    return back + out


@transaction.atomic
def _bring_back(handoff_id: str, home: int, *, now: datetime) -> bool:
    handoff = _free(handoff_id)
    if handoff is None or handoff.overflow_from_id != home:
        return False
    return overflow.move(handoff, to=home, now=now)


@transaction.atomic
def _move_out(handoff_id: str, *, now: datetime) -> bool:
    handoff = _free(handoff_id)
    to = overflow.next_with_room(handoff) if handoff else None
    return handoff is not None and to is not None and overflow.move(handoff, to=to, now=now)


def _free(handoff_id: str) -> Handoff | None:
    """Return the handoff, locked, if it waits and nobody holds it; a stopped one stays put.

    Whoever takes it locks it first, so that a claim is seen here or finds it moved.
    """
    moves.lock_handoff(handoff_id)
    locked = Handoff.objects.select_related("queue").select_for_update(
        of=("self",), skip_locked=True
    )
    handoff = locked.filter(id=handoff_id, state=HandoffState.WAITING.value).first()
    if handoff is None or handoff.workflow_id in standstill.stopped_ids():
        return None
    return None if leases.standing(handoff_id).exists() else handoff
