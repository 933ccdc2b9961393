"""The pause: proposal, handoff, brief, checkpoint, transitions, audit entry and the remembered
answer commit together, as one statement, or not at all. What several agents ask at the same moment
goes into the same statement.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, cached_property
from typing import Any

import orjson
from django.db import connection, transaction

from handoffs import audit, canonical, deadlines, gathering, ids, pause_parts
from handoffs.actors import Actor
from handoffs.calendars import Calendar
from handoffs.deadlines import Deadline
from handoffs.sampling import NOT_SAMPLED, Draw
from handoffs.statements import Statement
from handoffs.states import AtLimit, Cause, HandoffKind, Tier

PRESSES_WITHIN = timedelta(hours=1)


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
    # so long before its deadline it is urgent
    urgent_seconds: int
    # so long it gathers with others at most, before it is offered
    gather_seconds: int = 0
    # counts only while the queue is open; None: every second counts
    calendar: Calendar | None = None
    at_limit: AtLimit = AtLimit.OVERFLOW
    # the queue for when this one is full, which may have one itself
    overflow: "Authority | None" = None

    @property
    def urgent_in(self) -> timedelta:
        """Return how long after it comes it is urgent, in the time that its row counts."""
        return timedelta(seconds=max(0, self.deadline_seconds - self.urgent_seconds))

    @property
    def presses(self) -> bool:
        """It becomes urgent soon after it comes: it may take the places kept for such."""
        return self.urgent_in <= PRESSES_WITHIN

    @property
    def chain(self) -> "Iterator[Authority]":
        """Go through the queues that may take it, each asked when those before are full."""
        one: Authority | None = self
        while one is not None:
            yield one
            one = one.overflow


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
    went on, also when it has ended, and the run takes no notice. `reported` asks because of how a
    run ended, which the agent may say also while people have stopped its workflow.
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
    reported: bool = False
    about: str | None = None
    roll_back_until: datetime | None = None
    # the queue that had no room for it
    overflow_from: int | None = None
    beyond_limit: bool = False
    id: str = field(default_factory=ids.new_handoff)

    @cached_property
    def deadline(self) -> Deadline:
        authority = self.authority
        return deadlines.count(
            self.now,
            authority.deadline_seconds,
            urgent_seconds=authority.urgent_seconds,
            calendar=authority.calendar,
        )

    @property
    def deadline_at(self) -> datetime:
        return self.deadline.due_at

    @property
    def gather_until(self) -> datetime | None:
        due, seconds = self.deadline, self.authority.gather_seconds
        return gathering.until(self.now, seconds, due_at=due.due_at, urgent_at=due.urgent_at)


@dataclass(frozen=True, kw_only=True)
class Writing:
    """What is to be stored for one run: the parts of the statement, and the values in them."""

    parts: tuple[str, ...]
    values: dict[str, Any]


class Stored(Enum):
    """What became of a writing: only what is STORED left a trace."""

    STORED = "stored"
    # no place in this connection's slot of the queue; `store_exactly` looks at all of them
    NO_PLACE = "no place"
    NOT_ACCEPTED = "not accepted"


@cache
def statement(parts: tuple[str, ...], patient: bool) -> Statement:
    """Put a statement together, once for each combination of what there is to store.

    One that is not patient leaves out what somebody else just works on.
    """
    head, *rest = parts
    room = pause_parts.ROOM["counted" in rest]
    sql = ",".join(
        [
            pause_parts.HEADS[head].format(wait=pause_parts.WAITS[patient], room=room.lstrip()),
            *(pause_parts.PARTS[part] for part in rest if part != "counted"),
        ]
    )
    # PostgreSQL tells prepared statements apart by 63 characters
    name = "_".join(part[:5] for part in (*parts, "waits" if patient else "skips"))
    return Statement(name, f"{sql} {pause_parts.ENDS['handoff' in rest]}")


def store(writings: Sequence[Writing]) -> dict[str, Stored]:
    """Store all of them together and return what became of each run's.

    They have the same parts and are for different runs. What a run does not accept is left out.
    Those that wait in one queue are stored all or none, as its slot has places.

    Raises django.db.IntegrityError when another request with the same idempotency key was first;
    then nothing is stored.
    """
    found = statement(writings[0].parts, patient=True)
    return stored(found.rows([one.values for one in writings]))


def stored(rows: Any) -> dict[str, Stored]:
    """Read what became of each run's; of a run that is left out, nothing is told."""
    return {run: Stored.STORED if there == "t" else Stored.NO_PLACE for run, there in rows}


def store_exactly(writing: Writing, *, anyway: bool = False) -> Stored:
    """Store one that found no place in its slot: all slots of the queue are looked at, and held.

    `anyway` lets it in beyond the limit. The order of locks is that of every change: run, depths.
    """
    values = writing.values
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select from handoffs_run where id = %s for update", [values["run_id"]])
        cursor.execute("select overread_enter(%s, %s)", [values["queue_id"], anyway])
        if not cursor.fetchone()[0]:
            return Stored.NO_PLACE
        counted = Writing(parts=(*writing.parts, "counted"), values=values)
        outcome = store([counted]).get(values["run_id"], Stored.NOT_ACCEPTED)
        if outcome is not Stored.STORED:
            transaction.set_rollback(True)
    return outcome


def open_handoff(opening: Opening) -> Stored:
    """Store everything or nothing: what waits gets its place, or is let in beyond the limit."""
    writing = opened(opening)
    if not opening.beyond_limit:
        # a slot that was waited for in vain stays locked as long as this lasts, and no longer
        with transaction.atomic():
            outcome = store([writing]).get(opening.run_id, Stored.NOT_ACCEPTED)
            transaction.set_rollback(outcome is Stored.NO_PLACE)
        if outcome is not Stored.NO_PLACE:
            return outcome
    return store_exactly(writing, anyway=opening.beyond_limit)


def opened(opening: Opening, remembered: Remembered | None = None) -> Writing:
    """Say what is to be stored of a handoff, its proposal and what the agent was told."""
    going_on = "afterwards" if opening.afterwards else "ask"
    stopping = "report" if opening.reported else "stop"
    parts = [
        stopping if opening.blocking else going_on,
        "handoff",
        "audit",
        "proposal" if opening.proposal else "",
        "first" if opening.proposal and opening.proposal.first_seen else "",
        "checkpoint" if opening.checkpoint is not None else "",
        "remembered" if remembered else "",
    ]
    values = {**_opening_values(opening), **_remembered_values(remembered)}
    return Writing(parts=tuple(part for part in parts if part), values=values)


def ruled(
    proposal: ProposalFacts,
    *,
    client_id: int,
    by: Actor,
    facts: dict[str, Any],
    remembered: Remembered | None,
    checkpoint: str | None,
) -> Writing:
    """Say what is to be stored of a proposal that needs nobody."""
    parts = [
        "go_on",
        "proposal",
        "first" if proposal.first_seen else "",
        "audit",
        "checkpoint" if checkpoint is not None else "",
        "remembered" if remembered else "",
    ]
    values = {
        "run_id": proposal.run_id,
        "client_id": client_id,
        "handoff_id": None,
        "checkpoint": checkpoint,
        **_proposal_values(proposal),
        **_audit_values(by, "proposal.ruled", proposal.id, facts),
        **_remembered_values(remembered),
    }
    return Writing(parts=tuple(part for part in parts if part), values=values)


def _opening_values(opening: Opening) -> dict[str, Any]:
    authority, brief = opening.authority, canonical.encode(opening.brief)
    return {
        "run_id": opening.run_id,
        "workflow_id": opening.workflow_id,
        "client_id": opening.client_id,
        "handoff_id": opening.id,
        "kind": opening.kind.value,
        "tier": opening.tier.value if opening.tier else "",
        "queue_id": authority.queue_id,
        "overflow_from": opening.overflow_from,
        "beyond_limit": opening.beyond_limit,
        "role_id": authority.role_id,
        "ladder": authority.ladder,
        "terms": authority.terms,
        "blocking": opening.blocking,
        "deadline_at": opening.deadline.due_at,
        "deadline_seconds": authority.deadline_seconds,
        "counted_from": opening.now,
        "urgent_at": opening.deadline.urgent_at,
        "gather_until": opening.gather_until,
        "fallback": authority.fallback,
        "safeguards": _json(authority.safeguards),
        "brief": brief.decode(),
        "brief_digest": canonical.digest_of(brief),
        "cause": opening.cause.value,
        "actor": opening.by.name,
        "checkpoint": opening.checkpoint,
        "roll_back_until": opening.roll_back_until,
        "prop_id": opening.about,
        **(_proposal_values(opening.proposal) if opening.proposal else {}),
        **_audit_values(opening.by, "handoff.opened", opening.id, opening.facts),
    }


def _proposal_values(proposal: ProposalFacts) -> dict[str, Any]:
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


def _audit_values(by: Actor, action: str, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "actor_kind": by.kind.value,
        "audit_name": by.audit_name,
        "audit_action": action,
        "audit_subject": subject,
        "audit_body": audit.canonical(body),
    }


def _remembered_values(remembered: Remembered | None) -> dict[str, Any]:
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
