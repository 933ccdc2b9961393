"""Who goes on after a stop: one worker at a time, under a lease, acknowledged once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from handoffs import answers, audit, moves, standstill
from handoffs.actors import SYSTEM, Actor
from handoffs.errors import NotFound, StaleLease
from handoffs.failpoints import failpoint
from handoffs.models import Handoff, Proposal, Resumption, Run
from handoffs.states import RELEASING_VERBS, Cause, HandoffState, ResumptionState, RunState
from handoffs.stopped import STOPPED

# Both rows are locked: the run because that is everyone's first lock, the resumption so that its
# state is looked at again as it is then, not as it was when the statement began.
_NEXT = f"""
select resumption.id, resumption.run_id, resumption.state
from handoffs_resumption resumption join handoffs_run run on run.id = resumption.run_id
where resumption.workflow_id = any(%(workflows)s) and run.client_id = %(client)s
    and (%(run)s::text is null or run.id = %(run)s)
    and (resumption.state = 'ready'
        or (resumption.state = 'leased' and resumption.lease_expires_at <= now()))
    and not {STOPPED.format(workflow="resumption.workflow_id")}
order by resumption.id limit 1 for update of run, resumption skip locked
"""


@dataclass(frozen=True)
class Lease:
    """A turn to go on: the worker keeps `token` and shows it with every later call."""

    resumption: Resumption
    token: str


def claim(
    *,
    workflow_ids: list[int],
    client_id: int,
    worker: str,
    lease_seconds: int,
    by: Actor,
    now: datetime,
    run_id: str | None = None,
) -> Lease | None:
    """Lease the oldest turn that is free or whose lease ran out; None when there is none.

    The epoch moves with each lease, so that a worker whose lease ran out finds its token void.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, {"workflows": workflow_ids, "client": client_id, "run": run_id})
            found = cursor.fetchone()
        if found is None:
            standstill.check_any(workflow_ids, client_id=client_id)
            return None
        id, run_id, state = found
        if state == ResumptionState.LEASED.value:
            moves.move_run(run_id, RunState.HUMAN_RESPONDED, by=SYSTEM, cause=Cause.LEASE_ENDED)
        moves.move_run(run_id, RunState.RESUMING, by=by, cause=Cause.CLAIMED)
        resumption = Resumption.objects.get(id=id)
        Resumption.objects.filter(id=id).update(
            state=ResumptionState.LEASED.value,
            epoch=resumption.epoch + 1,
            worker=worker,
            token_hash=_hash(token),
            lease_seconds=lease_seconds,
            lease_expires_at=Now() + timedelta(seconds=lease_seconds),
        )
        audit.record(
            by=by,
            action="resumption.claimed",
            subject=run_id,
            body={"resumption": id, "worker": worker, "attempt": resumption.epoch + 1},
        )
        failpoint("resumptions.claim.before_commit")
    failpoint("resumptions.claim.after_commit")
    return Lease(Resumption.objects.select_related("run__workflow").get(id=id), token)


def heartbeat(id: str, *, token: str, by: Actor, now: datetime) -> datetime:
    """Extend the lease and return when it now ends; StaleLease once it has run out."""
    found = Resumption.objects.filter(id=id).select_related("run").first()
    if found is None:
        raise NotFound
    standstill.check(found.workflow_id, client_id=found.run.client_id)
    seconds = found.lease_seconds
    if not _held(id, token).update(lease_expires_at=Now() + timedelta(seconds=seconds)):
        raise StaleLease
    expires_at = Resumption.objects.values_list("lease_expires_at", flat=True).get(id=id)
    assert expires_at is not None
    return expires_at


def acknowledge_resumed(id: str, *, token: str, by: Actor, now: datetime) -> Run:
    """The agent goes on: exactly one acknowledgement of a turn ever succeeds."""
    with transaction.atomic():
        run = _end_lease(id, token, ResumptionState.RESUMED)
        moves.move_run(run.id, RunState.RUNNING, by=by, cause=Cause.RESUMED)
        audit.record(by=by, action="run.resumed", subject=run.id, body={"resumption": id})
        moves.notify(run.id)
        failpoint("resumptions.acknowledge.before_commit")
    failpoint("resumptions.acknowledge.after_commit")
    return Run.objects.select_related("workflow").get(id=run.id)


def acknowledge_stale(
    id: str, *, token: str, changed: list[dict[str, Any]], by: Actor, now: datetime
) -> Run:
    """The world moved since the approval: ask again, with what changed on top of the brief.

    The handoffs whose preconditions are named are reopened, or every one that released an action
    when none is. The other answers of the stop are kept and carried again.
    """
    with transaction.atomic():
        run = _end_lease(id, token, ResumptionState.STALE)
        reopened = _stale_handoffs(run, {change["name"] for change in changed})
        if len(reopened) > 1:
            moves.hold_places(handoff.queue_id for handoff in reopened)
        fresh = run.pause + 1
        Handoff.objects.filter(run=run, pause=run.pause, blocking=True).update(pause=fresh)
        for handoff in reopened:
            _expect_found(handoff.proposal, changed)
            answers.reopen(handoff, pause=fresh, facts=_as_facts(changed), by=by)
        Run.objects.filter(id=run.id).update(pause=fresh, open_blocking=len(reopened))
        moves.move_run(run.id, RunState.PAUSED_PENDING_HUMAN, by=by, cause=Cause.STALE)
        audit.record(
            by=by,
            action="run.stale",
            subject=run.id,
            body={"resumption": id, "changed": changed},
        )
        moves.notify(run.id)
    return Run.objects.select_related("workflow").get(id=run.id)


def _expect_found(proposal: Proposal | None, changed: list[dict[str, Any]]) -> None:
    """From now on expect what was found: whoever approves again has read just that.

    With the old values every later approval would be found stale as well, without end.
    """
    if proposal is None:
        return
    found = {change["name"]: change.get("found") for change in changed}
    expected = [
        {**one, "value": found.get(one.get("name"), one.get("value"))}
        for one in proposal.preconditions
    ]
    Proposal.objects.filter(id=proposal.id).update(preconditions=expected)


def _stale_handoffs(run: Run, names: set[str]) -> list[Handoff]:
    answered = Handoff.objects.filter(
        run=run, pause=run.pause, blocking=True, state=HandoffState.ANSWERED.value
    ).select_related("proposal")
    named = [
        handoff
        for handoff in answered
        if handoff.proposal
        and names & {condition.get("name") for condition in handoff.proposal.preconditions}
    ]
    if named:
        return named
    releasing = [verb.value for verb in RELEASING_VERBS]
    return [
        handoff
        for handoff in answered
        if handoff.answers.filter(round=handoff.round, verb__in=releasing).exists()
    ] or list(answered)


def _as_facts(changed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "label": f"Changed: {change['name']}",
            "value": f"{change.get('found')} (was {change.get('expected')})",
            "kind": "text",
            "source": "re-checked before acting",
        }
        for change in changed
    ]


def release(id: str, *, token: str, by: Actor, now: datetime) -> None:
    """Give the turn back for the next worker."""
    with transaction.atomic():
        run = _end_lease(id, token, ResumptionState.READY)
        moves.move_run(run.id, RunState.HUMAN_RESPONDED, by=by, cause=Cause.RELEASED)
        audit.record(by=by, action="resumption.released", subject=run.id, body={"resumption": id})
        moves.notify(f"wf:{run.workflow_id}")


def _end_lease(id: str, token: str, to: ResumptionState) -> Run:
    """Lock the run, then end the lease if `token` still holds it.

    In a workflow that people have stopped a turn can only be given back.
    """
    run_id = Resumption.objects.filter(id=id).values_list("run_id", flat=True).first()
    if run_id is None:
        raise NotFound
    run = moves.lock_run(run_id)
    if to is not ResumptionState.READY:
        standstill.check(run.workflow_id, client_id=run.client_id)
    ended = None if to is ResumptionState.READY else Now()
    if not _held(id, token).update(
        state=to.value, lease_expires_at=None, token_hash="", ended_at=ended
    ):
        raise StaleLease
    return run


def _held(id: str, token: str) -> Any:
    return Resumption.objects.filter(
        id=id,
        token_hash=_hash(token),
        state=ResumptionState.LEASED.value,
        lease_expires_at__gt=Now(),
    )


def end_expired(*, now: datetime, limit: int = 100) -> int:
    """Free the turns whose lease ran out, so that whoever waits for one is woken."""
    ended = 0
    while ended < limit and _end_one_expired():
        ended += 1
    return ended


def _end_one_expired() -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "select resumption.id, resumption.run_id, resumption.workflow_id "
            "from handoffs_resumption resumption "
            "join handoffs_run run on run.id = resumption.run_id "
            "where resumption.state = 'leased' and resumption.lease_expires_at <= now() "
            "limit 1 for update of run skip locked"
        )
        found = cursor.fetchone()
        if found is None:
            return False
        id, run_id, workflow_id = found
        freed = Resumption.objects.filter(
            id=id, state=ResumptionState.LEASED.value, lease_expires_at__lte=Now()
        ).update(state=ResumptionState.READY.value, lease_expires_at=None, token_hash="")
        if freed:
            moves.move_run(run_id, RunState.HUMAN_RESPONDED, by=SYSTEM, cause=Cause.LEASE_ENDED)
            moves.notify(f"wf:{workflow_id}")
    return True


def carried(resumption: Resumption) -> list[Handoff]:
    """Return the answered handoffs of the stop, each with its current answer, oldest first."""
    return list(
        Handoff.objects.filter(
            run=resumption.run_id,
            pause=resumption.pause,
            blocking=True,
            state=HandoffState.ANSWERED.value,
        )
        .select_related("proposal", "role", "queue")
        .prefetch_related("answers")
        .order_by("answered_at", "id")
    )


def report_outcome(
    proposal: Proposal, *, status: str, detail: str, by: Actor, now: datetime
) -> None:
    """Record what became of an action."""
    with transaction.atomic():
        Proposal.objects.filter(id=proposal.id).update(outcome=status, outcome_detail=detail)
        audit.record(
            by=by,
            action="proposal.outcome",
            subject=proposal.id,
            body={"status": status, "detail": detail},
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
