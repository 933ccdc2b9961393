"""What a handoff's run is told, and the other ways a question ends or moves."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from handoffs import (
    afterwards,
    audit,
    briefs,
    clocks,
    levels,
    moves,
    outbox,
    requesters,
    restarts,
    runs,
    saying,
    standstill,
)
from handoffs.actors import Actor
from handoffs.errors import HandoffMoved, IllegalTransition, NoHigherLevel, RollBackOver
from handoffs.failpoints import failpoint
from handoffs.models import Answer, Brief, Handoff, InformationRequest, Run
from handoffs.saying import Said
from handoffs.states import (
    AUTONOMOUS_TIERS,
    ENDING_VERBS,
    Cause,
    HandoffKind,
    HandoffState,
    RunState,
    Verb,
    as_told,
)


def answer(
    handoff_id: str,
    *,
    round: int,
    said: Said,
    by: Actor,
    now: datetime,
    cause: Cause = Cause.ANSWERED,
) -> Answer:
    """Answer the handoff in this round, once, and end its run's pause when it was the last one.

    Raises HandoffMoved when someone or something was faster; then nothing is stored.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        check_asked(handoff, round)
        check_possible(handoff, said)
        stored = tell_run(handoff, said, by=by, now=now, cause=cause)
        failpoint("answers.before_commit")
    failpoint("answers.after_commit")
    return stored


def tell_run(handoff: Handoff, said: Said, *, by: Actor, now: datetime, cause: Cause) -> Answer:
    """Answer the locked and checked handoff; whoever waits hears of it at commit."""
    moves.move_handoff(handoff.id, HandoffState.ANSWERED, by=by, cause=cause, round=handoff.round)
    failpoint("answers.after_move")
    stored = _store(handoff, said, by=by, now=now)
    told = saying.facts(stored, by=by)
    audit.record(by=by, action="handoff.answered", subject=handoff.id, body=told)
    tell(handoff, "handoff.answered", **told)
    if handoff.stepped_in:
        Run.objects.filter(id=handoff.run_id).update(held=False)
    _act_on(handoff, said, by=by, cause=cause)
    if handoff.stepped_in:
        restarts.give_run_time_back(handoff.run_id)
    return stored


def check_asked(handoff: Handoff, round: int) -> None:
    """Refuse what is no longer asked, with what became of it."""
    if handoff.round != round:
        raise HandoffMoved(
            "This question was put again with newer facts. Nothing was sent. Read it anew."
        )
    match HandoffState(handoff.state):
        case HandoffState.WITHDRAWN:
            raise HandoffMoved(
                "The agent withdrew this question meanwhile. Nothing was sent. Take the next one."
            )
        case HandoffState.DECIDED | HandoffState.ANSWERED:
            raise HandoffMoved


def check_possible(handoff: Handoff, said: Said) -> None:
    """Refuse what cannot be told now.

    That is anything but an end while people have stopped the workflow, and the promise that what
    was done by itself is undone, when it can no longer be.
    """
    standstill.check_answer(handoff, said.verb)
    if said.verb is not Verb.ROLL_BACK or handoff.tier not in AUTONOMOUS_TIERS:
        return
    if handoff.proposal and handoff.proposal.outcome in afterwards.ENDED:
        raise RollBackOver(
            "The agent reported meanwhile that this failed or was undone. Nothing was sent. "
            "Say whether it was fine or wrong."
        )
    if not Handoff.objects.filter(id=handoff.id, roll_back_until__gt=Now()).exists():
        raise RollBackOver


def _store(handoff: Handoff, said: Said, *, by: Actor, now: datetime) -> Answer:
    brief = handoff.briefs.order_by("-version").values_list("digest", flat=True).first()
    stored = saying.made(handoff, said, brief=brief, head=audit.head(), by=by, now=now)
    stored.save(force_insert=True)
    return stored


def _act_on(handoff: Handoff, said: Said, *, by: Actor, cause: Cause) -> None:
    """Do to the run what the answer means for it."""
    if said.verb in ENDING_VERBS:
        runs.end_by_answer(handoff.run, by=by, cause=ENDING_VERBS[said.verb])
        if said.verb is Verb.TAKE_OVER:
            told = said.details.get("told", "")
            requesters.write(
                handoff.run, event="run.taken_over", line=requesters.BY_HAND, message=told
            )
        return
    if said.verb is Verb.DEFINE:
        runs.define_task(handoff.run, said.details["task"], by=by)
    if said.verb is Verb.ROLL_BACK:
        tell(handoff, "action.roll_back", proposal=handoff.proposal_id)
    if handoff.kind == HandoffKind.SIGN_OFF.value and said.verb is Verb.APPROVE:
        Run.objects.filter(id=handoff.run_id).update(signed_off=True)
    if handoff.blocking:
        runs.one_less_open(handoff.run, by=by, cause=cause, answered=True)


def ask_information(
    handoff_id: str, *, round: int, question: str, by: Actor, now: datetime
) -> None:
    """Put a question back to the agent; the handoff waits for facts and leaves the queue."""
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        check_asked(handoff, round)
        standstill.check_asked(handoff)
        moves.move_handoff(
            handoff_id,
            HandoffState.NEEDS_INFORMATION,
            by=by,
            cause=Cause.INFORMATION_ASKED,
            round=round,
        )
        InformationRequest.objects.create(handoff=handoff, question=question, asked_role=by.name)
        Handoff.objects.filter(id=handoff_id).update(**clocks.stop(handoff))
        audit.record(
            by=by, action="handoff.information_asked", subject=handoff_id, body={"q": question}
        )
        tell(handoff, "handoff.needs_information", question=question)


def give_information(
    handoff_id: str,
    *,
    facts: list[dict[str, Any]],
    evidence: list[dict[str, Any]],
    message: str,
    by: Actor,
    now: datetime,
) -> Handoff:
    """Add what was asked for as a new version of the brief and put the handoff back in its place.

    Its clock goes on: waiting for facts is not the reviewer's time.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        if handoff.state != HandoffState.NEEDS_INFORMATION.value:
            # the table lets an answered handoff wait again, but only for a stale approval
            raise IllegalTransition(
                f"Nobody asks for information: this handoff is {as_told(handoff.state)}. Nothing "
                "was changed. Read it first.",
                entity="handoff",
                from_state=handoff.state,
                to_state=HandoffState.WAITING.value,
                workflow=handoff.workflow_id,
            )
        moves.move_handoff(handoff_id, HandoffState.WAITING, by=by, cause=Cause.INFORMATION_GIVEN)
        brief = handoff.briefs.order_by("-version")[0]
        body = {
            **brief.body,
            "facts": [*brief.body.get("facts", []), *facts],
            "evidence": [*brief.body.get("evidence", []), *evidence],
        }
        Brief.objects.create(
            handoff=handoff,
            version=brief.version + 1,
            body=body,
            digest=briefs.content_digest(body),
        )
        InformationRequest.objects.filter(handoff=handoff, answered_at=None).update(
            message=message, answered_at=Now()
        )
        Handoff.objects.filter(id=handoff_id).update(**clocks.go_on(handoff))
        audit.record(
            by=by, action="handoff.information_given", subject=handoff_id, body={"message": message}
        )
        tell(handoff, "handoff.information_given")
    return Handoff.objects.get(id=handoff_id)


def go_without_information(handoff: Handoff, *, by: Actor) -> None:
    """Put the locked handoff back in its place although the agent said nothing, and say so."""
    moves.move_handoff(handoff.id, HandoffState.WAITING, by=by, cause=Cause.TIMED_OUT)
    InformationRequest.objects.filter(handoff=handoff, answered_at=None).update(
        message="The agent did not answer in time.", answered_at=Now()
    )
    Handoff.objects.filter(id=handoff.id).update(**clocks.go_on(handoff))
    audit.record(by=by, action="handoff.information_missing", subject=handoff.id, body={})
    moves.notify(handoff.id)


def escalate(
    handoff_id: str,
    *,
    round: int,
    reason: str,
    by: Actor,
    now: datetime,
    cause: Cause = Cause.ESCALATED,
) -> Handoff:
    """Hand the question up to the next level of its ladder, with that level's deadline.

    Raises NoHigherLevel where the matrix names none.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        check_asked(handoff, round)
        climb(handoff, reason=reason, by=by, cause=cause)
    return Handoff.objects.select_related("queue", "role").get(id=handoff_id)


def climb(handoff: Handoff, *, reason: str, by: Actor, cause: Cause) -> None:
    """Put the locked and checked handoff on the next level of its ladder."""
    above = levels.from_json(handoff.ladder)
    if not above:
        raise NoHigherLevel
    up = above[0]
    terms = replace(clocks.terms_of(handoff), required_context=up.required_context)
    moves.move_handoff(handoff.id, HandoffState.WAITING, by=by, cause=cause, round=handoff.round)
    Handoff.objects.filter(id=handoff.id).update(
        level=up.level,
        queue=up.queue_id,
        overflow_from=None,
        role=up.role_id,
        ladder=levels.to_json(above[1:]),
        terms=levels.terms_to_json(terms),
        held_since=None,
        owner_since=Now(),
        deadline_seconds=up.seconds,
        **clocks.begin(up.queue_id, up.seconds, terms),
    )
    moves.shift_queue(handoff.queue_id, up.queue_id)
    facts = {"reason": reason, "level": up.level, "role": up.role, "queue": up.queue}
    audit.record(by=by, action="handoff.escalated", subject=handoff.id, body=facts)
    tell(handoff, "handoff.level_changed", level=up.level)


def withdraw(handoff_id: str, *, reason: str, by: Actor, now: datetime) -> Handoff:
    """The agent no longer asks; when it was the last question, the run goes on."""
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        if handoff.tier in AUTONOMOUS_TIERS:
            raise _not_yours(handoff, "Policy asks this, about what was done already.")
        if handoff.stepped_in:
            raise _not_yours(handoff, "A person has stepped into this run.")
        moves.move_handoff(handoff_id, HandoffState.WITHDRAWN, by=by, cause=Cause.WITHDRAWN)
        audit.record(by=by, action="handoff.withdrawn", subject=handoff_id, body={"reason": reason})
        if handoff.blocking and handoff.run.state == RunState.PAUSED_PENDING_HUMAN.value:
            runs.one_less_open(handoff.run, by=by, cause=Cause.WITHDRAWN, answered=False)
        moves.notify(handoff_id)
    return Handoff.objects.select_related("queue", "role").get(id=handoff_id)


def _not_yours(handoff: Handoff, why: str) -> IllegalTransition:
    return IllegalTransition(
        f"{why} Nothing was changed: it is not yours to take back.",
        entity="handoff",
        from_state=handoff.state,
        to_state=HandoffState.WITHDRAWN.value,
        workflow=handoff.workflow_id,
    )


def reopen(handoff: Handoff, *, pause: int, facts: list[dict[str, Any]], by: Actor) -> None:
    """Put a stale approval's question again, with what changed on top; the run is locked."""
    moves.move_handoff(handoff.id, HandoffState.WAITING, by=by, cause=Cause.STALE)
    if handoff.stepped_in:
        Run.objects.filter(id=handoff.run_id).update(held=True)
    Handoff.objects.filter(id=handoff.id).update(
        round=F("round") + 1,
        pause=pause,
        held_since=None,
        owner_since=Now(),
        **clocks.begin(handoff.queue_id, handoff.deadline_seconds, clocks.terms_of(handoff)),
    )
    brief = handoff.briefs.order_by("-version")[0]
    body = {**brief.body, "facts": [*facts, *brief.body.get("facts", [])]}
    Brief.objects.create(
        handoff=handoff, version=brief.version + 1, body=body, digest=briefs.content_digest(body)
    )
    audit.record(by=by, action="handoff.reopened", subject=handoff.id, body={"facts": facts})
    moves.notify(handoff.id)


def tell(handoff: Handoff, event: str, **facts: Any) -> None:
    """Queue the event for the client's endpoints and wake whoever waits for this handoff."""
    outbox.tell(handoff.run.client_id, event, payload(handoff, **facts))
    moves.notify(handoff.id)


def payload(handoff: Handoff, **facts: Any) -> dict[str, Any]:
    """Return what an event says of a handoff that has just moved."""
    return {"handoff": handoff.id, "run": handoff.run_id, "sequence": handoff.version + 1, **facts}
