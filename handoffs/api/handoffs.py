"""Handoffs: ask a person, see how it stands, answer questions, take it back."""

import json
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router

from accounts.errors import NotSignedIn
from handoffs import answers, doors, intake
from handoffs.api import access, acting, documented, showing, telling
from handoffs.api.access import AgentRequest
from handoffs.errors import (
    IllegalTransition,
    MissingContext,
    NoAuthority,
    NotFound,
    NotLaunched,
    OverBudget,
    QueueFull,
    SteppedIn,
    WorkflowNotYours,
    WorkflowStopped,
)
from handoffs.idempotency import Done
from handoffs.schemas.handoffs import (
    EscalatedOut,
    EscalationIn,
    HandoffOut,
    InformationIn,
    WithdrawalIn,
)
from handoffs.states import HandoffKind

router = Router(tags=["Handoffs"])
_THEIRS = (NotFound, WorkflowNotYours)
_READ = documented.looks_up(*_THEIRS)
_READ["responses"][307] = {
    "description": "With `wait`: ask there, then read again.",
    "headers": {"Location": documented.header("The wait address; it needs no key.")},
}


@router.post(
    "/handoffs",
    response={201: EscalatedOut},
    operation_id="escalate",
    openapi_extra=documented.does(
        *_THEIRS,
        NotLaunched,
        IllegalTransition,
        NoAuthority,
        MissingContext,
        OverBudget,
        QueueFull,
        WorkflowStopped,
        SteppedIn,
        told=(201,),
    ),
)
def escalate(request: AgentRequest, body: EscalationIn) -> HttpResponse:
    """Ask a person directly, whatever policy says."""
    sent, now = request.sent, timezone.now()

    def do() -> Done:
        secret = access.secret_hash(request)
        door = doors.look(secret_hash=secret, run_id=body.run, key=None)
        if door is None:
            raise NotSignedIn
        opened = intake.escalate(
            door,
            kind=HandoffKind(body.kind),
            brief=sent["brief"],
            checkpoint=_text(sent.get("checkpoint")),
            blocking=body.blocking,
        )
        shown = showing.handoff(access.handoff(request, opened["id"]), now=now)
        told = EscalatedOut(**dict(shown), warnings=opened["warnings"])
        return acting.done(201, told, handoff=opened["id"])

    return acting.once(request, do)


def _text(checkpoint: Any) -> str | None:
    return None if checkpoint is None else json.dumps(checkpoint, ensure_ascii=False)


@router.get(
    "/handoffs/{handoff_id}", response=HandoffOut, operation_id="read_handoff", openapi_extra=_READ
)
def read(
    request: AgentRequest,
    handoff_id: str,
    wait: Annotated[int | None, Query(ge=0, le=60)] = None,
) -> HttpResponse:
    """Read how a handoff stands; with `wait`, be sent to where waiting costs nobody anything."""
    handoff, now = access.handoff(request, handoff_id), timezone.now()
    if wait:
        response = HttpResponse(status=307)
        url = showing.signer().url_for_handoff(handoff.id, handoff.version, now=now)
        response["Location"] = f"{url}?seconds={wait}"
        return response
    return telling.versioned(request, showing.handoff(handoff, now=now))


@router.post(
    "/handoffs/{handoff_id}/information",
    response=HandoffOut,
    operation_id="give_information",
    openapi_extra=documented.does(*_THEIRS, IllegalTransition),
)
def give_information(request: AgentRequest, handoff_id: str, body: InformationIn) -> HttpResponse:
    """Answer a reviewer's question; the handoff goes back to its place in the queue."""
    handoff, now = access.handoff(request, handoff_id), timezone.now()

    def do() -> Done:
        answers.give_information(
            handoff.id,
            facts=request.sent.get("facts", []),
            evidence=request.sent.get("evidence", []),
            message=body.message,
            by=access.actor(request),
            now=now,
        )
        return _shown(request, handoff.id)

    return acting.once(request, do)


@router.post(
    "/handoffs/{handoff_id}/withdraw",
    response=HandoffOut,
    operation_id="withdraw_handoff",
    openapi_extra=documented.does(*_THEIRS, IllegalTransition),
)
def withdraw(request: AgentRequest, handoff_id: str, body: WithdrawalIn) -> HttpResponse:
    """Take a handoff back: you no longer want to do this."""
    handoff, now = access.handoff(request, handoff_id), timezone.now()

    def do() -> Done:
        answers.withdraw(handoff.id, reason=body.reason, by=access.actor(request), now=now)
        return _shown(request, handoff.id)

    return acting.once(request, do)


def _shown(request: AgentRequest, handoff_id: str) -> Done:
    shown = showing.handoff(access.handoff(request, handoff_id), now=timezone.now())
    return acting.done(200, shown)
