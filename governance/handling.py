"""How long people take to decide, over all of them and never per person: read side."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

# a median of fewer decisions says too little
ENOUGH = 20
# where too few were measured: three minutes, said wherever it is used
ASSUMED_SECONDS = 180.0
_LOOKED_BACK = timedelta(days=90)

_MEDIANS = """
select proposal.action_type, count(*),
    percentile_cont(0.5) within group (
        order by extract(epoch from decision.decided_at - decision.opened_at))
from reviews_decision decision
join handoffs_handoff handoff
    on handoff.id = decision.handoff_id and handoff.workflow_id = %s
join handoffs_proposal proposal on proposal.id = handoff.proposal_id
where decision.decided_at >= %s and decision.decided_at < %s
group by proposal.action_type
having count(*) >= %s
"""


@dataclass(frozen=True)
class Handling:
    """The median seconds from opening to deciding; 0 decisions: assumed, not measured."""

    seconds: float
    decisions: int = 0


ASSUMED = Handling(ASSUMED_SECONDS)


def medians(workflow_id: int, *, now: datetime) -> Mapping[str, Handling]:
    """Return the handling time per action type, of those decided often enough of late."""
    with connection.cursor() as cursor:
        cursor.execute(_MEDIANS, [workflow_id, now - _LOOKED_BACK, now, ENOUGH])
        return {name: Handling(float(seconds), count) for name, count, seconds in cursor.fetchall()}
