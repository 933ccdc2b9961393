"""Hand work to a person and hear back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from overread import http
from overread.backoff import Settings, send, take_turn
from overread.flows import Flow
from overread.http import Response, given, segment
from overread.material import Brief, Evidence, Fact
from overread.operations.waiting import until
from overread.values import Handoff, HandoffState, RequesterStatus, Run, identify
from overread.wire import decode


def escalate(
    settings: Settings,
    run: Run | str,
    kind: str,
    brief: Brief,
    *,
    checkpoint: Any = None,
    blocking: bool = True,
    idempotency_key: str | None = None,
) -> Flow[Handoff]:
    """Ask a person directly; `kind` is ambiguity, exception, recovery, sign_off, takeover, …"""
    body = {"run": identify(run), "kind": kind, "brief": brief, "blocking": blocking}
    request = settings.door.post(
        "/api/v1/handoffs", body | given({"checkpoint": checkpoint}), idempotency_key
    )
    yield from take_turn(settings, run)
    return _handoff((yield from send(settings, request)))


def read(
    settings: Settings, handoff: Handoff | str, *, known: Handoff | None = None
) -> Flow[Handoff]:
    """Read how a handoff stands; with `known`, that very value comes back if nothing changed."""
    request = settings.door.get(_path(handoff))
    if known is not None and known.etag:
        headers = {**request.headers, "If-None-Match": known.etag}
        request = replace(request, headers=headers)
    response = yield from send(settings, request)
    if response.status == 304 and known is not None:
        return known
    return _handoff(response)


def wait(
    settings: Settings, handoff: Handoff | str, *, timeout: float | None = None
) -> Flow[Handoff]:
    """Return the handoff once it needs us: answered, withdrawn or needing information.

    Without `timeout` this waits as long as a person takes; with it, StillWaiting is raised.
    """
    known = handoff if isinstance(handoff, Handoff) else (yield from read(settings, handoff))
    settled = yield from until(
        settings,
        known,
        read=lambda: read(settings, known.id),
        settled=lambda one: one.state != HandoffState.WAITING,
        timeout=timeout,
    )
    return settled if _complete(settled) else (yield from read(settings, settled.id))


def give_information(
    settings: Settings,
    handoff: Handoff | str,
    *,
    message: str | None = None,
    facts: Sequence[Fact] | None = None,
    evidence: Sequence[Evidence] | None = None,
    idempotency_key: str | None = None,
) -> Flow[Handoff]:
    """Answer a reviewer's question; the handoff goes back to its place in the queue."""
    body = given({"message": message, "facts": facts, "evidence": evidence})
    request = settings.door.post(_path(handoff) + "/information", body, idempotency_key)
    return _handoff((yield from send(settings, request)))


def withdraw(
    settings: Settings, handoff: Handoff | str, reason: str, *, idempotency_key: str | None = None
) -> Flow[Handoff]:
    """Take a handoff back: the agent no longer wants to do this."""
    request = settings.door.post(_path(handoff) + "/withdraw", {"reason": reason}, idempotency_key)
    return _handoff((yield from send(settings, request)))


def read_status(settings: Settings, status_url: str) -> Flow[RequesterStatus]:
    """Read what the requester sees; the address is the permission, so no key is sent."""
    response = yield from send(settings, http.open_get(status_url))
    return decode(RequesterStatus, response.json())


def _complete(handoff: Handoff) -> bool:
    """Tell a full handoff from the short form inside a ruling, which has no answer yet."""
    return handoff.state != HandoffState.ANSWERED or handoff.answer is not None


def _path(handoff: Handoff | str) -> str:
    return f"/api/v1/handoffs/{segment(identify(handoff))}"


def _handoff(response: Response) -> Handoff:
    handoff = decode(Handoff, response.json(), etag=response.headers.get("etag"))
    if handoff.answer is None:
        return handoff
    known = handoff.answer
    return replace(
        handoff,
        answer=replace(
            known,
            handoff=known.handoff or handoff.id,
            proposal=known.proposal or handoff.proposal,
            action_type=known.action_type or handoff.action_type,
        ),
    )
