"""What fired because nobody had answered by then: each rung once, in order."""

from datetime import datetime

from django.db.models import Max

from handoffs import audit, clocks
from handoffs.actors import POLICY
from handoffs.models import Handoff, Rung
from handoffs.states import RungName

# what comes again for as long as nobody answers
_REPEATING = {RungName.REVIEW, RungName.INFORMATION}


def log(handoff: Handoff, rung: RungName, *, due_at: datetime, outcome: str) -> None:
    """Note what fired, with the round and level that the locked handoff had before."""
    Rung.objects.create(
        handoff=handoff,
        round=handoff.round,
        level=handoff.level,
        rung=rung.value,
        number=_number(handoff, rung),
        due_at=due_at,
        outcome=outcome,
    )


def _number(handoff: Handoff, rung: RungName) -> int:
    if rung not in _REPEATING:
        return 1
    fired = handoff.rungs.filter(round=handoff.round, level=handoff.level, rung=rung.value)
    return int(fired.aggregate(most=Max("number"))["most"] or 0) + 1


def pass_over_urgency(handoff: Handoff) -> RungName:
    """Note that it was urgent while nobody looked; return what fires instead.

    Nobody is told of it: who hears that it moved on need not hear that it was urgent before.
    """
    end = clocks.end_of(handoff)
    _, new = Rung.objects.get_or_create(
        handoff=handoff,
        round=handoff.round,
        level=handoff.level,
        rung=RungName.URGENT.value,
        defaults={"due_at": handoff.urgent_at, "outcome": "urgent", "passed_over": True},
    )
    if new:
        audit.record(
            by=POLICY,
            action="handoff.urgency_passed",
            subject=handoff.id,
            body={"level": handoff.level, "urgent_at": handoff.urgent_at.isoformat()},
        )
    return end
