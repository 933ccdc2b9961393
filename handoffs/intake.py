"""Proposal to ruling to pause: two round trips to the database, one to read and one to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection

from accounts.errors import FieldProblem
from handoffs import (
    briefs,
    canonical,
    compiled,
    ids,
    pause,
    queries,
    sampling,
    signals,
    waiting,
)
from handoffs.compiled import Action, CompiledWorkflow
from handoffs.doors import Door
from handoffs.errors import (
    ArgumentsOffSchema,
    BadShape,
    IdempotencyMismatch,
    IllegalTransition,
    InProgress,
    MissingContext,
    NoAuthority,
    NotFound,
    NotLaunched,
    OverBudget,
    QueueFull,
    UnknownActionType,
    WorkflowNotYours,
)
from handoffs.failpoints import failpoint
from handoffs.idempotency import Told
from handoffs.policy import Fired, Ruling
from handoffs.states import (
    ACCEPTS_PROPOSALS,
    ASKED_TIERS,
    Cause,
    HandoffKind,
    RunState,
    Tier,
)


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """A proposal as the agent sent it, its shape already checked."""

    run: str
    action_type: str
    arguments: dict[str, Any]
    signals: dict[str, Any] = field(default_factory=dict)
    brief: dict[str, Any] | None = None
    checkpoint: str | None = None
    preconditions: list[Any] = field(default_factory=list)
    blocking: bool = True


@dataclass(frozen=True)
class Keyed:
    """An Idempotency-Key and the SHA-256 of the request that carries it."""

    key: str
    fingerprint: str


@dataclass(frozen=True)
class _Ruled:
    action: Action
    ruling: Ruling
    arguments: str
    digest: str
    brief: dict[str, Any]
    warnings: list[dict[str, str]]
    authority: pause.Authority | None
    kind: HandoffKind
    blocking: bool
    shares: Mapping[Tier, float]


def propose(door: Door, proposed: Proposed, *, keyed: Keyed | None) -> Told:
    """Rule on the proposal and store ruling and, where a person is needed, the pause.

    The same key and body are answered as the first time, also when two arrive at once: the loser
    of the race finds the winner's answer.
    """
    replayed = replay(door, keyed)
    if replayed is not None:
        return replayed
    ruled = _rule(door, proposed)
    proposal = _proposal_facts(door, proposed, ruled)
    opening = _opening(door, proposed, ruled, proposal) if ruled.authority else None
    body = _body(door, ruled, proposal, opening)
    told = Told(status=201 if opening else 200, body=orjson.dumps(body).decode())
    remembered = (
        pause.Remembered(
            key=keyed.key, fingerprint=keyed.fingerprint, status=told.status, body=told.body
        )
        if keyed
        else None
    )
    failpoint("intake.before_store")
    try:
        stored = _store(door, proposed, proposal, opening, remembered)
    except IntegrityError as error:
        if keyed is None or "idempotency_key_once" not in str(error):
            raise
        return _other_answer(door, keyed)
    failpoint("intake.after_store")
    if not stored:
        raise _not_accepting(door.state)
    return told


def dry_run(door: Door, proposed: Proposed) -> Told:
    """Answer as `propose` would and store nothing."""
    ruled = _rule(door, proposed)
    proposal = _proposal_facts(door, proposed, ruled)
    opening = _opening(door, proposed, ruled, proposal) if ruled.authority else None
    body = {**_body(door, ruled, proposal, opening), "id": None, "dry_run": True}
    if opening is not None:
        body["handoff"] = {
            "queue": opening.authority.queue_slug,
            "deadline_at": opening.deadline_at.isoformat(),
            "position": _position(door, opening.authority),
        }
    return Told(status=200, body=orjson.dumps(body).decode())


def replay(door: Door, keyed: Keyed | None) -> Told | None:
    """Return what this key was told before, refuse another body under it, or None when new."""
    if keyed is None or door.fingerprint is None:
        return None
    if door.fingerprint != keyed.fingerprint:
        raise IdempotencyMismatch
    return Told(status=door.status, body=door.body or "", replayed=True)


def _other_answer(door: Door, keyed: Keyed) -> Told:
    with connection.cursor() as cursor:
        cursor.execute(
            "select fingerprint, status, body from handoffs_idempotencyrecord "
            "where client_id = %s and key = %s",
            [door.client_id, keyed.key],
        )
        row = cursor.fetchone()
    if row is None:
        raise InProgress(retry_after=1)
    if row[0] != keyed.fingerprint:
        raise IdempotencyMismatch
    return Told(status=row[1], body=row[2], replayed=True)


def check_run(door: Door) -> CompiledWorkflow:
    """Let in who may use this run, and return the policy that binds it."""
    if door.run_id is None:
        raise NotFound
    if "*" not in door.workflows and door.slug not in door.workflows:
        raise WorkflowNotYours
    if not door.launched:
        raise NotLaunched
    if RunState(door.state) not in ACCEPTS_PROPOSALS:
        raise _not_accepting(door.state)
    return compiled.get(door.workflow_id, door.revision, door.now)


def _not_accepting(state: str) -> IllegalTransition:
    return IllegalTransition(
        f"The run is {state} and takes no proposals now. Nothing was stored. "
        "Propose while it is RUNNING or PAUSED_PENDING_HUMAN.",
        entity="run",
        from_state=state,
        to_state=RunState.PAUSED_PENDING_HUMAN.value,
    )


def _rule(door: Door, proposed: Proposed) -> _Ruled:
    policy = check_run(door)
    action = policy.actions.get(proposed.action_type)
    if action is None:
        raise UnknownActionType(
            fields=(FieldProblem("action_type", f"{door.slug} has no such action type"),)
        )
    problems = action.schema.check(proposed.arguments)
    if problems:
        raise ArgumentsOffSchema(
            fields=tuple(FieldProblem(one.path, one.message) for one in problems)
        )
    try:
        text = canonical.encode(proposed.arguments)
    except canonical.NotCanonical as error:
        raise BadShape(fields=(FieldProblem("arguments", str(error)),)) from None
    try:
        read = signals.from_json(proposed.signals)
    except signals.SignalsRefused as error:
        raise BadShape(fields=(FieldProblem(f"signals.{error.path}", error.message),)) from None
    ruling = policy.rule(_acting(door, policy, action, proposed), read)
    asked = ruling.tier in ASKED_TIERS
    kind = HandoffKind.TAKEOVER if ruling.tier is Tier.HARD_STOP else HandoffKind.APPROVAL
    authority = policy.authority(action.name, kind, ruling.tier) if asked else None
    if asked and authority is None:
        raise NoAuthority
    return _Ruled(
        action=action,
        ruling=ruling,
        arguments=text.decode(),
        digest=canonical.digest_of(text),
        brief=proposed.brief or {},
        warnings=_check_brief(policy, action, proposed.brief or {}) if asked else [],
        authority=authority,
        kind=kind,
        blocking=_blocks(ruling.tier, proposed.blocking),
        shares=policy.shares,
    )


def _acting(
    door: Door, policy: CompiledWorkflow, action: Action, proposed: Proposed
) -> signals.Action:
    """Put together what policy may read beside the signals; the run's input only if it does."""
    reads_input = policy.map is not None and policy.map.reads_input
    return action.type.with_arguments(
        proposed.arguments,
        at=door.now,
        first_seen=action.is_new,
        input=queries.run_input(proposed.run) if reads_input else None,
        brief=proposed.brief,
    )


def _blocks(tier: Tier, wanted: bool) -> bool:
    """A hard stop always stops the run, a soft review never; an approval as the agent says."""
    return tier is Tier.HARD_STOP or (tier is Tier.HARD_APPROVAL and wanted)


def _check_brief(
    policy: CompiledWorkflow, action: Action, brief: dict[str, Any]
) -> list[dict[str, str]]:
    """Refuse a brief that lacks what the reviewer needs; return what should be shortened."""
    judge = partial(
        briefs.check, brief, action_type=action.name, required_context=action.required_context
    )
    checked = judge()
    _refuse_brief(MissingContext, checked.problems)
    if policy.strict_briefs:
        _refuse_brief(OverBudget, judge(strict=True).problems)
    return [{"path": one.path, "message": one.message} for one in checked.warnings]


def _refuse_brief(refusal: type[BadShape], problems: Sequence[briefs.Remark]) -> None:
    if problems:
        raise refusal(fields=tuple(FieldProblem(one.path, one.message) for one in problems))


def _proposal_facts(door: Door, proposed: Proposed, ruled: _Ruled) -> pause.ProposalFacts:
    id, tier = ids.new_proposal(), ruled.ruling.tier
    audit = sampling.draw(settings.SAMPLING_SECRET, id, tier=tier, shares=ruled.shares)
    return pause.ProposalFacts(
        id=id,
        run_id=proposed.run,
        action_type=ruled.action.name,
        arguments=ruled.arguments,
        arguments_digest=ruled.digest,
        signals=proposed.signals,
        tier=tier,
        act=ruled.ruling.act.value,
        rules=[_fired(reason) for reason in ruled.ruling.fired],
        map_version=ruled.ruling.version,
        preconditions=proposed.preconditions,
        ruled_at=door.now,
        first_seen=ruled.action.is_new,
        audit=audit,
        brief=ruled.brief if audit.drawn else None,
    )


def _fired(reason: Fired) -> dict[str, Any]:
    return {"id": reason.id, "tier": reason.tier.value, "because": reason.because}


def _opening(
    door: Door, proposed: Proposed, ruled: _Ruled, proposal: pause.ProposalFacts
) -> pause.Opening:
    assert ruled.authority is not None
    authority = _with_room(door, ruled.authority)
    return pause.Opening(
        run_id=proposed.run,
        workflow_id=door.workflow_id,
        client_id=door.client_id,
        kind=ruled.kind,
        authority=authority,
        brief=ruled.brief,
        by=door.actor,
        now=door.now,
        cause=Cause.PROPOSED,
        facts=_audit_facts(proposal),
        tier=ruled.ruling.tier,
        blocking=ruled.blocking,
        proposal=proposal,
        checkpoint=proposed.checkpoint,
    )


def _with_room(door: Door, authority: pause.Authority) -> pause.Authority:
    found = authority.with_room(door.waiting)
    if found is None:
        raise QueueFull(
            f"{authority.queue_name} already has {authority.depth_limit} handoffs waiting, its "
            "limit. Nothing was stored. Slow down and send this again later.",
            retry_after=30,
        )
    return found


def _store(
    door: Door,
    proposed: Proposed,
    proposal: pause.ProposalFacts,
    opening: pause.Opening | None,
    remembered: pause.Remembered | None,
) -> bool:
    if opening is not None:
        return pause.open_handoff(opening, remembered)
    return pause.store_proposal(
        proposal,
        client_id=door.client_id,
        by=door.actor,
        facts=_audit_facts(proposal),
        remembered=remembered,
        checkpoint=proposed.checkpoint,
    )


def _audit_facts(proposal: pause.ProposalFacts) -> dict[str, Any]:
    return {
        "proposal": proposal.id,
        "run": proposal.run_id,
        "action_type": proposal.action_type,
        "arguments_digest": proposal.arguments_digest,
        "tier": proposal.tier.value,
        "rules": [rule["id"] for rule in proposal.rules],
        "map_version": proposal.map_version,
    }


def _body(
    door: Door, ruled: _Ruled, proposal: pause.ProposalFacts, opening: pause.Opening | None
) -> dict[str, Any]:
    """Build the answer of `api.md`; see `handoffs.schemas.RulingOut` for its shape."""
    return {
        "id": proposal.id,
        "tier": proposal.tier.value,
        "act": proposal.act,
        "map": {"workflow": door.slug, "version": proposal.map_version},
        "rules": proposal.rules,
        "arguments_digest": proposal.arguments_digest,
        "warnings": ruled.warnings,
        "handoff": _handoff_body(door, opening) if opening else None,
    }


def _handoff_body(door: Door, opening: pause.Opening) -> dict[str, Any]:
    signer = waiting.Signer(secret=settings.SECRET_KEY, base_url=settings.WAIT_URL)
    return {
        "id": opening.id,
        "state": "waiting",
        "queue": opening.authority.queue_slug,
        "deadline_at": opening.deadline_at.isoformat(),
        "position": _position(door, opening.authority),
        "expected_by": opening.deadline_at.isoformat(),
        "url": f"{settings.PUBLIC_URL}/handoffs/{opening.id}",
        "status_url": f"{settings.PUBLIC_URL}/status/{door.status_token}",
        "wait_url": signer.url_for_handoff(opening.id, 1, now=opening.now),
    }


def _position(door: Door, authority: pause.Authority) -> int:
    return door.waiting(authority.queue_id) + 1


def escalate(
    door: Door,
    *,
    kind: HandoffKind,
    brief: dict[str, Any],
    checkpoint: str | None,
    blocking: bool,
) -> dict[str, Any]:
    """Open a handoff because the agent asks for a person itself."""
    policy = check_run(door)
    authority = policy.authority_for_kind(kind)
    if authority is None:
        raise NoAuthority
    _refuse_brief(MissingContext, briefs.check(brief, action_type=kind.value).problems)
    assert door.run_id is not None
    opening = pause.Opening(
        run_id=door.run_id,
        workflow_id=door.workflow_id,
        client_id=door.client_id,
        kind=kind,
        authority=_with_room(door, authority),
        brief=brief,
        by=door.actor,
        now=door.now,
        cause=Cause.ESCALATED,
        facts={"run": door.run_id, "kind": kind.value},
        blocking=blocking,
        checkpoint=checkpoint,
    )
    if not pause.open_handoff(opening):
        raise _not_accepting(door.state)
    return _handoff_body(door, opening)
