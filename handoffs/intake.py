"""Proposal to ruling to pause: two round trips to the database, one to read and one to write."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection

from handoffs import ids, pause, rulings, sampling, waiting
from handoffs.doors import Door
from handoffs.errors import (
    IdempotencyMismatch,
    InProgress,
    NoAuthority,
    QueueFull,
)
from handoffs.failpoints import failpoint
from handoffs.idempotency import Told
from handoffs.policy import Fired
from handoffs.rulings import Proposed, Ruled
from handoffs.states import Cause, HandoffKind


@dataclass(frozen=True)
class Keyed:
    """An Idempotency-Key and the SHA-256 of the request that carries it."""

    key: str
    fingerprint: str


@dataclass(frozen=True)
class Asked:
    """A proposal as it comes in: nobody has looked yet whose it is."""

    secret_hash: str
    proposed: Proposed
    keyed: Keyed | None


@dataclass(frozen=True)
class Ready:
    """A ruling and what is to be stored of it."""

    door: Door
    keyed: Keyed | None
    told: Told
    writing: pause.Writing


def propose(door: Door, proposed: Proposed, *, keyed: Keyed | None) -> Told:
    """Rule on the proposal and store ruling and, where a person is needed, the pause.

    The same key and body are answered as the first time, also when two arrive at once: the loser
    of the race finds the winner's answer.
    """
    ready = prepare(door, proposed, keyed)
    return ready if isinstance(ready, Told) else _store(ready)


def prepare(door: Door, proposed: Proposed, keyed: Keyed | None) -> Told | Ready:
    """Rule on the proposal and return what is to be stored; or what this key was told before."""
    replayed = replay(door, keyed)
    if replayed is not None:
        return replayed
    ruled = rulings.rule(door, proposed)
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
    if opening is not None:
        writing = pause.opened(opening, remembered)
        door.add_waiting(opening.authority.queue_id)
    else:
        writing = pause.ruled(
            proposal,
            client_id=door.client_id,
            by=door.actor,
            facts=_audit_facts(proposal),
            remembered=remembered,
            checkpoint=proposed.checkpoint,
        )
    return Ready(door, keyed, told, writing)


def _store(ready: Ready) -> Told:
    try:
        failpoint("intake.before_store")
        stored = pause.store([ready.writing])
        failpoint("intake.after_store")
    except IntegrityError as error:
        if ready.keyed is None or "idempotency_key_once" not in str(error):
            raise
        return _other_answer(ready.door, ready.keyed)
    if not stored:
        raise rulings.not_accepting(ready.door.state)
    return ready.told


def dry_run(door: Door, proposed: Proposed) -> Told:
    """Answer as `propose` would and store nothing."""
    ruled = rulings.rule(door, proposed)
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


def _proposal_facts(door: Door, proposed: Proposed, ruled: Ruled) -> pause.ProposalFacts:
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
    door: Door, proposed: Proposed, ruled: Ruled, proposal: pause.ProposalFacts
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
    door: Door, ruled: Ruled, proposal: pause.ProposalFacts, opening: pause.Opening | None
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
    policy = rulings.check_run(door)
    authority = policy.authority_for_kind(kind)
    if authority is None:
        raise NoAuthority
    warnings = rulings.check_brief(policy, brief, action_type=kind.value)
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
        raise rulings.not_accepting(door.state)
    return {**_handoff_body(door, opening), "warnings": warnings}
