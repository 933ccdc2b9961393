"""Nobody answered in time: the next level, or the stated fallback. No limbo."""

import json
from datetime import datetime

from django.db import connection, transaction

from handoffs import afterwards, answers, compiled, moves, runs, standstill
from handoffs.actors import POLICY
from handoffs.models import Handoff
from handoffs.states import (
    AUTONOMOUS_TIERS,
    UNDECIDED_STATES,
    Cause,
    Fallback,
    HandoffKind,
    HandoffState,
    Reversibility,
    RunState,
    Tier,
    Verb,
)
from handoffs.stopped import STOPPED

# while people have stopped a workflow its time stands still, but for what was done by itself
_OVERDUE = f"""
select handoff.id from handoffs_handoff handoff
where handoff.state in ('waiting', 'needs_information') and handoff.deadline_at <= now()
    and (handoff.tier in ('autonomous', 'notify')
        or not {STOPPED.format(workflow="handoff.workflow_id")})
order by handoff.deadline_at limit %s
"""
_UNANSWERED = "Nobody answered in time."
# what is held is looked at again after its deadline's time, yet not more often than daily
REVIEW_SECONDS = 86_400


def fire_overdue(*, now: datetime, limit: int = 200) -> int:
    """Fire what is due, one transaction each; costs what is due, not what is open."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERDUE, [limit])
        due = [row[0] for row in cursor.fetchall()]
    return sum(_fire(handoff_id, now=now) for handoff_id in due)


def _fire(handoff_id: str, *, now: datetime) -> bool:
    """Re-check under the run's lock: an answer may have come between the sweep and now."""
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        with connection.cursor() as cursor:
            cursor.execute("select %s <= now()", [handoff.deadline_at])
            due = cursor.fetchone()[0]
        if HandoffState(handoff.state) not in UNDECIDED_STATES or not due:
            return False
        if standstill.stands(handoff):
            return False
        paused = handoff.blocking and handoff.run.state == RunState.PAUSED_PENDING_HUMAN.value
        if paused:
            moves.move_run(handoff.run_id, RunState.TIMED_OUT, by=POLICY, cause=Cause.TIMED_OUT)
        _fall_back(handoff, paused=paused, now=now)
    return True


def _fall_back(handoff: Handoff, *, paused: bool, now: datetime) -> None:
    """Climb to the next level, or above the last one do what the row said for that."""
    if handoff.ladder:
        if paused:
            _pause_again(handoff.run_id)
        answers.escalate(
            handoff.id,
            round=handoff.round,
            reason=_UNANSWERED,
            by=POLICY,
            now=now,
            cause=Cause.TIMED_OUT,
        )
        return
    if handoff.tier in AUTONOMOUS_TIERS:
        afterwards.lapse(handoff)
        return
    fallback = Fallback(handoff.fallback)
    if fallback is Fallback.HOLD:
        if paused:
            _pause_again(handoff.run_id)
        answers.hold(
            handoff, seconds=max(handoff.deadline_seconds, REVIEW_SECONDS), by=POLICY, now=now
        )
        return
    if fallback is Fallback.FAIL and handoff.blocking:
        runs.time_out(handoff.run, by=POLICY)
        return
    if paused and handoff.run.open_blocking > 1:
        _pause_again(handoff.run_id)
    answers.answer(
        handoff.id,
        round=handoff.round,
        said=_said(handoff, fallback),
        by=POLICY,
        now=now,
        cause=Cause.TIMED_OUT,
    )


def _said(handoff: Handoff, fallback: Fallback) -> answers.Said:
    """Put the fallback into an answer: yes only to what may be released by nobody."""
    tentative = handoff.tier == Tier.SOFT_REVIEW.value
    if fallback is Fallback.APPROVE and _may_be_released(handoff):
        assert handoff.proposal is not None
        return answers.Said(
            verb=Verb.CONFIRM if tentative else Verb.APPROVE,
            arguments=json.loads(handoff.proposal.arguments),
            reason=f"{_UNANSWERED} The governance matrix approves then.",
        )
    return answers.Said(verb=Verb.ROLL_BACK if tentative else Verb.REJECT, reason=_UNANSWERED)


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
