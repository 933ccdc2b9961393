"""Resumptions: who goes on?"""

import json
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from handoffs import resumptions
from handoffs.api import access, acting, documented, showing
from handoffs.api.access import AgentRequest
from handoffs.errors import (
    IllegalTransition,
    NotFound,
    StaleLease,
    WorkflowNotYours,
    WorkflowStopped,
)
from handoffs.idempotency import Done
from handoffs.models import Checkpoint, Handoff
from handoffs.resumptions import Lease
from handoffs.schemas.resumptions import (
    AcknowledgementIn,
    ClaimIn,
    HeartbeatOut,
    LeaseOut,
    PreconditionOut,
    ReleaseOut,
    ResumptionOut,
    TokenIn,
)
from handoffs.schemas.runs import RunOut

router = Router(tags=["Resumptions"])
_THEIRS = (NotFound, WorkflowNotYours)
_CLAIM = documented.does(*_THEIRS, WorkflowStopped)
_CLAIM["responses"][204] = {
    "description": "No run to go on with. Nothing is kept under the Idempotency-Key.",
    "headers": {"Wait-URL": documented.header("Wait there, then claim again.")},
}


class _NothingToDo(Exception):
    """Rolls the idempotency record back: a later claim may use the same key."""


@router.post(
    "/resumptions/claim",
    response={200: ResumptionOut, 204: None},
    operation_id="claim_resumption",
    openapi_extra=_CLAIM,
)
def claim(request: AgentRequest, body: ClaimIn) -> HttpResponse:
    """Take the next run to go on with, under a lease; or hear where to wait for one (204)."""
    now = timezone.now()
    ids = [access.workflow(request, slug).pk for slug in dict.fromkeys(body.workflows)]
    run_id = access.run(request, body.run).id if body.run is not None else None

    def do() -> Done:
        lease = resumptions.claim(
            workflow_ids=ids,
            client_id=request.auth.client.pk,
            worker=body.worker,
            lease_seconds=body.lease_seconds,
            by=access.actor(request),
            now=now,
            run_id=run_id,
        )
        if lease is None:
            raise _NothingToDo
        return acting.done(200, _leased(lease))

    try:
        return acting.once(request, do)
    except _NothingToDo:
        response = HttpResponse(status=204)
        response["Wait-URL"] = showing.signer().url_for_workflows(
            ids, client_id=request.auth.client.pk, now=now
        )
        return response


def _leased(lease: Lease) -> ResumptionOut:
    resumption, now = lease.resumption, timezone.now()
    carried = resumptions.carried(resumption)
    kept = Checkpoint.objects.filter(run=resumption.run_id).values_list("body", flat=True).first()
    expires_at = resumption.lease_expires_at
    assert expires_at is not None
    return ResumptionOut(
        id=resumption.id,
        run=showing.run(resumption.run, now=now),
        checkpoint=json.loads(kept) if kept is not None else None,
        answers=[showing.answer(one, current) for one in carried for current in _current(one)],
        preconditions=[_precondition(found) for one in carried for found in _of_proposal(one)],
        lease=LeaseOut(token=lease.token, expires_at=expires_at),
        attempt=resumption.epoch,
    )


def _current(handoff: Handoff) -> list[Any]:
    return [answer for answer in handoff.answers.all() if answer.round == handoff.round]


def _of_proposal(handoff: Handoff) -> list[dict[str, Any]]:
    return handoff.proposal.preconditions if handoff.proposal else []


def _precondition(found: dict[str, Any]) -> PreconditionOut:
    return PreconditionOut(name=found["name"], value=found.get("value"))


@router.post(
    "/resumptions/{resumption_id}/heartbeat",
    response=HeartbeatOut,
    operation_id="heartbeat_resumption",
    openapi_extra=documented.does(*_THEIRS, StaleLease, WorkflowStopped),
)
def heartbeat(request: AgentRequest, resumption_id: str, body: TokenIn) -> HttpResponse:
    """Keep the lease for as long again as it was asked for."""
    resumption = access.resumption(request, resumption_id)

    def do() -> Done:
        expires_at = resumptions.heartbeat(
            resumption.id, token=body.token, by=access.actor(request), now=timezone.now()
        )
        return acting.done(
            200, HeartbeatOut(lease=LeaseOut(token=body.token, expires_at=expires_at))
        )

    return acting.once(request, do)


@router.post(
    "/resumptions/{resumption_id}/acknowledge",
    response=RunOut,
    operation_id="acknowledge_resumption",
    openapi_extra=documented.does(*_THEIRS, StaleLease, IllegalTransition, WorkflowStopped),
)
def acknowledge(request: AgentRequest, resumption_id: str, body: AcknowledgementIn) -> HttpResponse:
    """Say that the run goes on, or that the world moved since the answer (`stale`)."""
    resumption = access.resumption(request, resumption_id)
    now, by = timezone.now(), access.actor(request)

    def do() -> Done:
        if body.outcome == "resumed":
            run = resumptions.acknowledge_resumed(resumption.id, token=body.token, by=by, now=now)
        else:
            changed = [one.model_dump() for one in body.changed]
            run = resumptions.acknowledge_stale(
                resumption.id, token=body.token, changed=changed, by=by, now=now
            )
        return acting.done(200, showing.run(run, now=now))

    return acting.once(request, do)


@router.post(
    "/resumptions/{resumption_id}/release",
    response=ReleaseOut,
    operation_id="release_resumption",
    openapi_extra=documented.does(*_THEIRS, StaleLease, IllegalTransition),
)
def release(request: AgentRequest, resumption_id: str, body: TokenIn) -> HttpResponse:
    """Give the turn back undone, so that the next worker may try at once."""
    resumption = access.resumption(request, resumption_id)

    def do() -> Done:
        resumptions.release(
            resumption.id, token=body.token, by=access.actor(request), now=timezone.now()
        )
        return acting.done(200, ReleaseOut(id=resumption.id, released=True))

    return acting.once(request, do)
