"""Start a run, keep its checkpoint, end it."""

from collections.abc import Mapping
from typing import Any

from overread.backoff import Settings, send
from overread.flows import Flow
from overread.http import Response, given, segment
from overread.material import Recovery, Requester, Task
from overread.operations.waiting import until
from overread.values import Checkpoint, Run, RunState, identify
from overread.wire import decode

PAUSED = frozenset({RunState.PAUSED_PENDING_HUMAN, RunState.TIMED_OUT})


def start(
    settings: Settings,
    workflow: str,
    external_id: str,
    *,
    input: Mapping[str, Any] | None = None,
    requester: Requester | None = None,
    task: Task | None = None,
    idempotency_key: str | None = None,
) -> Flow[Run]:
    """Start a run, or get the one that this `external_id` already has."""
    body = {"workflow": workflow, "external_id": external_id}
    optional = {"input": input, "requester": requester, "task": task}
    request = settings.door.post("/api/v1/runs", body | given(optional), idempotency_key)
    return _run((yield from send(settings, request)))


def read(settings: Settings, run: Run | str) -> Flow[Run]:
    """Read where a run stands."""
    return _run((yield from send(settings, settings.door.get(_path(run)))))


def save_checkpoint(
    settings: Settings, run: Run | str, checkpoint: Any, *, version: str | None = None
) -> Flow[Checkpoint]:
    """Store what the run needs to go on; with `version`, only over that one (else 412)."""
    request = settings.door.put(_path(run) + "/checkpoint", checkpoint, if_match=version)
    response = yield from send(settings, request)
    return Checkpoint(version=response.headers.get("etag"))


def complete(
    settings: Settings, run: Run | str, output: Any = None, *, idempotency_key: str | None = None
) -> Flow[Run]:
    """Say that the run is done; its workflow may ask a person to sign off first."""
    body = {} if output is None else {"output": output}
    request = settings.door.post(_path(run) + "/complete", body, idempotency_key)
    return _run((yield from send(settings, request)))


def fail(
    settings: Settings,
    run: Run | str,
    error: str,
    *,
    partial: Any = None,
    next_step: str | None = None,
    recovery: Recovery | None = None,
    idempotency_key: str | None = None,
) -> Flow[Run]:
    """Say that the run cannot go on, with what it has so far; a person may recover it."""
    body = {"error": error} | given(
        {"partial": partial, "next_step": next_step, "recovery": recovery}
    )
    request = settings.door.post(_path(run) + "/fail", body, idempotency_key)
    return _run((yield from send(settings, request)))


def wait(settings: Settings, run: Run | str, *, timeout: float | None = None) -> Flow[Run]:
    """Return the run once it no longer waits for a person; StillWaiting after `timeout` seconds."""
    known = run if isinstance(run, Run) else (yield from read(settings, run))
    return (
        yield from until(
            settings,
            known,
            read=lambda: read(settings, known.id),
            settled=lambda one: one.state not in PAUSED,
            timeout=timeout,
        )
    )


def _path(run: Run | str) -> str:
    return f"/api/v1/runs/{segment(identify(run))}"


def _run(response: Response) -> Run:
    return decode(Run, response.json())
