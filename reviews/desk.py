"""The read side: which queues a person works, what waits there, and one handoff in full."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.roles import Can
from handoffs.errors import NotFound
from handoffs.models import (
    ActionType,
    Answer,
    Checkpoint,
    Handoff,
    InformationRequest,
    Proposal,
    Transition,
)
from handoffs.states import HandoffState
from reviews import leases, panels, permissions, reading, safeguards, visibility
from reviews.models import Claim, Decision, Draft, EvidenceOpened
from reviews.panels import Panel

# how many of those due first are searched for the one that waits longest
_OLDEST_OF = 100
_PAGE_LIMIT = 100

# only the latest claim of a handoff can be live
_CLAIMED_BY = """(select case when claim.ended_at is null and claim.level = h.level
        and claim.round = h.round and claim.expires_at > statement_timestamp()
        then claim.reviewer_id end
    from reviews_claim claim where claim.handoff_id = h.id
    order by claim.turn desc limit 1)"""
_FREE = permissions.SEAT_FREE.format(claimed_by=_CLAIMED_BY)
# who has it: oneself, or where several decide and every seat is held, somebody
_HELD_BY = f"""coalesce(
    (select claim.reviewer_id from reviews_claim claim
        where claim.handoff_id = h.id and claim.reviewer_id = %(user)s and claim.ended_at is null
            and claim.level = h.level and claim.round = h.round
            and claim.expires_at > statement_timestamp()),
    case when overread_one_decides(h.safeguards) then {_CLAIMED_BY}
        when not {_FREE} then 0 end)"""
_ASK = """(select brief.body ->> 'ask' from handoffs_brief brief
    where brief.handoff_id = h.id order by brief.version desc limit 1)"""

_CARDS = f"""
select queue.slug, queue.name, queue.pick_allowed,
    (select greatest(coalesce(sum(depth.waiting), 0), 0)::int from handoffs_queuedepth depth
        where depth.queue_id = queue.id) as waiting,
    (select min(due.opened_at) from (
        select h.opened_at from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
        order by h.deadline_at, h.id limit {_OLDEST_OF}) due) as oldest_opened_at,
    (select h.deadline_at from handoffs_handoff h
        where h.queue_id = queue.id and h.state = 'waiting'
            and {permissions.DECIDABLE} and {_FREE}
        order by h.deadline_at, h.id limit 1) as next_deadline_at
from handoffs_queue queue where {permissions.GRANTED}
order by queue.name, queue.id
"""

_HELD = f"""
select h.id, {_ASK} as ask, queue.name as queue, h.deadline_at, claim.expires_at,
    claim.taken_at
from (select * from reviews_claim where reviewer_id = %(user)s
    order by number desc limit 100) claim
join handoffs_handoff h on h.id = claim.handoff_id and h.state = 'waiting'
    and h.level = claim.level and h.round = claim.round
join handoffs_queue queue on queue.id = h.queue_id
where claim.ended_at is null
    and claim.expires_at > statement_timestamp() and {permissions.GRANTED}
order by h.deadline_at, h.id
"""

# Changes whenever a count in one of the queues moves (also there and back), a claim is taken, or
# one of one's own changes; and every half minute, as "5 minutes ago" does, and as what colleagues
# give back without moving a count. Reads a few narrow rows, whatever waits.
_STAMP = f"""
select md5(concat_ws(',', %(user)s, floor(extract(epoch from statement_timestamp()) / 30),
    (select string_agg(concat_ws(':', queue.id, queue.name, queue.pick_allowed, depth.xmin,
            depth.waiting), ',' order by queue.id, depth.ctid)
        from handoffs_queue queue left join handoffs_queuedepth depth on depth.queue_id = queue.id
        where {permissions.GRANTED}),
    (select max(id) from reviews_claim),
    (select string_agg(concat_ws(':', mine.id, mine.xmin), ',' order by mine.number) from (
        select id, number, xmin from reviews_claim where reviewer_id = %(user)s
        order by number desc limit 100) mine)))
"""

_ROWS = f"""
select h.id, {_ASK} as ask, h.kind, h.tier, h.opened_at, h.deadline_at,
    {_HELD_BY} as claimed_by, overread_approvers(h.safeguards) as approvers,
    {panels.COUNT} as decided
from handoffs_handoff h
where h.queue_id = %(queue)s and h.state = 'waiting' and {permissions.DECIDABLE}
    and (h.deadline_at, h.id) > (%(after_at)s::timestamptz, %(after_id)s)
order by h.deadline_at, h.id limit %(limit)s
"""


@dataclass(frozen=True, kw_only=True)
class QueueCard:
    """A queue at a glance.

    `waiting` is the queue's own count: all that waits in it, for every team, also what colleagues
    hold. `next_deadline_at` is that of the first one this person could take now, None when there
    is none. `oldest_opened_at` is searched among the hundred due first.
    """

    slug: str
    name: str
    waiting: int
    oldest_opened_at: datetime | None
    next_deadline_at: datetime | None
    pick_allowed: bool


@dataclass(frozen=True, kw_only=True)
class HeldRow:
    """A handoff that this person holds now."""

    id: str
    ask: str
    queue: str
    deadline_at: datetime
    expires_at: datetime
    taken_at: datetime


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What this person may take and holds; `decides` is False for who only manages or reads."""

    queues: list[QueueCard]
    held: list[HeldRow]
    decides: bool = True


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a queue; `claimed` by anyone, `mine` by the reader.

    Where several decide, it is claimed when every seat for the reader is; `decided` counts those
    of its `approvers` who have decided.
    """

    id: str
    ask: str
    kind: str
    tier: str
    opened_at: datetime
    deadline_at: datetime
    claimed: bool
    mine: bool
    approvers: int = 1
    decided: int = 0


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows in the order they are due; `after` asks for the next ones, None at the end."""

    queue: str
    name: str
    rows: list[Row]
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """The action as it was ruled on. Signals are not here: they would tell the confidence."""

    id: str
    action_type: str
    arguments: dict[str, Any]
    rules: list[dict[str, Any]]
    map_version: int
    outcome: str
    audit_share: float | None


@dataclass(frozen=True, kw_only=True)
class HandoffDetail:
    """Everything a page may show of one handoff to one person, now."""

    handoff: Handoff
    brief: dict[str, Any]
    brief_version: int
    withheld: bool
    proposal: Proposed | None
    title: str
    schema: dict[str, Any]
    claim: Claim | None
    read_seconds: float | None
    words: int
    held_by: str
    may_decide: bool
    draft: dict[str, Any] | None
    opened: frozenset[str]
    gates: tuple[safeguards.Gate, ...]
    questions: list[InformationRequest]
    answer: Answer | None
    decided_by: str
    panel: Panel | None
    has_decided: bool
    history: list[Transition]
    checkpoint: str | None

    def facts(self, verb: str, reason: str) -> safeguards.Facts:
        """Return what the safeguards judge an answer by, as of this reading."""
        return safeguards.Facts(
            verb=verb,
            reason=reason,
            read_seconds=self.read_seconds,
            words=self.words,
            gates=self.gates,
            opened=self.opened,
        )


def overview(user: User, now: datetime) -> Overview:
    """Return this person's queues and what they hold, in two queries whatever waits."""
    if not user.can(Can.DECIDE):
        return Overview(queues=[], held=[], decides=False)
    params = {"user": user.id}
    return Overview(
        queues=[QueueCard(**row) for row in _fetch(_CARDS, params)],
        held=[HeldRow(**{**row, "ask": row["ask"] or ""}) for row in _fetch(_HELD, params)],
    )


def stamp(user: User) -> str:
    """Return what stays the same as long as this person's desk does, in one query."""
    return str(_fetch(_STAMP, {"user": user.id})[0]["md5"])


def rows(user: User, queue_slug: str, *, after: str | None = None, limit: int = 30) -> Page:
    """Return a page of what this person's teams decide in a queue where they may choose."""
    queue = permissions.get_queue(user, queue_slug)
    if not queue.pick_allowed:
        raise NotFound
    limit = max(1, min(limit, _PAGE_LIMIT))
    after_at, after_id = _read_cursor(after)
    found = _fetch(
        _ROWS,
        {
            "user": user.id,
            "queue": queue.id,
            "after_at": after_at,
            "after_id": after_id,
            "limit": limit + 1,
        },
    )
    shown = [_row(row, user) for row in found[:limit]]
    more = len(found) > limit
    return Page(
        queue=queue.slug,
        name=queue.name,
        rows=shown,
        after=_write_cursor(shown[-1]) if more else None,
    )


def _row(row: dict[str, Any], user: User) -> Row:
    claimed_by = row.pop("claimed_by")
    return Row(
        **{**row, "ask": row["ask"] or ""},
        claimed=claimed_by is not None,
        mine=claimed_by == user.id,
    )


def _write_cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(f"{row.deadline_at.isoformat()} {row.id}".encode()).decode()


def _read_cursor(text: str | None) -> tuple[str, str]:
    """Read a place in the list; what is no place of ours is not found."""
    if not text:
        return "-infinity", ""
    try:
        at, _, id = base64.urlsafe_b64decode(text.encode()).decode().partition(" ")
        return datetime.fromisoformat(at).isoformat(), id.replace("\0", "")
    except (ValueError, binascii.Error):
        raise NotFound from None


def _fetch(sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def handoff(user: User, handoff_id: str, now: datetime) -> HandoffDetail:
    """Return one handoff as this person may see it now, or raise NotFound.

    A fixed number of queries. What is withheld is in none of these fields: not in the brief, and
    not by way of signals or checkpoint either.
    """
    found = permissions.get(user, handoff_id)
    brief = found.briefs.order_by("-version")[0]
    answer = found.answers.filter(round=found.round).first()
    decided = found.state == HandoffState.ANSWERED.value
    withheld = visibility.phase(found.safeguards, decided=decided) is (
        visibility.Phase.BEFORE_JUDGEMENT
    )
    action = _action_type(found)
    panel = panels.read(found)
    claim, read_seconds, held_by = leases.live(found, user, panel)
    verdict = permissions.judged(user, found, panel, seat=claim.seat if claim else None)
    return HandoffDetail(
        handoff=found,
        brief=visibility.brief_for(brief.body, found.safeguards, decided),
        brief_version=brief.version,
        withheld=withheld,
        proposal=_proposed(found.proposal),
        title=action.title if action else "",
        schema=action.arguments_schema if action else {},
        claim=claim,
        read_seconds=read_seconds,
        words=reading_words(brief.body, found.safeguards),
        held_by=held_by,
        may_decide=verdict.allowed,
        draft=Draft.objects.filter(handoff=found, reviewer=user)
        .values_list("body", flat=True)
        .first(),
        opened=opened_evidence(found, user),
        gates=safeguards.gates(found.safeguards, brief.body),
        questions=list(found.questions.order_by("id")),
        answer=answer,
        decided_by="" if panel else _decided_by(found),
        panel=panel,
        has_decided=panel is not None and user.pk in {one.person_id for one in panel.decided},
        history=list(
            Transition.objects.filter(run=found.run_id, handoff_id=found.id).order_by("version")
        ),
        checkpoint=None if withheld else _checkpoint(found),
    )


def reading_words(brief: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    """Count what a reader has before them at first; what is withheld then never counts."""
    return reading.words(visibility.brief_for(brief, spec, False), spec)


def opened_evidence(found: Handoff, user: User) -> frozenset[str]:
    """Return the evidence that this person opened here, as the server saw it."""
    seen = EvidenceOpened.objects.filter(handoff=found, reviewer=user)
    return frozenset(seen.values_list("evidence_id", flat=True))


def _proposed(proposal: Proposal | None) -> Proposed | None:
    if proposal is None:
        return None
    return Proposed(
        id=proposal.id,
        action_type=proposal.action_type,
        arguments=json.loads(proposal.arguments),
        rules=proposal.rules,
        map_version=proposal.map_version,
        outcome=proposal.outcome,
        audit_share=None if proposal.audit_share is None else float(proposal.audit_share),
    )


def _action_type(found: Handoff) -> ActionType | None:
    if found.proposal is None:
        return None
    return ActionType.objects.filter(
        workflow=found.workflow_id, name=found.proposal.action_type
    ).first()


def _decided_by(found: Handoff) -> str:
    decision = (
        Decision.objects.filter(handoff=found, round=found.round, undone_at=None)
        .select_related("reviewer")
        .first()
    )
    return decision.reviewer.name if decision else ""


def _checkpoint(found: Handoff) -> str | None:
    return Checkpoint.objects.filter(run=found.run_id).values_list("body", flat=True).first()
