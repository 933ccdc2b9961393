"""When a requester may expect an answer: told only where it was computed, and kept to.

What was told stands until it can no longer be true; then they are told another time, and that it
takes longer. Everything told is stored, so that a workflow's owner sees how good it was.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from handoffs import queries, rates, real, sla, standstill
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import forecast, leases, spec
from reviews.models import Expectation

WEEKS = 12
# nobody is told more times than this that it takes longer
MOST_REVISIONS = 8
# a later time is told when it is later by more than this and by more than a quarter of the wait
SLACK = timedelta(minutes=10)

# Those before it in the order in which the queue is worked that nobody holds yet.
_AHEAD = f"""
select count(*) from (
    select from handoffs_handoff h
    where h.queue_id = %(queue)s and h.state = 'waiting'
        and ((h.urgent_since is null), h.deadline_at, h.id)
            < (%(calm)s, %(due)s::timestamptz, %(id)s)
        and not exists (select from reviews_claim claim where claim.handoff_id = h.id
            and claim.ended_at is null and claim.expires_at > statement_timestamp())
    limit {forecast.MOST_AHEAD + 1}) ahead
"""

# Of what was told first: was there an answer by then? What the agent took back proves nothing.
_KEPT = f"""
select date_trunc('week', told.told_at at time zone 'UTC') as starts, count(*) as told,
    count(*) filter (where answer.answered_at <= told.by_at) as kept,
    count(*) filter (where answer.answered_at <= told.median_at) as sooner,
    count(*) filter (where exists (select from reviews_expectation again
        where again.handoff_id = told.handoff_id and again.round = told.round
            and again.revision > 1)) as revised,
    percentile_cont(0.5) within group (order by extract(epoch from told.by_at - told.told_at))
        as told_seconds,
    percentile_cont(0.5) within group (order by extract(epoch from answer.answered_at
        - told.told_at)) as took_seconds
from reviews_expectation told
join handoffs_handoff h on h.id = told.handoff_id and {real.run_of("h")}
left join handoffs_answer answer
    on answer.handoff_id = told.handoff_id and answer.round = told.round
where told.workflow_id = %(workflow)s and told.revision = 1
    and told.told_at > statement_timestamp() - make_interval(weeks => %(weeks)s)
    and told.by_at <= statement_timestamp() and h.state <> 'withdrawn'
group by starts order by starts
"""


@dataclass(frozen=True, kw_only=True)
class Week:
    """What was told first in one week and came due since."""

    starts: datetime
    told: int
    kept: int
    sooner: int
    revised: int
    told_seconds: float
    took_seconds: float | None


def tell(handoff: Handoff | None, *, now: datetime) -> Expectation | None:
    """Return what the requester of this open question is told now; None: nothing can be said.

    What they were told before stands as long as it still can hold.
    """
    fresh = None if handoff is None else _compute(handoff)
    if handoff is None or fresh is None:
        return None
    told = Expectation.objects.filter(handoff=handoff, round=handoff.round)
    last = told.order_by("-revision").annotate(read_at=Now()).first()
    if last is not None and _stands(last, fresh, at=last.read_at):
        return last
    if last is not None and last.revision >= MOST_REVISIONS:
        return None
    fresh.revision = last.revision + 1 if last else 1
    # of several who look at once, one is first and all are told the same
    Expectation.objects.bulk_create([fresh], ignore_conflicts=True)
    return told.order_by("-revision").first()


def _stands(last: Expectation, fresh: Expectation, *, at: datetime) -> bool:
    later = fresh.by_at - last.by_at
    return last.by_at > at and (later <= SLACK or later <= (last.by_at - last.told_at) / 4)


def _compute(handoff: Handoff) -> Expectation | None:
    """Predict from the queue as it is; nothing past the deadline, where others take it on."""
    if handoff.state != HandoffState.WAITING.value or standstill.over(handoff.workflow_id):
        return None
    guards = spec.read(handoff.safeguards)
    if guards.approvers > 1 or guards.seats:
        return None
    claim = leases.standing(handoff.id).annotate(read_at=Now()).first()
    if claim is not None and claim.kept_until is not None and claim.kept_until > claim.read_at:
        return None
    ahead = 0 if claim else _ahead(handoff)
    rate = rates.of([handoff.queue_id]).get(handoff.queue_id)
    found = forecast.forecast(rate, ahead=ahead, in_hand=claim is not None)
    if rate is None or found is None:
        return None
    calendar = queries.calendar(handoff.queue)
    begins = rate.read_at
    if handoff.gather_until is not None and handoff.urgent_since is None:
        # with others of its kind, it is offered only then
        begins = max(begins, handoff.gather_until)
    median_at, by_at = (
        sla.deadline(begins, forecast.rounded(seconds), calendar)
        for seconds in (found.median, found.by)
    )
    # as a clock is read
    by_at += -timedelta(seconds=by_at.timestamp()) % timedelta(minutes=5)
    if by_at >= handoff.deadline_at:
        return None
    return Expectation(
        handoff=handoff,
        workflow_id=handoff.workflow_id,
        round=handoff.round,
        ahead=ahead,
        median_at=median_at,
        by_at=by_at,
        confidence=round(100 * forecast.CONFIDENCE),
    )


def _ahead(handoff: Handoff) -> int:
    params: dict[str, Any] = {
        "queue": handoff.queue_id,
        "calm": handoff.urgent_since is None,
        "due": handoff.deadline_at,
        "id": handoff.id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AHEAD, params)
        return int(cursor.fetchone()[0])


def weeks(workflow_id: int) -> list[Week]:
    """Return how good what was told was, week by week, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, {"workflow": workflow_id, "weeks": WEEKS})
        names = [column.name for column in cursor.description or []]
        return [Week(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
