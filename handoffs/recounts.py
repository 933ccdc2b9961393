"""The hours of a queue changed while handoffs wait in it: deadlines move, what fired has fired.

A trigger on the queue notes the change, whoever makes it.
"""

from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from handoffs import audit, clocks, moves, real
from handoffs.actors import POLICY
from handoffs.models import Handoff, Queue, Recount
from handoffs.states import UNDECIDED_STATES, HandoffState


def recount_due(*, now: datetime) -> int:
    """Count anew what waits in queues whose hours changed; return how many deadlines moved.

    When it is cut short it begins again: what is counted already does not move a second time.
    """
    moved = 0
    for queue_id, changed_at in Recount.objects.values_list("queue_id", "changed_at"):
        moved += sum(_recount(handoff_id) for handoff_id in _counting_hours(queue_id))
        # hours that were changed again meanwhile are counted again
        Recount.objects.filter(queue=queue_id, changed_at=changed_at).delete()
    return moved


def _counting_hours(queue_id: int) -> list[str]:
    open_ones = Handoff.objects.filter(
        real.of("run"), queue=queue_id, state__in=[state.value for state in UNDECIDED_STATES]
    )
    in_hours = open_ones.filter(by_the_clock=False, terms__business_time=True)
    return list(in_hours.order_by("next_at").values_list("id", flat=True))


def _recount(handoff_id: str) -> bool:
    """Move one deadline under its run's lock."""
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        if HandoffState(handoff.state) not in UNDECIDED_STATES:
            return False
        at = (
            Queue.objects.annotate(now=Now()).values_list("now", flat=True).get(id=handoff.queue_id)
        )
        clock = clocks.recount(handoff, at=at)
        if clock["deadline_at"] == handoff.deadline_at:
            return False
        Handoff.objects.filter(id=handoff_id).update(**clock)
        facts = {
            "from": handoff.deadline_at.isoformat(),
            "to": clock["deadline_at"].isoformat(),
            "because": "hours_changed",
        }
        audit.record(by=POLICY, action="handoff.deadline_moved", subject=handoff_id, body=facts)
        moves.notify(handoff_id)
    return True
