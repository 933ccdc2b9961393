"""May I? And what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from overread import canonical, http
from overread.backoff import Settings, send, take_turn
from overread.flows import Flow
from overread.http import Response, given, segment
from overread.material import Brief, Expectation, Proposal, Signals
from overread.values import BatchItem, Forecast, Identified, Ruling, Run, identify
from overread.wire import decode


def propose(
    settings: Settings,
    run: Run | str,
    action_type: str,
    arguments: Mapping[str, Any],
    *,
    signals: Signals | None = None,
    brief: Brief | None = None,
    checkpoint: Any = None,
    preconditions: Sequence[Expectation] | None = None,
    blocking: bool | None = None,
    idempotency_key: str | None = None,
) -> Flow[Ruling]:
    """Ask whether this action may be taken; `act` of the ruling says what to do now.

    Give a step its own `idempotency_key` and a restarted process asks the same question again
    instead of a second one.
    """
    body = _body(run, action_type, arguments, signals, brief, checkpoint, preconditions, blocking)
    request = settings.door.post("/api/v1/proposals", body, idempotency_key)
    yield from take_turn(settings, run, action_type)
    ruling = _ruling((yield from send(settings, request)))
    if ruling.map is not None:
        asked = ruling.handoff is not None
        settings.pace.remember(ruling.map.workflow, action_type, asked=asked)
    return ruling


def dry_run(
    settings: Settings,
    run: Run | str,
    action_type: str,
    arguments: Mapping[str, Any],
    *,
    signals: Signals | None = None,
    brief: Brief | None = None,
) -> Flow[Forecast]:
    """Ask what policy would say; nothing is written and nobody is told."""
    body = _body(run, action_type, arguments, signals, brief, None, None, None)
    request = settings.door.post("/api/v1/proposals/dry-run", body)
    response = yield from send(settings, request)
    return decode(Forecast, response.json())


def propose_batch(
    settings: Settings, proposals: Sequence[Proposal], *, idempotency_key: str | None = None
) -> Flow[tuple[BatchItem, ...]]:
    """Make up to 100 proposals at once; one that is refused refuses only itself."""
    body = {"proposals": [dict(one) | {"key": _key(one)} for one in proposals]}
    request = settings.door.post("/api/v1/proposals/batch", body, idempotency_key)
    response = yield from send(settings, request)
    return tuple(_item(item) for item in response.json()["results"])


def report_outcome(
    settings: Settings,
    proposal: Identified | str,
    status: str,
    detail: str | None = None,
    *,
    idempotency_key: str | None = None,
) -> Flow[None]:
    """Say what was done: `done`, `failed` or `rolled_back`."""
    path = f"/api/v1/proposals/{segment(identify(proposal))}/outcome"
    body = {"status": status} | given({"detail": detail})
    yield from send(settings, settings.door.post(path, body, idempotency_key))


def _body(
    run: Run | str,
    action_type: str,
    arguments: Mapping[str, Any],
    *material: Any,
) -> dict[str, Any]:
    names = ("signals", "brief", "checkpoint", "preconditions", "blocking")
    asked = {"run": identify(run), "action_type": action_type, "arguments": dict(arguments)}
    return asked | given(dict(zip(names, material, strict=True)))


def _key(proposal: Proposal) -> str:
    return http.idempotency_key(proposal.get("key"))


def _ruling(response: Response) -> Ruling:
    replayed = response.headers.get("idempotent-replay") == "true"
    return decode(Ruling, response.json(), replayed=replayed)


def _item(item: Mapping[str, Any]) -> BatchItem:
    status, body = int(item["status"]), item["body"]
    if status < 400:
        return BatchItem(
            status=status, ruling=decode(Ruling, body, replayed=item.get("replayed") is True)
        )
    refusal = Response(status=status, headers={}, body=canonical.encode(body))
    return BatchItem(status=status, problem=http.problem(refusal))
