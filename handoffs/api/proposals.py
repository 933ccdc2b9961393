"""Proposals: may I? The hottest path: one look at the database, one ruling, one statement."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import ValidationError

from accounts.errors import DomainError, FieldProblem, NotSignedIn
from handoffs import doors, idempotency, intake, resumptions
from handoffs.api import access, acting, documented, problems, reading, telling
from handoffs.api.access import AgentRequest
from handoffs.api.reading import Received
from handoffs.doors import Door
from handoffs.errors import (
    ArgumentsOffSchema,
    BadShape,
    IllegalTransition,
    MissingContext,
    NoAuthority,
    NotFound,
    NotLaunched,
    OverBudget,
    QueueFull,
    SteppedIn,
    UnknownActionType,
    WorkflowNotYours,
    WorkflowStopped,
)
from handoffs.idempotency import Done, Told
from handoffs.intake import Asked
from handoffs.rulings import Proposed
from handoffs.schemas.proposals import (
    BatchIn,
    BatchOut,
    DryRunOut,
    OutcomeIn,
    OutcomeOut,
    ProposalIn,
    RulingOut,
)

router = Router(tags=["Proposals"])
_THEIRS = (NotFound, WorkflowNotYours)
_RULED = (
    *_THEIRS,
    NotLaunched,
    IllegalTransition,
    NoAuthority,
    UnknownActionType,
    ArgumentsOffSchema,
    MissingContext,
    OverBudget,
    QueueFull,
    WorkflowStopped,
    SteppedIn,
)

_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/ProposalIn"}}}
# the key is checked with the look-up, and the body read without ninja's detours; both are measured
_BY_HAND: dict[str, Any] = {
    "requestBody": {"required": True, "content": _BODY},
    "security": [{"AgentKey": []}],
}


@router.post(
    "/proposals",
    auth=None,
    response={200: RulingOut, 201: RulingOut},
    operation_id="propose",
    openapi_extra=documented.does(*_RULED, told=(200, 201)) | _BY_HAND,
)
def propose(request: HttpRequest) -> HttpResponse:
    """Ask whether an action may be taken: 200 when nobody is needed, 201 with a handoff."""
    told = take(request)
    return telling.replayed(telling.json(told.status, told.body), told.replayed)


def take(request: Received) -> Told:
    """Answer a proposal that came through Django, or raise why not."""
    secret = access.secret_hash(request)
    try:
        one = asked(request)
    except DomainError:
        access.check_key(request)
        raise
    door = _look(secret, one.proposed.run, one.keyed.key if one.keyed else None)
    return intake.propose(door, one.proposed, keyed=one.keyed)


def asked(request: Received) -> Asked:
    """Read a proposal, however it was received, or raise what is wrong with it."""
    secret = access.secret_hash(request)
    sent, key = reading.read(request), reading.key(request)
    return Asked(secret, _proposed(sent), _keyed(key, _SINGLE, sent))


@router.post(
    "/proposals/dry-run",
    response=DryRunOut,
    operation_id="propose_dry_run",
    openapi_extra=documented.does(*_RULED),
)
def dry_run(request: AgentRequest, body: ProposalIn) -> HttpResponse:
    """Ask what policy would say; nothing is written, so there is nothing to repeat either."""
    reading.key(request)
    door = _look(access.secret_hash(request), body.run, None)
    told = intake.dry_run(door, _as_proposed(body, request.sent))
    return telling.json(told.status, told.body)


@router.post(
    "/proposals/batch",
    response=BatchOut,
    operation_id="propose_batch",
    openapi_extra=documented.does(),
)
def propose_batch(request: AgentRequest, body: BatchIn) -> HttpResponse:
    """Propose up to 100 actions, each with its own key; one that is refused refuses only itself.

    The batch's own Idempotency-Key keeps an answer without refusals: a refused one may be tried
    again as it is.
    """
    keyed = acting.keyed(request)
    earlier = idempotency.recall(keyed)
    if earlier is not None:
        return telling.replayed(telling.json(earlier.status, earlier.body), True)
    secret = access.secret_hash(request)
    results = [_one_of_many(request, secret, item) for item in body.proposals]
    text = '{"results":[' + ",".join(result for _, result in results) + "]}"
    if all(status < 400 for status, _ in results):
        idempotency.remember(keyed, Done(status=200, body=text))
    return telling.json(200, text)


def _one_of_many(request: AgentRequest, secret: str, item: dict[str, Any]) -> tuple[int, str]:
    try:
        sent = dict(item)
        key = idempotency.read_key(_own_key(sent))
        proposed = _proposed(sent)
        door = _look(secret, proposed.run, key)
        told = intake.propose(door, proposed, keyed=_keyed(key, _SINGLE, sent))
    except DomainError as refused:
        body = json.dumps(problems.body(request, refused), ensure_ascii=False)
        return refused.status, _result(refused.status, False, body)
    return told.status, _result(told.status, told.replayed, told.body)


# what the fingerprint of a proposal names, however it was sent
_SINGLE = "/api/v1/proposals"


def _own_key(sent: dict[str, Any]) -> str:
    key = sent.pop("key", None)
    if not isinstance(key, str):
        raise BadShape(fields=(FieldProblem("key", "Each proposal needs a key of its own."),))
    return key


def _result(status: int, replayed: bool, body: str) -> str:
    return f'{{"status":{status},"replayed":{"true" if replayed else "false"},"body":{body}}}'


@router.post(
    "/proposals/{proposal_id}/outcome",
    response=OutcomeOut,
    operation_id="report_outcome",
    openapi_extra=documented.does(*_THEIRS),
)
def report_outcome(request: AgentRequest, proposal_id: str, body: OutcomeIn) -> HttpResponse:
    """Say what became of the action: `done`, `failed` or `rolled_back`."""
    proposal = access.proposal(request, proposal_id)

    def do() -> Done:
        resumptions.report_outcome(
            proposal,
            status=body.status,
            detail=body.detail,
            by=access.actor(request),
            now=timezone.now(),
        )
        return acting.done(200, OutcomeOut(id=proposal.id, outcome=body.status))

    return acting.once(request, do)


def _look(secret: str, run: str, key: str | None) -> Door:
    door = doors.look(secret_hash=secret, run_id=run, key=key)
    if door is None:
        raise NotSignedIn
    return door


def _keyed(key: str | None, path: str, sent: object) -> intake.Keyed | None:
    if key is None:
        return None
    return intake.Keyed(key, idempotency.fingerprint("POST", path, sent))


def _proposed(sent: Any) -> Proposed:
    try:
        return _as_proposed(ProposalIn.model_validate(sent), sent)
    except ValidationError as error:
        raise reading.misshapen(error) from None


def _as_proposed(body: ProposalIn, sent: dict[str, Any]) -> Proposed:
    """Hand on what was sent, now that its shape is known: strict shapes change no value."""
    checkpoint = sent.get("checkpoint")
    return Proposed(
        run=body.run,
        action_type=body.action_type,
        arguments=body.arguments,
        signals=sent.get("signals", {}),
        brief=sent.get("brief"),
        checkpoint=None if checkpoint is None else json.dumps(checkpoint, ensure_ascii=False),
        preconditions=sent.get("preconditions", []),
        blocking=body.blocking,
    )
