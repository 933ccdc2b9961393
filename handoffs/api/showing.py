"""What an agent sees of a row: models in, shapes out."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings

from handoffs import clocks, standstill, waiting
from handoffs.errors import Halt
from handoffs.models import (
    Answer,
    Checkpoint,
    Handoff,
    InformationRequest,
    Run,
    Rung,
    Transition,
)
from handoffs.schemas.handoffs import (
    AnsweredByOut,
    AnswerOut,
    EditOut,
    HandoffOut,
    OwnerOut,
    RungOut,
)
from handoffs.schemas.runs import (
    ActorOut,
    OpenHandoffOut,
    RequesterWordOut,
    RunOut,
    StoppedOut,
    TransitionOut,
)
from handoffs.states import OPEN_HANDOFF_STATES, ActorKind, Cause, HandoffState, RunState, as_told

# a run that moves more often than this shows its latest moves
MOST_TRANSITIONS = 200


def signer() -> waiting.Signer:
    return waiting.Signer(secret=settings.SECRET_KEY, base_url=settings.WAIT_URL)


def run(run: Run, *, now: datetime) -> RunOut:
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    waiting_here = Handoff.objects.filter(run=run, state__in=open_states).select_related("queue")
    version = Checkpoint.objects.filter(run=run).values_list("version", flat=True).first()
    latest = (
        Transition.objects.filter(run=run)
        # what was said is told when it is released, what was taken back never
        .exclude(cause__in=[Cause.DECIDED.value, Cause.TAKEN_BACK.value])
        .order_by("-id")[:MOST_TRANSITIONS]
    )
    return RunOut(
        id=run.id,
        workflow=run.workflow.slug,
        external_id=run.external_id,
        state=run.state,
        state_since=run.state_since,
        cause=run.cause,
        task=run.task,
        open_handoffs=[_open_handoff(one, now) for one in waiting_here.order_by("id")],
        stopped=stopped(_halt(run.workflow_id) or _held(run)),
        checkpoint_version=version,
        status_url=status_url(run),
        wait_url=signer().url_for_run(run.id, run.version, now=now),
        requester_said=[
            RequesterWordOut(number=one.number, kind=one.kind, text=one.text, said_at=one.said_at)
            for one in run.requester_words.order_by("number")
        ],
        transitions=[_transition(one) for one in reversed(latest)],
    )


def _held(run: Run) -> Halt | None:
    held = standstill.holding(run.id) if run.state == RunState.PAUSED_PENDING_HUMAN else None
    return standstill.held_halt(held) if held else None


def standing(workflow_id: int) -> StoppedOut | None:
    """Show what stops the workflow; None: it goes on."""
    return stopped(_halt(workflow_id))


def _halt(workflow_id: int) -> Halt | None:
    stop = standstill.over(workflow_id)
    return standstill.halt(stop) if stop else None


def stopped(halt: Halt | None) -> StoppedOut | None:
    if halt is None:
        return None
    return StoppedOut.model_validate(
        {
            "id": halt.id,
            "scope": halt.scope,
            "since": halt.since,
            "reason": halt.reason,
            "by": {"kind": ActorKind.PERSON.value, "name": halt.role},
            "drill": halt.drill,
        }
    )


def _open_handoff(handoff: Handoff, now: datetime) -> OpenHandoffOut:
    return OpenHandoffOut(
        id=handoff.id,
        kind=handoff.kind,
        state=as_told(handoff.state),
        queue=handoff.queue.slug,
        deadline_at=handoff.deadline_at,
        url=handoff_url(handoff.id),
        wait_url=signer().url_for_handoff(handoff.id, handoff.version, now=now),
    )


def _transition(move: Transition) -> TransitionOut:
    return TransitionOut(
        from_state=as_told(move.from_state),
        to_state=move.to_state,
        at=move.at,
        cause=move.cause,
        by=ActorOut(kind=move.actor_kind, name=move.actor),
        handoff=move.handoff_id,
    )


def handoff(handoff: Handoff, *, now: datetime) -> HandoffOut:
    """Show a handoff that was loaded with its run, workflow, queue, role and proposal."""
    return HandoffOut(
        id=handoff.id,
        run=handoff.run_id,
        workflow=handoff.workflow.slug,
        proposal=handoff.proposal_id,
        action_type=handoff.proposal.action_type if handoff.proposal else None,
        kind=handoff.kind,
        tier=handoff.tier or None,
        state=as_told(handoff.state),
        round=handoff.round,
        blocking=handoff.blocking,
        queue=handoff.queue.slug,
        overflow_from=handoff.overflow_from.slug if handoff.overflow_from else None,
        beyond_limit=handoff.beyond_limit,
        owner=OwnerOut(
            role=handoff.role.name, level=f"L{handoff.level}", since=handoff.owner_since
        ),
        deadline_at=handoff.deadline_at,
        deadline_derivation=clocks.derivation(handoff, now=now),
        urgent_at=handoff.urgent_at,
        urgent_since=handoff.urgent_since,
        fired=[_rung(one) for one in handoff.rungs.order_by("id")],
        expected_by=handoff.deadline_at,
        held_since=handoff.held_since,
        arguments=json.loads(handoff.proposal.arguments) if handoff.proposal else None,
        roll_back_until=handoff.roll_back_until,
        question=_question(handoff),
        url=handoff_url(handoff.id),
        status_url=status_url(handoff.run),
        wait_url=signer().url_for_handoff(handoff.id, handoff.version, now=now),
        answer=_current_answer(handoff),
    )


def _rung(rung: Rung) -> RungOut:
    return RungOut(
        rung=rung.rung,
        level=f"L{rung.level}",
        round=rung.round,
        due_at=rung.due_at,
        fired_at=rung.fired_at,
        outcome=rung.outcome,
        passed_over=rung.passed_over,
    )


def _question(handoff: Handoff) -> str | None:
    if handoff.state != HandoffState.NEEDS_INFORMATION.value:
        return None
    asked = InformationRequest.objects.filter(handoff=handoff, answered_at=None)
    return asked.values_list("question", flat=True).first()


def _current_answer(handoff: Handoff) -> AnswerOut | None:
    if handoff.state != HandoffState.ANSWERED.value:
        return None
    found = Answer.objects.filter(handoff=handoff, round=handoff.round).first()
    return answer(handoff, found) if found else None


def answer(handoff: Handoff, answer: Answer) -> AnswerOut:
    proposal = handoff.proposal
    return AnswerOut(
        id=answer.id,
        handoff=handoff.id,
        proposal=handoff.proposal_id,
        action_type=proposal.action_type if proposal else None,
        round=answer.round,
        verb=answer.verb,
        by=AnsweredByOut(kind=answer.by_kind, role=answer.role),
        arguments=json.loads(answer.arguments) if answer.arguments is not None else None,
        arguments_digest=answer.arguments_digest or None,
        option=answer.option,
        message=answer.message,
        reason=answer.reason,
        edits=[_edit(one) for one in answer.edits],
        draft=answer.draft,
        details=answer.details,
        answered_at=answer.answered_at,
        receipt=answer.receipt,
    )


def _edit(edit: dict[str, Any]) -> EditOut:
    return EditOut(path=str(edit["path"]), before=edit.get("before"), after=edit.get("after"))


def handoff_url(id: str) -> str:
    return f"{settings.PUBLIC_URL}/handoffs/{id}"


def status_url(run: Run) -> str:
    return f"{settings.PUBLIC_URL}/status/{run.status_token}"
