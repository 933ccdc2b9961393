"""The pause: proposal, handoff, brief, checkpoint, transitions, audit entry and the remembered
answer commit together, as one statement, or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from typing import Any

import orjson

from handoffs import audit, canonical, ids, sla
from handoffs.actors import Actor
from handoffs.calendars import Calendar
from handoffs.sampling import NOT_SAMPLED, Draw
from handoffs.statements import Statement
from handoffs.states import Cause, HandoffKind, Tier


@dataclass(frozen=True, kw_only=True)
class ProposalFacts:
    """A ruled proposal, ready to be stored; `arguments` is canonical JSON."""

    id: str
    run_id: str
    action_type: str
    arguments: str
    arguments_digest: str
    signals: dict[str, Any]
    tier: Tier
    act: str
    rules: list[dict[str, Any]]
    map_version: int
    preconditions: list[Any]
    ruled_at: datetime
    first_seen: bool
    audit: Draw = NOT_SAMPLED
    # only of what is drawn: the brief of its audit is made of it
    brief: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Authority:
    """What the matrix says of a handoff, resolved to rows; frozen on the handoff."""

    queue_id: int
    queue_name: str
    queue_slug: str
    depth_limit: int
    role_id: int
    role_name: str
    deadline_seconds: int
    fallback: str
    safeguards: dict[str, Any]
    # JSON texts of handoffs.levels, made once for all handoffs of the row
    ladder: str
    terms: str
    # counts only while the queue is open; None: every second counts
    calendar: Calendar | None = None
    # the same row's other queue, for when this one is full
    overflow: "Authority | None" = None

    def with_room(self, waiting: Callable[[int], int]) -> "Authority | None":
        """Return the row's queue, or its overflow queue when only that has room.

        `waiting` tells how many handoffs wait in the queue of a number.
        """
        for one in (self, self.overflow):
            if one is not None and waiting(one.queue_id) < one.depth_limit:
                return one
        return None


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """The answer to a keyed request, kept with what it answers."""

    key: str
    fingerprint: str
    status: int
    body: str


@dataclass(frozen=True, kw_only=True)
class Opening:
    """A handoff about to be opened.

    `afterwards` asks about what was done already, `about` the proposal of that: however its run
    went on, also when it has ended, and the run takes no notice.
    """

    run_id: str
    workflow_id: int
    client_id: int
    kind: HandoffKind
    authority: Authority
    brief: dict[str, Any]
    by: Actor
    now: datetime
    cause: Cause
    facts: dict[str, Any]
    tier: Tier | None = None
    blocking: bool = True
    proposal: ProposalFacts | None = None
    checkpoint: str | None = None
    afterwards: bool = False
    about: str | None = None
    roll_back_until: datetime | None = None
    id: str = field(default_factory=ids.new_handoff)

    @cached_property
    def deadline_at(self) -> datetime:
        authority = self.authority
        return sla.deadline(self.now, authority.deadline_seconds, authority.calendar)


_PROPOSAL = """
proposal as (
    insert into handoffs_proposal (id, run_id, action_type, arguments, arguments_digest, signals,
        tier, act, rules, map_version, preconditions, created_at, first_seen, outcome,
        outcome_detail, audit_share, audit_drawn, audit_brief)
    select %(prop_id)s, source.id, %(action_type)s, %(arguments)s, %(arguments_digest)s,
        %(signals)s::jsonb, %(prop_tier)s, %(act)s, %(rules)s::jsonb, %(map_version)s,
        %(preconditions)s::jsonb, %(ruled_at)s::timestamptz, %(first_seen)s::boolean, '', '',
        %(audit_share)s::numeric, %(audit_drawn)s,
        %(audit_brief)s::jsonb
    from source)"""

# of two that come at once both are the first, and one sets it
_FIRST = """
first as (
    update handoffs_actiontype seen set first_proposed_at = %(ruled_at)s::timestamptz
    from source join handoffs_run run on run.id = source.id
    where seen.workflow_id = run.workflow_id and seen.name = %(action_type)s
        and seen.first_proposed_at is null)"""

_CHECKPOINT = """
checkpoint as (
    insert into handoffs_checkpoint as kept (run_id, version, body)
    select source.id, 1, %(checkpoint)s from source
    on conflict (run_id) do update
        set body = excluded.body, version = kept.version + 1, saved_at = now())"""

_REMEMBERED = """
remembered as (
    insert into handoffs_idempotencyrecord (client_id, key, fingerprint, status, body, handoff_id)
    select %(client_id)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s, %(handoff_id)s
    from source)"""

_AUDIT = """
audited as (
    insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
    select %(actor_kind)s, %(audit_name)s, %(audit_action)s, %(audit_subject)s, %(audit_body)s, 0
    from source)"""

_HANDOFF = """
handoff as (
    insert into handoffs_handoff (id, run_id, workflow_id, proposal_id, kind, tier, state, version,
        round, queue_id, role_id, level, ladder, terms, blocking, pause,
        deadline_at, deadline_seconds, fallback, safeguards, roll_back_until)
    select %(handoff_id)s, source.id, %(workflow_id)s, %(prop_id)s, %(kind)s, %(tier)s, 'waiting',
        1, 1, %(queue_id)s, %(role_id)s, 1, %(ladder)s::jsonb, %(terms)s::jsonb,
        %(blocking)s, source.pause, %(deadline_at)s, %(deadline_seconds)s, %(fallback)s,
        %(safeguards)s::jsonb, %(roll_back_until)s
    from source),
brief as (
    insert into handoffs_brief (handoff_id, version, body, digest)
    select %(handoff_id)s, 1, %(brief)s::jsonb, %(brief_digest)s from source),
depth as (
    update handoffs_queuedepth set waiting = waiting + 1 from source
    where queue_id = %(queue_id)s and slot = pg_backend_pid() % 16),
logged as (
    insert into handoffs_transition (run_id, handoff_id, version, from_state, to_state,
        actor_kind, actor, cause, xact_id)
    select source.id, %(handoff_id)s, 1, '', 'waiting', %(actor_kind)s, %(actor)s, %(cause)s, 0
    from source
    union all
    select moved.id, null, moved.version, 'RUNNING', 'PAUSED_PENDING_HUMAN', %(actor_kind)s,
        %(actor)s, %(cause)s, 0
    from moved where moved.from_state = 'RUNNING')"""

# a blocking handoff stops the run; the first of a stop opens a new pause
_STOP = """
with before as (
    select id, state, version from handoffs_run
    where id = %(run_id)s and state in ('RUNNING', 'PAUSED_PENDING_HUMAN') for update
), moved as (
    update handoffs_run run set
        state = 'PAUSED_PENDING_HUMAN',
        version = run.version + (before.state = 'RUNNING')::int,
        pause = run.pause + (before.state = 'RUNNING')::int,
        open_blocking = run.open_blocking + 1,
        state_since = case before.state when 'RUNNING' then now() else run.state_since end,
        cause = case before.state when 'RUNNING' then %(cause)s else run.cause end
    from before where run.id = before.id
    returning run.id, run.version, run.pause, before.state as from_state
), source as (select id, pause from moved)"""

_GO_ON = """
with source as (
    select id, 0 as pause from handoffs_run
    where id = %(run_id)s and state in ('RUNNING', 'PAUSED_PENDING_HUMAN') for share
), moved as (select id, 0 as version, '' as from_state from source where false)"""

_AFTERWARDS = """
with source as (select id, 0 as pause from handoffs_run where id = %(run_id)s for share),
moved as (select id, 0 as version, '' as from_state from source where false)"""

_HEADS = {"stop": _STOP, "go_on": _GO_ON, "afterwards": _AFTERWARDS}
_PARTS = {
    "handoff": _HANDOFF,
    "audit": _AUDIT,
    "proposal": _PROPOSAL,
    "first": _FIRST,
    "checkpoint": _CHECKPOINT,
    "remembered": _REMEMBERED,
}


@cache
def _statement(head: str, *parts: str) -> Statement:
    """Put a statement together, once for each combination of what there is to store."""
    name = "_".join([head, *(part for part in parts if part)])
    sql = ",".join([_HEADS[head], *(_PARTS[part] for part in parts if part)])
    return Statement(name, f"{sql} select count(*) from source")


def open_handoff(opening: Opening, remembered: Remembered | None = None) -> bool:
    """Store everything; False when the run does not accept handoffs, and then nothing is stored.

    Raises django.db.IntegrityError when another request with the same idempotency key was first.
    """
    going_on = "afterwards" if opening.afterwards else "go_on"
    statement = _statement(
        "stop" if opening.blocking else going_on,
        "handoff",
        "audit",
        "proposal" if opening.proposal else "",
        "first" if opening.proposal and opening.proposal.first_seen else "",
        "checkpoint" if opening.checkpoint is not None else "",
        "remembered" if remembered else "",
    )
    return _stored(statement, {**_opening_params(opening), **_remembered_params(remembered)})


def store_proposal(
    proposal: ProposalFacts,
    *,
    client_id: int,
    by: Actor,
    facts: dict[str, Any],
    remembered: Remembered | None,
    checkpoint: str | None,
) -> bool:
    """Store a proposal that needs nobody; False when the run does not accept proposals."""
    statement = _statement(
        "go_on",
        "proposal",
        "first" if proposal.first_seen else "",
        "audit",
        "checkpoint" if checkpoint is not None else "",
        "remembered" if remembered else "",
    )
    params = {
        "run_id": proposal.run_id,
        "client_id": client_id,
        "handoff_id": None,
        "checkpoint": checkpoint,
        **_proposal_params(proposal),
        **_audit_params(by, "proposal.ruled", proposal.id, facts),
        **_remembered_params(remembered),
    }
    return _stored(statement, params)


def _stored(statement: Statement, params: dict[str, Any]) -> bool:
    row = statement.row(params)
    return row is not None and row[0] != "0"


def _opening_params(opening: Opening) -> dict[str, Any]:
    authority, brief = opening.authority, canonical.encode(opening.brief)
    return {
        "run_id": opening.run_id,
        "workflow_id": opening.workflow_id,
        "client_id": opening.client_id,
        "handoff_id": opening.id,
        "kind": opening.kind.value,
        "tier": opening.tier.value if opening.tier else "",
        "queue_id": authority.queue_id,
        "role_id": authority.role_id,
        "ladder": authority.ladder,
        "terms": authority.terms,
        "blocking": opening.blocking,
        "deadline_at": opening.deadline_at,
        "deadline_seconds": authority.deadline_seconds,
        "fallback": authority.fallback,
        "safeguards": _json(authority.safeguards),
        "brief": brief.decode(),
        "brief_digest": canonical.digest_of(brief),
        "cause": opening.cause.value,
        "actor": opening.by.name,
        "checkpoint": opening.checkpoint,
        "roll_back_until": opening.roll_back_until,
        "prop_id": opening.about,
        **(_proposal_params(opening.proposal) if opening.proposal else {}),
        **_audit_params(opening.by, "handoff.opened", opening.id, opening.facts),
    }


def _proposal_params(proposal: ProposalFacts) -> dict[str, Any]:
    return {
        "prop_id": proposal.id,
        "action_type": proposal.action_type,
        "arguments": proposal.arguments,
        "arguments_digest": proposal.arguments_digest,
        "signals": _json(proposal.signals),
        "prop_tier": proposal.tier.value,
        "act": proposal.act,
        "rules": _json(proposal.rules),
        "map_version": proposal.map_version,
        "preconditions": _json(proposal.preconditions),
        "ruled_at": proposal.ruled_at,
        "first_seen": proposal.first_seen,
        "audit_share": None if proposal.audit.share is None else str(proposal.audit.share),
        "audit_drawn": proposal.audit.drawn,
        "audit_brief": None if proposal.brief is None else _json(proposal.brief),
    }


def _audit_params(by: Actor, action: str, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor_kind": by.kind.value,
        "audit_name": by.audit_name,
        "audit_action": action,
        "audit_subject": subject,
        "audit_body": audit.canonical(body),
    }


def _remembered_params(remembered: Remembered | None) -> dict[str, Any]:
    if remembered is None:
        return {}
    return {
        "key": remembered.key,
        "fingerprint": remembered.fingerprint,
        "status": remembered.status,
        "body": remembered.body,
    }


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
