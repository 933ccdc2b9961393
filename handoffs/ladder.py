"""Nobody answered in time: the next level, or the stated fallback. No limbo."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from accounts.errors import DomainError
from handoffs import (
    afterwards,
    answers,
    bulk,
    compiled,
    holding,
    moves,
    real,
    rungs,
    runs,
    silences,
    standstill,
)
from handoffs.actors import POLICY
from handoffs.failpoints import failpoint
from handoffs.models import Handoff
from handoffs.saying import Said
from handoffs.silences import REVIEW_SECONDS, UNANSWERED, Due, Fired
from handoffs.states import (
    AUTONOMOUS_TIERS,
    UNDECIDED_STATES,
    Cause,
    Fallback,
    HandoffKind,
    HandoffState,
    Reversibility,
    RungName,
    RunState,
    Tier,
    Verb,
)
from handoffs.stopped import STOPPED

log = logging.getLogger(__name__)

# While people have stopped a workflow its time stands still, but for what was done by itself. A
# blind test is withdrawn before anything comes of it, see `reviews.plants`.
_GOING = f"""(handoff.tier in ('autonomous', 'notify')
        or not {STOPPED.format(workflow="handoff.workflow_id")}) and {real.run_of("handoff")}"""
# so many fire in one transaction
LOT = 200
PUT_OFF = timedelta(minutes=1)
# what one handoff may be wrong in; the end of a worker's time is none of it
_BROKEN = (DomainError, DatabaseError, ObjectDoesNotExist, ValueError, TypeError, LookupError)


# What is urgent from now on, in one statement whatever their number. It takes no lock that somebody
# else has, so it waits for nobody. What is due by now as well is left to `_DUE`.
_PROMOTE = f"""
with near as materialized (
    select id from handoffs_handoff handoff
    where state in ('waiting', 'needs_information') and next_at <= statement_timestamp()
        and next_rung = 'urgent' and deadline_at > statement_timestamp() and {_GOING}
    order by next_at limit %(limit)s for no key update skip locked
), promoted as (
    update handoffs_handoff h
    set urgent_since = statement_timestamp(), next_at = h.deadline_at,
        next_rung = case when exists (select from handoffs_rung fired
                where fired.handoff_id = h.id and fired.round = h.round
                    and fired.level = h.level and fired.rung = 'deadline')
            then 'review' else 'deadline' end
    from near where h.id = near.id
    returning h.id, h.round, h.level, h.urgent_at
), fired as (
    insert into handoffs_rung (handoff_id, round, level, rung, due_at, outcome)
    select id, round, level, 'urgent', urgent_at, 'urgent' from promoted
    -- where its deadline was moved away and came near again, nobody is told twice
    on conflict on constraint rung_fires_once do nothing
    returning handoff_id, level
), audited as (
    insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
    select %(actor_kind)s, %(actor)s, 'handoff.became_urgent', handoff_id,
        convert_to(format('{{"level":%%s}}', level), 'UTF8'), 0 from fired
)
select count(*), statement_timestamp() from promoted
"""
_DUE = f"""
select id, run_id, next_at from handoffs_handoff handoff
where state in ('waiting', 'needs_information') and next_at <= statement_timestamp()
    and (next_rung <> 'urgent' or deadline_at <= statement_timestamp()) and {_GOING}
order by next_at limit %(limit)s
"""


def fire_overdue(*, limit: int = 1000) -> int:
    """Fire every rung that is due; costs what is due, not what is open.

    The database's clock says what is due and what time it is: that of this process says nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _PROMOTE,
            {"limit": limit, "actor_kind": POLICY.kind.value, "actor": POLICY.audit_name},
        )
        promoted, now = cursor.fetchone()
        failpoint("ladder.after_promoting")
        cursor.execute(_DUE, {"limit": limit})
        due = [Due(*row) for row in cursor.fetchall()]
    found = [due[start : start + LOT] for start in range(0, len(due), LOT)]
    return int(promoted) + sum(_fire_lot(lot, now=now) for lot in found)


def _fire_lot(lot: Sequence[Due], *, now: datetime) -> int:
    """Fire many together, and one by one what is odd; all, where something is wrong with one."""
    try:
        fired = silences.fire(lot, now=now)
    except (*_BROKEN, bulk.NotAll):
        log.warning(
            "Deadlines could not be acted on together; each is looked at alone.",
            exc_info=True,
            extra={"action": "ladder.lot_failed"},
        )
        fired = Fired(0, lot)
    return fired.count + sum(_fire(one, now=now) for one in fired.odd)


def _fire(due: Due, *, now: datetime) -> bool:
    """Fire one, or put off for a minute what cannot be; nothing else waits for it."""
    try:
        return _try(due, now=now)
    except _BROKEN:
        log.exception(
            "A deadline could not be acted on.",
            extra={"action": "ladder.failed", "handoff": due.handoff_id},
        )
        Handoff.objects.filter(id=due.handoff_id, next_at=due.at).update(next_at=Now() + PUT_OFF)
        return False


def _try(due: Due, *, now: datetime) -> bool:
    """Re-check under the run's lock: an answer may have come between the sweep and now.

    What somebody else works on at this moment is left to the next sweep.
    """
    with transaction.atomic():
        handoff = moves.try_lock_handoff(due.handoff_id, run_id=due.run_id)
        if handoff is None or HandoffState(handoff.state) not in UNDECIDED_STATES:
            return False
        if handoff.next_at != due.at or standstill.stands(handoff):
            return False
        rung = RungName(handoff.next_rung)
        if rung is RungName.INFORMATION:
            answers.go_without_information(handoff, by=POLICY)
            outcome = "asked_again"
        else:
            if rung is RungName.URGENT:
                rung = rungs.pass_over_urgency(handoff)
            outcome = _end_level(handoff, now=now)
        failpoint("ladder.before_rung")
        rungs.log(handoff, rung, due_at=due.at, outcome=outcome)
    return True


def _end_level(handoff: Handoff, *, now: datetime) -> str:
    """Climb to the next level, or above the last one fall back; return what it came to."""
    paused = handoff.blocking and handoff.run.state == RunState.PAUSED_PENDING_HUMAN.value
    if paused:
        moves.move_run(handoff.run_id, RunState.TIMED_OUT, by=POLICY, cause=Cause.TIMED_OUT)
    if not handoff.ladder:
        return _fall_back(handoff, paused=paused, now=now)
    if paused:
        _pause_again(handoff.run_id)
    answers.climb(handoff, reason=UNANSWERED, by=POLICY, cause=Cause.TIMED_OUT)
    return "climbed"


def _fall_back(handoff: Handoff, *, paused: bool, now: datetime) -> str:
    """Do what the row said for when nobody on the ladder answers."""
    if handoff.tier in AUTONOMOUS_TIERS:
        afterwards.lapse(handoff)
        return "lapsed"
    fallback = Fallback(handoff.fallback)
    if fallback is Fallback.HOLD:
        if paused:
            _pause_again(handoff.run_id)
        seconds = max(handoff.deadline_seconds, REVIEW_SECONDS)
        holding.hold(handoff, seconds=seconds, by=POLICY, now=now)
        return "held"
    if fallback is Fallback.FAIL and handoff.blocking:
        runs.time_out(handoff.run, by=POLICY)
        return "failed"
    if paused and handoff.run.open_blocking > 1:
        _pause_again(handoff.run_id)
    said = _said(handoff, fallback)
    answers.check_possible(handoff, said)
    answers.tell_run(handoff, said, by=POLICY, now=now, cause=Cause.TIMED_OUT)
    return said.verb.value


def _said(handoff: Handoff, fallback: Fallback) -> Said:
    """Put the fallback into an answer: yes only to what may be released by nobody."""
    tentative = handoff.tier == Tier.SOFT_REVIEW.value
    if fallback is Fallback.APPROVE and _may_be_released(handoff):
        assert handoff.proposal is not None
        return Said(
            verb=Verb.CONFIRM if tentative else Verb.APPROVE,
            arguments=json.loads(handoff.proposal.arguments),
            reason=f"{UNANSWERED} The governance matrix approves then.",
        )
    return Said(verb=Verb.ROLL_BACK if tentative else Verb.REJECT, reason=UNANSWERED)


def _may_be_released(handoff: Handoff) -> bool:
    """Look again at what the matrix promised: the action type may have changed since.

    What takes several people is never released by none of them: one may have said no.
    """
    if handoff.proposal is None or handoff.kind != HandoffKind.APPROVAL.value:
        return False
    if handoff.safeguards.get("approvers", 1) not in (None, 0, 1):
        return False
    policy = compiled.get(handoff.workflow_id)
    action = policy.actions.get(handoff.proposal.action_type)
    return action is not None and action.type.reversibility is Reversibility.REVERSIBLE


def _pause_again(run_id: str) -> None:
    moves.move_run(run_id, RunState.PAUSED_PENDING_HUMAN, by=POLICY, cause=Cause.TIMED_OUT)
