"""Runs: start, look, keep a checkpoint, end."""

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from handoffs import runs
from handoffs.api import access, acting, documented, reading, showing, telling
from handoffs.api.access import AgentRequest
from handoffs.errors import (
    CheckpointConflict,
    IllegalTransition,
    NotFound,
    NotLaunched,
    QueueFull,
    WorkflowNotYours,
    WorkflowStopped,
)
from handoffs.idempotency import Done
from handoffs.models import Checkpoint
from handoffs.schemas.runs import CheckpointOut, CompletionIn, FailureIn, RunIn, RunOut

router = Router(tags=["Runs"])
_THEIRS = (NotFound, WorkflowNotYours)


@router.post(
    "/runs",
    response={200: RunOut, 201: RunOut},
    operation_id="start_run",
    openapi_extra=documented.does(
        *_THEIRS, NotLaunched, QueueFull, WorkflowStopped, told=(200, 201)
    ),
)
def start(request: AgentRequest, body: RunIn) -> HttpResponse:
    """Start a run, or get the one that this external id already has (200)."""
    now = timezone.now()
    workflow = access.workflow(request, body.workflow)
    if workflow.launched_at is None:
        raise NotLaunched

    def do() -> Done:
        run, created = runs.start(
            workflow=workflow,
            client=request.auth.client,
            external_id=body.external_id,
            input=body.input,
            requester=body.requester.model_dump(exclude_unset=True) if body.requester else None,
            task=body.task.model_dump(exclude_unset=True) if body.task else None,
            by=access.actor(request),
            now=now,
        )
        run.refresh_from_db()
        return acting.done(201 if created else 200, showing.run(run, now=now))

    return acting.once(request, do)


@router.get(
    "/runs/{run_id}",
    response=RunOut,
    operation_id="read_run",
    openapi_extra=documented.reads_versions(*_THEIRS),
)
def read(request: AgentRequest, run_id: str) -> HttpResponse:
    """Read where a run stands."""
    run = access.run(request, run_id)
    return telling.versioned(request, showing.run(run, now=timezone.now()))


@router.get(
    "/runs/{run_id}/checkpoint",
    operation_id="read_checkpoint",
    openapi_extra=documented.asks(*_THEIRS),
)
def read_checkpoint(request: AgentRequest, run_id: str) -> HttpResponse:
    """Read the checkpoint back, as the very text that was saved."""
    checkpoint = Checkpoint.objects.filter(run=access.run(request, run_id)).first()
    if checkpoint is None:
        raise NotFound("This run has no checkpoint yet. Nothing is lost. Save one first.")
    response = telling.json(200, checkpoint.body)
    response["ETag"] = f'"{checkpoint.version}"'
    return response


@router.put(
    "/runs/{run_id}/checkpoint",
    response=CheckpointOut,
    operation_id="save_checkpoint",
    openapi_extra=documented.replaces(
        *_THEIRS, CheckpointConflict, IllegalTransition, most="4 MiB"
    ),
)
def save_checkpoint(request: AgentRequest, run_id: str) -> HttpResponse:
    """Save what you need to go on: any JSON, kept whole, up to 4 MiB."""
    run = access.run(request, run_id)
    if_match = reading.if_match(request)
    reading.read(request, most=reading.MAX_CHECKPOINT)
    version = runs.save_checkpoint(
        run.id,
        body=request.body.decode(),
        if_match=if_match,
        by=access.actor(request),
        now=timezone.now(),
    )
    response = telling.out(200, CheckpointOut(version=version))
    response["ETag"] = f'"{version}"'
    return response


@router.post(
    "/runs/{run_id}/complete",
    response=RunOut,
    operation_id="complete_run",
    openapi_extra=documented.does(*_THEIRS, IllegalTransition, QueueFull),
)
def complete(request: AgentRequest, run_id: str, body: CompletionIn) -> HttpResponse:
    """Say that the run is done; its workflow may ask a person to sign off first."""
    run, now = access.run(request, run_id), timezone.now()

    def do() -> Done:
        ended = runs.complete(run.id, output=body.output, by=access.actor(request), now=now)
        return acting.done(200, showing.run(ended, now=now))

    return acting.once(request, do)


@router.post(
    "/runs/{run_id}/fail",
    response=RunOut,
    operation_id="fail_run",
    openapi_extra=documented.does(*_THEIRS, IllegalTransition, QueueFull),
)
def fail(request: AgentRequest, run_id: str, body: FailureIn) -> HttpResponse:
    """Say that the run cannot go on, with what it has so far; a person may recover it."""
    run, now = access.run(request, run_id), timezone.now()

    def do() -> Done:
        ended = runs.fail(
            run.id,
            error=body.error,
            partial=body.partial,
            next_step=body.next_step or "",
            recovery=body.recovery.model_dump(exclude_unset=True) if body.recovery else None,
            by=access.actor(request),
            now=now,
        )
        return acting.done(200, showing.run(ended, now=now))

    return acting.once(request, do)
