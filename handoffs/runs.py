"""The only code that says how a run goes on: start, checkpoint, complete, fail, stop.

What a handoff's answer does to its run is here too; the answer itself is in `answers`.
"""

import re
import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Client
from handoffs import audit, compiled, ids, moves, outbox, pause, rooms, standstill
from handoffs.actors import Actor
from handoffs.errors import CheckpointConflict, IllegalTransition, NotFound
from handoffs.failpoints import failpoint
from handoffs.models import Checkpoint, Handoff, Resumption, Run, Transition, Workflow
from handoffs.pause import Stored
from handoffs.rooms import Placed
from handoffs.states import (
    AUTONOMOUS_TIERS,
    FINAL_RUN_STATES,
    OPEN_HANDOFF_STATES,
    Cause,
    HandoffKind,
    HandoffState,
    ResumptionState,
    RunState,
)

# what comes before the last number of a name, the number, and what comes after
_COUNTED = re.compile(r"(.*?)(\d*)(\D*)$", re.DOTALL)


def start(
    *,
    workflow: Workflow,
    client: Client,
    external_id: str,
    input: dict[str, Any],
    requester: dict[str, Any] | None,
    task: dict[str, Any] | None,
    by: Actor,
    now: datetime,
) -> tuple[Run, bool]:
    """Start a run, or return the one that this external id already has, and whether it is new.

    Where the matrix has a row for `task_definition`, the run stops at once for a person to
    define the task.
    """
    with transaction.atomic():
        run, created = Run.objects.get_or_create(
            workflow=workflow,
            external_id=external_id,
            defaults={
                "client": client,
                "input": input,
                "requester": requester,
                "task": task,
                "state": RunState.RUNNING.value,
                "cause": Cause.CREATED.value,
                "status_token": secrets.token_urlsafe(32),
            },
        )
        if created:
            standstill.check(workflow.pk, client_id=client.pk)
            Transition.objects.create(
                run=run,
                version=1,
                to_state=RunState.RUNNING.value,
                actor_kind=by.kind.value,
                actor=by.name,
                cause=Cause.CREATED.value,
            )
            audit.record(by=by, action="run.started", subject=run.id, body={"run": run.id})
            _ask_for_task(run, by=by, now=now)
        elif _gives_way(run, client):
            return start(
                workflow=workflow, client=client, external_id=external_id, input=input,
                requester=requester, task=task, by=by, now=now,
            )  # fmt: skip
        elif run.client_id != client.id:
            raise NotFound
    return run, created


def _gives_way(run: Run, client: Client) -> bool:
    """Call a run of the house otherwise where an agent has come to that name: theirs goes first.

    What is made up has to look like theirs, and so may be what they come to.
    """
    if run.client_id == client.id or run.client.stands_for_id is None:
        return False
    parts = _COUNTED.match(run.external_id)
    assert parts is not None
    head, digits, tail = parts.groups()
    number = int(digits or 0) + 1
    while not _is_called(run, f"{head}{number}{tail}"):
        number += 1
    return True


def _is_called(run: Run, name: str) -> bool:
    """Call it so; False where another is called so, also one that is only just being made."""
    if Run.objects.filter(workflow=run.workflow_id, external_id=name).exists():
        return False
    try:
        with transaction.atomic():
            Run.objects.filter(id=run.id).update(external_id=name)
    except IntegrityError:
        return False
    return True


def _ask_for_task(run: Run, *, by: Actor, now: datetime) -> None:
    brief = {
        "ask": f"What should be done for {run.external_id}?",
        "summary": str((run.task or {}).get("objective", "")),
        "facts": [],
    }
    open_where_asked(
        run, HandoffKind.TASK_DEFINITION, brief=brief, by=by, now=now, cause=Cause.CREATED
    )


def open_where_asked(
    run: Run, kind: HandoffKind, *, brief: dict[str, Any], by: Actor, now: datetime, cause: Cause
) -> str | None:
    """Stop the run for a person where the matrix has a row for this kind; return the handoff.

    Raises QueueFull when no queue has room for it; the caller's transaction goes with it.
    """
    policy = compiled.get(run.workflow_id)
    authority = policy.authority_for_kind(kind)
    if authority is None:
        return None
    # an error is never sent away: nobody would hear of it again
    anyway = kind is HandoffKind.RECOVERY or not run.client.can_be_slowed
    if not anyway and not authority.presses and rooms.is_paused(run.workflow_id):
        raise rooms.refusal(authority, now=now, paused=True)

    def make(placed: Placed) -> pause.Opening:
        return pause.Opening(
            run_id=run.id,
            workflow_id=run.workflow_id,
            client_id=run.client_id,
            kind=kind,
            authority=placed.authority,
            overflow_from=placed.overflow_from,
            beyond_limit=placed.beyond_limit,
            brief=brief,
            by=by,
            now=now,
            cause=cause,
            facts={"run": run.id, "kind": kind.value},
            reported=cause in (Cause.COMPLETED, Cause.ERROR),
        )

    outcome, opening = rooms.open_where_room(authority, make, anyway=anyway)
    if opening is None:
        raise rooms.refusal(authority, now=now)
    if outcome is not Stored.STORED:
        raise IllegalTransition
    return opening.id


def save_checkpoint(
    run_id: str, *, body: str, if_match: int | None, by: Actor, now: datetime
) -> int:
    """Store the agent's JSON text whole and return its new version.

    `if_match` is the version the sender last saw; 0 means there is none yet. The run row is
    locked first, so that a checkpoint never lands on a run that has just ended.
    """
    with transaction.atomic():
        run = moves.lock_run(run_id)
        if RunState(run.state) in FINAL_RUN_STATES:
            raise IllegalTransition(
                f"The run is {run.state}. Its checkpoint can no longer change; nothing was stored."
            )
        kept = Checkpoint.objects.filter(run=run).values_list("version", flat=True).first() or 0
        if if_match is not None and if_match != kept:
            raise CheckpointConflict(
                f"The checkpoint is at version {kept}, not {if_match}. Yours was not stored. "
                "Read it, merge, and send it again."
            )
        Checkpoint.objects.update_or_create(
            run=run, defaults={"version": kept + 1, "body": body, "saved_at": Now()}
        )
        audit.record(by=by, action="run.checkpoint", subject=run.id, body={"version": kept + 1})
    return kept + 1


def complete(run_id: str, *, output: Any, by: Actor, now: datetime) -> Run:
    """End the run well, or stop it for sign-off where the matrix asks for one first."""
    with transaction.atomic():
        run = moves.lock_run(run_id)
        Run.objects.filter(id=run_id).update(output=output)
        brief = {
            "ask": f"Sign off the result of {run.external_id}?",
            "summary": "",
            "facts": [],
            "output": output,
        }
        if run.state != RunState.RUNNING.value or run.signed_off:
            asked = None
        else:
            asked = open_where_asked(
                run, HandoffKind.SIGN_OFF, brief=brief, by=by, now=now, cause=Cause.COMPLETED
            )
        if asked is None:
            moves.move_run(run_id, RunState.COMPLETED, by=by, cause=Cause.COMPLETED)
        moved(run_id, by=by, action="run.completed" if asked is None else "run.sign_off_asked")
    return Run.objects.select_related("workflow").get(id=run_id)


def fail(
    run_id: str,
    *,
    error: str,
    partial: Any,
    next_step: str,
    recovery: dict[str, Any] | None = None,
    by: Actor,
    now: datetime,
) -> Run:
    """Keep what was done and what was next; ask for recovery where the matrix says so, else end.

    `recovery` says what a person may change about it. The owner is told in the same transaction.
    """
    with transaction.atomic():
        run = moves.lock_run(run_id)
        Run.objects.filter(id=run_id).update(error=error, partial=partial, next_step=next_step)
        brief = {
            "ask": f"How should {run.external_id} go on after an error?",
            "summary": error[:300],
            "facts": [{"label": "Error", "value": error[:500], "kind": "text"}]
            + ([{"label": "Next step", "value": next_step, "kind": "text"}] if next_step else []),
            "output": partial,
            **({"recovery": recovery} if recovery else {}),
        }
        asked = None
        if run.state == RunState.RUNNING.value:
            asked = open_where_asked(
                run, HandoffKind.RECOVERY, brief=brief, by=by, now=now, cause=Cause.ERROR
            )
        if asked is None:
            _end_badly(run, cause=Cause.ERROR, by=by)
        owner = run.workflow.owner
        if owner is not None:
            outbox.mail(
                owner.email,
                "run.failed",
                {
                    "subject": f"{run.workflow.name}: {run.external_id} stopped with an error",
                    "text": f"{error[:2000]}\n\nThe original input, what was done so far and the "
                    f"next step are kept with the run:\n{settings.PUBLIC_URL}/admin/handoffs/run/"
                    f"{run.id}/change/\n",
                },
            )
        moved(run_id, by=by, action="run.failed", error=error[:500])
    return Run.objects.select_related("workflow").get(id=run_id)


def stop(run_id: str, *, reason: str, by: Actor, now: datetime) -> None:
    """End the run in a safe state: open questions are withdrawn, nothing more is released."""
    with transaction.atomic():
        _end_badly(moves.lock_run(run_id), cause=Cause.STOPPED, by=by)
        moved(run_id, by=by, action="run.stopped", reason=reason)


def _end_badly(run: Run, *, cause: Cause, by: Actor) -> None:
    """Fail the locked run; its open handoffs and its turn to resume end with it."""
    open_states = [state.value for state in OPEN_HANDOFF_STATES]
    # what was done by itself is looked at all the same: failures above all
    asked = Handoff.objects.filter(run=run, state__in=open_states)
    # queue by queue, as everybody locks their depths
    for handoff in asked.exclude(tier__in=AUTONOMOUS_TIERS).order_by("queue_id", "id"):
        moves.move_handoff(handoff.id, HandoffState.WITHDRAWN, by=by, cause=cause)
        moves.notify(handoff.id)
    Resumption.objects.filter(
        run=run, state__in=[ResumptionState.READY.value, ResumptionState.LEASED.value]
    ).update(state=ResumptionState.CANCELLED.value, ended_at=Now())
    moves.move_run(run.id, RunState.FAILED, by=by, cause=cause)
    Run.objects.filter(id=run.id).update(open_blocking=0)


def end_by_answer(run: Run, *, by: Actor, cause: Cause) -> None:
    """Somebody took the task over or stopped it: the agent's part ends here."""
    _end_badly(run, cause=cause, by=by)
    moved(run.id, by=by, action=f"run.{cause}")


def define_task(run: Run, task: dict[str, Any], *, by: Actor) -> None:
    """Keep what a person said the locked run is to achieve, in place of what the agent sent."""
    Run.objects.filter(id=run.id).update(task=task)
    audit.record(by=by, action="run.task_defined", subject=run.id, body={"task": task})


def time_out(run: Run, *, by: Actor) -> None:
    """Nobody answered and the matrix says the run fails then."""
    _end_badly(run, cause=Cause.TIMED_OUT, by=by)
    moved(run.id, by=by, action="run.timed_out")


def one_less_open(run: Run, *, by: Actor, cause: Cause, answered: bool) -> None:
    """A blocking handoff of the locked, paused run ended; the last one ends the pause.

    With an answer since the pause the run has a turn to resume; without any it just goes on.
    """
    if run.open_blocking > 1:
        Run.objects.filter(id=run.id).update(open_blocking=F("open_blocking") - 1)
        return
    answered = answered or has_answers(run)
    to = RunState.HUMAN_RESPONDED if answered else RunState.RUNNING
    moves.move_run(run.id, to, by=by, cause=cause)
    Run.objects.filter(id=run.id).update(open_blocking=0)
    if answered:
        Resumption.objects.create(
            id=ids.new_resumption(), run=run, workflow_id=run.workflow_id, pause=run.pause
        )
        failpoint("runs.after_resumption_ready")
    moved(run.id, by=by, action="run.pause_ended")


def has_answers(run: Run) -> bool:
    return Handoff.objects.filter(
        run=run, pause=run.pause, blocking=True, state=HandoffState.ANSWERED.value
    ).exists()


def moved(run_id: str, *, by: Actor, action: str, **facts: Any) -> None:
    """Audit the move, tell the client's endpoints and wake whoever waits for this run."""
    run = Run.objects.values("state", "version", "cause", "client_id", "workflow_id").get(id=run_id)
    told = {"run": run_id, "state": run["state"], "sequence": run["version"]}
    audit.record(by=by, action=action, subject=run_id, body={**told, **facts})
    outbox.tell(run["client_id"], "run.state_changed", {**told, "cause": run["cause"]})
    moves.notify(run_id, f"wf:{run['workflow_id']}")
