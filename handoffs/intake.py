"""Proposal to ruling to pause: two round trips to the database, one to read and one to write."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.db import IntegrityError, connection

from handoffs import bodies, ids, pause, placing, rooms, rulings, sampling, standstill
from handoffs.doors import Door
from handoffs.errors import (
    IdempotencyMismatch,
    InProgress,
    NoAuthority,
)
from handoffs.failpoints import failpoint
from handoffs.idempotency import Told
from handoffs.pause import Authority, Stored
from handoffs.policy import Fired
from handoffs.rooms import Placed
from handoffs.rulings import Proposed, Ruled
from handoffs.states import Cause, HandoffKind, RunState


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
    """A ruling and what is to be stored of it; `put` makes it anew for another queue."""

    door: Door
    keyed: Keyed | None
    told: Told
    writing: pause.Writing
    authority: Authority | None = None
    put: Callable[[Placed], "Ready"] | None = None

    @property
    def run(self) -> str:
        return str(self.writing.values["run_id"])

    @property
    def beyond_limit(self) -> bool:
        return bool(self.writing.values.get("beyond_limit"))


def propose(door: Door, proposed: Proposed, *, keyed: Keyed | None) -> Told:
    """Rule on the proposal and store ruling and, where a person is needed, the pause.

    The same key and body are answered as the first time, also when two arrive at once: the loser
    of the race finds the winner's answer.
    """
    ready = prepare(door, proposed, keyed)
    return ready if isinstance(ready, Told) else _store(ready)


def prepare(door: Door, proposed: Proposed, keyed: Keyed | None) -> Told | Ready:
    """Rule on the proposal and return what is to be stored; or what this key was told before."""
    rulings.check_going(door)
    replayed = replay(door, keyed)
    if replayed is not None:
        _check_held(door)
        return replayed
    ruled = rulings.rule(door, proposed)
    proposal = _proposal_facts(door, proposed, ruled)
    if ruled.authority is None:
        return _needs_nobody(door, proposed, keyed, ruled, proposal)

    def put(placed: Placed) -> Ready:
        opening = _opening(door, proposed, ruled, proposal, placed)
        told = _told(201, bodies.ruling(door, ruled, proposal, opening))
        writing = pause.opened(opening, _remembered(keyed, told))
        return Ready(door, keyed, told, writing, ruled.authority, put)

    placed = placing.choose(door, ruled.authority)
    ready = put(placed)
    door.add_waiting(placed.authority.queue_id)
    return ready


def _needs_nobody(
    door: Door,
    proposed: Proposed,
    keyed: Keyed | None,
    ruled: Ruled,
    proposal: pause.ProposalFacts,
) -> Ready:
    told = _told(200, bodies.ruling(door, ruled, proposal, None))
    writing = pause.ruled(
        proposal,
        client_id=door.client_id,
        by=door.actor,
        facts=_audit_facts(proposal),
        remembered=_remembered(keyed, told),
        checkpoint=proposed.checkpoint,
    )
    return Ready(door, keyed, told, writing)


def _told(status: int, body: dict[str, Any]) -> Told:
    return Told(status=status, body=orjson.dumps(body).decode())


def _remembered(keyed: Keyed | None, told: Told) -> pause.Remembered | None:
    if keyed is None:
        return None
    return pause.Remembered(
        key=keyed.key, fingerprint=keyed.fingerprint, status=told.status, body=told.body
    )


def _store(ready: Ready) -> Told:
    try:
        return _find_place(ready)
    except IntegrityError as error:
        if ready.keyed is None or "idempotency_key_once" not in str(error):
            raise
        return _other_answer(ready.door, ready.keyed)


def _find_place(ready: Ready) -> Told:
    """Store it where it was to go, or where its slot is full, exactly: there, elsewhere, or not."""
    beyond = ready.beyond_limit
    outcome = Stored.NO_PLACE if beyond else _write(ready)
    if outcome is Stored.NO_PLACE:
        return _find_place_exactly(ready, beyond=beyond)
    if outcome is not Stored.STORED:
        _check_stopped(ready.door)
        raise rulings.not_accepting(ready.door)
    return ready.told


def _find_place_exactly(ready: Ready, *, beyond: bool) -> Told:
    assert ready.authority is not None and ready.put is not None
    authority, door = ready.authority, ready.door
    ways = [] if beyond else [rooms.at(authority, one) for one in authority.chain]
    if not door.can_be_slowed:
        ways.append(Placed(authority, beyond_limit=True))
    for placed in ways:
        another = ready.put(placed)
        outcome = pause.store_exactly(another.writing, anyway=placed.beyond_limit)
        if outcome is Stored.NOT_ACCEPTED:
            _check_stopped(door)
            raise rulings.not_accepting(door)
        if outcome is Stored.STORED:
            return another.told
    raise placing.refusal(door, authority)


def _check_stopped(door: Door) -> None:
    """Say so, when people have stopped the workflow or the run since we looked."""
    standstill.check(door.workflow_id, client_id=door.client_id)
    if door.run_id is not None:
        standstill.check_run(door.run_id)


def _check_held(door: Door) -> None:
    """Tell nobody again what they may do in a run that a person has paused since."""
    if door.run_id is not None and door.state == RunState.PAUSED_PENDING_HUMAN:
        standstill.check_run(door.run_id)


def _write(ready: Ready) -> Stored | None:
    failpoint("intake.before_store")
    stored = pause.store([ready.writing])
    failpoint("intake.after_store")
    return stored.get(ready.run)


def dry_run(door: Door, proposed: Proposed) -> Told:
    """Answer as `propose` would and store nothing."""
    ruled = rulings.rule(door, proposed)
    proposal = _proposal_facts(door, proposed, ruled)
    opening = None
    if ruled.authority:
        placed = placing.choose(door, ruled.authority, dry_run=True)
        opening = _opening(door, proposed, ruled, proposal, placed)
    body = {**bodies.ruling(door, ruled, proposal, opening), "id": None, "dry_run": True}
    if opening is not None:
        body["handoff"] = {
            "queue": opening.authority.queue_slug,
            "deadline_at": opening.deadline_at.isoformat(),
            "position": bodies.position(door, opening.authority),
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
    door: Door, proposed: Proposed, ruled: Ruled, proposal: pause.ProposalFacts, placed: Placed
) -> pause.Opening:
    return pause.Opening(
        run_id=proposed.run,
        workflow_id=door.workflow_id,
        client_id=door.client_id,
        kind=ruled.kind,
        authority=placed.authority,
        overflow_from=placed.overflow_from,
        beyond_limit=placed.beyond_limit,
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
    run_id = door.run_id
    assert run_id is not None
    if door.paused and door.can_be_slowed and not authority.presses:
        raise placing.refusal(door, authority)

    def make(placed: Placed) -> pause.Opening:
        return pause.Opening(
            run_id=run_id,
            workflow_id=door.workflow_id,
            client_id=door.client_id,
            kind=kind,
            authority=placed.authority,
            overflow_from=placed.overflow_from,
            beyond_limit=placed.beyond_limit,
            brief=brief,
            by=door.actor,
            now=door.now,
            cause=Cause.ESCALATED,
            facts={"run": run_id, "kind": kind.value},
            blocking=blocking,
            checkpoint=checkpoint,
        )

    outcome, opening = rooms.open_where_room(authority, make, anyway=not door.can_be_slowed)
    if opening is None:
        raise placing.refusal(door, authority)
    if outcome is not Stored.STORED:
        raise rulings.not_accepting(door)
    return {**bodies.handoff(door, opening), "warnings": warnings}
