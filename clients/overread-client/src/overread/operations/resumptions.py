"""Go on with runs whose people have answered, one worker each, under a lease."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from overread.backoff import Settings, send
from overread.flows import Flow
from overread.http import Response, given, segment
from overread.values import Change, Lease, NothingToResume, Resumption, Run, identify
from overread.wire import decode


def claim(
    settings: Settings,
    workflows: Sequence[str],
    *,
    run: Run | str | None = None,
    worker: str | None = None,
    lease_seconds: int = 60,
    idempotency_key: str | None = None,
) -> Flow[Resumption | NothingToResume]:
    """Take the next run to go on with, or only `run`; falsy if none, and says where to wait."""
    body = {
        "workflows": list(workflows),
        "worker": worker or settings.worker,
        "lease_seconds": lease_seconds,
    } | given({"run": run and identify(run)})
    request = settings.door.post("/api/v1/resumptions/claim", body, idempotency_key)
    response = yield from send(settings, request)
    if response.status == 204:
        return NothingToResume(wait_url=response.headers.get("wait-url"))
    return decode(Resumption, response.json())


def heartbeat(settings: Settings, resumption: Resumption) -> Flow[Lease | None]:
    """Keep the lease; StaleLease if it is already someone else's."""
    return _lease((yield from _post(settings, resumption, "heartbeat", {})), resumption)


def acknowledge(settings: Settings, resumption: Resumption) -> Flow[None]:
    """Say that the run has gone on. Exactly one acknowledgement succeeds per resumption."""
    yield from _post(settings, resumption, "acknowledge", {"outcome": "resumed"})


def acknowledge_stale(
    settings: Settings, resumption: Resumption, changed: Sequence[Change]
) -> Flow[None]:
    """Say that the world moved since the answer: the handoff is reviewed again, nothing ran."""
    body = {"outcome": "stale", "changed": [asdict(change) for change in changed]}
    yield from _post(settings, resumption, "acknowledge", body)


def release(settings: Settings, resumption: Resumption) -> Flow[None]:
    """Give the resumption back undone, so that the next worker may try at once."""
    yield from _post(settings, resumption, "release", {})


def _post(
    settings: Settings, resumption: Resumption, verb: str, body: Mapping[str, Any]
) -> Flow[Response]:
    path = f"/api/v1/resumptions/{segment(resumption.id)}/{verb}"
    request = settings.door.post(path, {"token": resumption.lease.token, **body})
    return (yield from send(settings, request))


def _lease(response: Response, resumption: Resumption) -> Lease | None:
    data = response.json() if response.body else {}
    found = data.get("lease", data) if isinstance(data, dict) else {}
    return decode(Lease, {"token": resumption.lease.token, **found})
