"""Move what waits to the queue it overflows into, and back: its people change, its terms do not."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from handoffs import audit, clocks, moves, real, rooms
from handoffs.actors import POLICY
from handoffs.models import Handoff, Queue
from handoffs.states import AtLimit, Cause, HandoffState

# a queue takes its own back while it is emptier than that, and fills up to there
BACK_FROM, BACK_TO = 0.8, 0.9


def move(handoff: Handoff, *, to: int, now: datetime) -> bool:
    """Put a handoff, locked and held by nobody, into another queue; False when there is no room.

    Where it came from is kept until it is back there. Role, level and deadline stay as they are;
    what is left of business time counts on in the hours of the other queue.
    """
    home, here = handoff.overflow_from_id or handoff.queue_id, handoff.queue_id
    goes_back = to == home
    with transaction.atomic():
        cause = Cause.WENT_BACK if goes_back else Cause.OVERFLOWED
        moves.move_handoff(handoff.id, HandoffState.WAITING, by=POLICY, cause=cause)
        if not moves.shift_queue(here, to, only_with_room=True):
            transaction.set_rollback(True)
            return False
        came_from = None if goes_back else home
        Handoff.objects.filter(id=handoff.id).update(
            queue=to, overflow_from=came_from, **clocks.carry(handoff, to)
        )
        facts = {"from": here, "to": to}
        audit.record(by=POLICY, action=f"handoff.{cause}", subject=handoff.id, body=facts)
        moves.notify(handoff.id)
    return True


def to_go_back(*, most: int) -> list[tuple[str, int]]:
    """Return what overflowed and has room where it came from, those due first, with that queue."""
    waiting = Handoff.objects.filter(
        real.of("run"), state=HandoffState.WAITING.value, overflow_from__isnull=False
    ).exclude(overflow_from=F("queue"))
    homes = sorted(waiting.values_list("overflow_from_id", flat=True).distinct())
    found: list[tuple[str, int]] = []
    for home, room in rooms.read([home for home in homes if home is not None]).items():
        if room.waiting >= max(1, room.for_all * BACK_FROM):
            continue
        free = max(1, int(room.for_all * BACK_TO)) - room.waiting
        ours = waiting.filter(overflow_from=home).order_by("deadline_at", "id")
        found += [(id, home) for id in ours.values_list("id", flat=True)[: min(free, most)]]
    return found[:most]


def to_overflow(*, most: int) -> list[str]:
    """Return what is too much where it waits, those due last: a limit was lowered, or some climbed.

    What is urgent stays: it is next.
    """
    limits = rooms.read(list(Queue.objects.values_list("pk", flat=True)))
    found: list[str] = []
    for queue, room in sorted(limits.items()):
        if (excess := room.waiting - room.limit) <= 0:
            continue
        ours = Handoff.objects.filter(
            real.of("run"), queue=queue, state=HandoffState.WAITING.value, urgent_since=None
        ).filter(_has_somewhere())
        last = ours.order_by("-deadline_at", "-id").values_list("id", flat=True)
        found += last[: min(excess, most)]
    return found[:most]


def _has_somewhere() -> Q:
    named = Q(level=1, terms__overflow_queue_id__isnull=False)
    pauses = Q(level=1, terms__contains={"at_limit": AtLimit.PAUSE.value})
    return (Q(queue__overflow_queue__isnull=False) | named) & ~pauses


def next_with_room(handoff: Handoff) -> int | None:
    """Follow the overflow of the queue it waits in, and return the first one with room."""
    terms = clocks.terms_of(handoff)
    named = terms.overflow_queue_id if handoff.level == 1 else None
    seen, at = {handoff.queue_id}, named or handoff.queue.overflow_queue_id
    while at is not None and at not in seen:
        seen.add(at)
        if rooms.read([at])[at].takes(presses=False):
            return at
        at = Queue.objects.values_list("overflow_queue_id", flat=True).get(pk=at)
    return None
