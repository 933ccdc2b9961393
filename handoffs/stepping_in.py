"""A person steps into a run that had not asked for anybody: it pauses, and they say how it goes on.

It is a handoff like any other, opened by a person: it has an owner, a deadline and an end, and its
answer reaches the agent with its next turn. While it is open nothing else goes on in the run.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from handoffs import compiled, moves, pause, rooms, runs, standstill
from handoffs.actors import Actor
from handoffs.errors import AlreadySteppedIn, IllegalTransition, NoAuthority, ReasonMissing
from handoffs.failpoints import failpoint
from handoffs.models import Handoff, Resumption, Run
from handoffs.pause import Authority, Stored
from handoffs.rooms import Placed
from handoffs.states import (
    FINAL_RUN_STATES,
    Cause,
    HandoffKind,
    ResumptionState,
    RunState,
)

# answered, and nobody has gone on with it yet
_BETWEEN = frozenset({RunState.HUMAN_RESPONDED.value, RunState.RESUMING.value})
_STATES = {
    RunState.RUNNING.value: "The agent worked",
    RunState.PAUSED_PENDING_HUMAN.value: "It waited for a person",
    RunState.HUMAN_RESPONDED.value: "It was answered, and the agent had not gone on",
    RunState.RESUMING.value: "A worker was about to go on",
}


def authority_over(run: Run) -> Authority | None:
    """Return who has a run into which somebody steps: whom a hard stop would go to."""
    return compiled.get(run.workflow_id).authority_to_step_in()


def step_in(run_id: str, *, reason: str, by: Actor, now: datetime) -> str:
    """Pause the run and return the handoff by which a person says how it goes on.

    Whoever was about to go on finds their turn taken back. Also possible while people have stopped
    its workflow. Raises AlreadySteppedIn, or IllegalTransition where the run has ended.
    """
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason:
        raise ReasonMissing
    with transaction.atomic():
        run = moves.lock_run(run_id)
        _check(run)
        authority = authority_over(run)
        if authority is None:
            raise NoAuthority
        if run.state in _BETWEEN:
            _take_turn_back(run, by=by)
        opened = _open(run, authority, reason=reason, by=by, now=now)
        failpoint("stepping_in.after_opening")
        Handoff.objects.filter(id=opened).update(stepped_in=True)
        Run.objects.filter(id=run_id).update(
            held=True, **({"open_blocking": 1} if run.state in _BETWEEN else {})
        )
        runs.moved(run_id, by=by, action="run.stepped_in", handoff=opened, reason=reason[:500])
        failpoint("stepping_in.before_commit")
    failpoint("stepping_in.after_commit")
    return opened


def _check(run: Run) -> None:
    if RunState(run.state) in FINAL_RUN_STATES:
        raise IllegalTransition(
            f"The run is {run.state}. Nothing was changed: there is nothing left to step into.",
            from_state=run.state,
            to_state=RunState.PAUSED_PENDING_HUMAN.value,
            workflow=run.workflow_id,
        )
    if standstill.holding(run.id) is not None:
        raise AlreadySteppedIn


def _take_turn_back(run: Run, *, by: Actor) -> None:
    """Undo the turn that somebody has or would get; its answers are carried by the next one."""
    fresh = run.pause + 1
    Handoff.objects.filter(run=run, pause=run.pause, blocking=True).update(pause=fresh)
    Resumption.objects.filter(
        run=run, state__in=[ResumptionState.READY.value, ResumptionState.LEASED.value]
    ).update(state=ResumptionState.CANCELLED.value, ended_at=Now(), token_hash="")
    Run.objects.filter(id=run.id).update(pause=fresh, open_blocking=1)
    moves.move_run(run.id, RunState.PAUSED_PENDING_HUMAN, by=by, cause=Cause.STEPPED_IN)


def _open(run: Run, authority: Authority, *, reason: str, by: Actor, now: datetime) -> str:
    """Ask where there is room, and if need be beyond a limit: a button is not refused for that."""

    def make(placed: Placed) -> pause.Opening:
        return _opening(run, placed, reason=reason, by=by, now=now)

    outcome, opening = rooms.open_where_room(authority, make, anyway=True)
    if opening is None or outcome is not Stored.STORED:
        raise IllegalTransition
    return opening.id


def _opening(run: Run, placed: Placed, *, reason: str, by: Actor, now: datetime) -> pause.Opening:
    facts: list[dict[str, Any]] = [
        {"label": "Run", "value": run.external_id, "kind": "text"},
        {"label": "Until then", "value": _STATES[run.state], "kind": "text"},
    ]
    return pause.Opening(
        run_id=run.id,
        workflow_id=run.workflow_id,
        client_id=run.client_id,
        kind=HandoffKind.TAKEOVER,
        authority=placed.authority,
        overflow_from=placed.overflow_from,
        beyond_limit=placed.beyond_limit,
        brief={
            "ask": f"How does {run.external_id[:120]} go on?",
            "summary": reason,
            "facts": facts,
            "flags": [{"label": "A person paused this run", "severity": "high"}],
        },
        by=by,
        now=now,
        cause=Cause.STEPPED_IN,
        facts={"run": run.id, "kind": HandoffKind.TAKEOVER.value},
        reported=True,
    )
