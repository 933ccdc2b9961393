"""The read side: which queues a person works, what waits there, and one handoff in full."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects

from accounts.models import User
from accounts.roles import Can
from handoffs import clocks
from handoffs.errors import NotFound
from handoffs.models import (
    ActionType,
    Answer,
    Checkpoint,
    Handoff,
    InformationRequest,
    RequesterWord,
    RiskTierMap,
    Rung,
    Transition,
)
from handoffs.verdicts import Verdict
from reviews import (
    gathered,
    judged,
    leases,
    panels,
    permissions,
    places,
    safeguards,
    seen,
    summaries,
    threads,
    visibility,
)
from reviews.challenge import Kept, Stated
from reviews.gathered import Ready
from reviews.listing import CARDS, GATHERS, HELD, ROWS, STAMP
from reviews.models import Claim, Draft, Judgement, SummaryEdit
from reviews.panels import Panel
from reviews.safeguards import Facts, Gate, Seen
from reviews.threads import Thread
from reviews.visibility import Phase

_PAGE_LIMIT = 100


@dataclass(frozen=True, kw_only=True)
class QueueCard:
    """A queue at a glance.

    `waiting` is the queue's own count: all that waits in it, for every team, also what colleagues
    hold. `next_deadline_at` is that of the first one this person could take now, None when there
    is none. `oldest_opened_at` is searched among the hundred due first.
    """

    id: int
    slug: str
    name: str
    waiting: int
    most: int
    oldest_opened_at: datetime | None
    next_deadline_at: datetime | None
    pick_allowed: bool
    urgent: bool = False
    # some still gather, the first of them until then; and whether any has gathered
    gathers_until: datetime | None = None
    gathered: bool = False


@dataclass(frozen=True, kw_only=True)
class HeldRow:
    """A handoff that this person holds now."""

    id: str
    ask: str
    queue: str
    deadline_at: datetime
    urgent: bool
    expires_at: datetime
    taken_at: datetime
    # it was assigned to them and they have not opened it yet
    new: bool = False


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What this person may take and holds; `decides` is False for who only manages or reads."""

    queues: list[QueueCard]
    held: list[HeldRow]
    ready: list[Ready] = field(default_factory=list)
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
    urgent: bool
    claimed: bool
    mine: bool
    approvers: int = 1
    decided: int = 0
    # what keeps it where it is: people's stop, or a person who has its run; or empty
    stands: str = ""
    # the queue that was full when it came; and whether it was let in although there was no room
    came_from: str | None = None
    beyond_limit: bool = False
    # until then it gathers with others, before it is offered
    gathers_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows in the order they are worked, urgent ones first; `after` asks for the next ones.

    What gathers, the first until `gathers_until`, is not among them unless it was asked for.
    """

    queue: str
    name: str
    rows: list[Row]
    after: str | None
    gathers_until: datetime | None = None
    with_gathering: bool = False


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
    input: Any
    phase: Phase
    judgement: Judgement | None
    judgements: list[Judgement]
    proposal: Proposed | None
    title: str
    schema: dict[str, Any]
    claim: Claim | None
    seen: Seen
    held_by: str
    deciding: Verdict
    summary_edit: SummaryEdit | None
    draft: dict[str, Any] | None
    questions: list[InformationRequest]
    requester_said: list[RequesterWord]
    thread: Thread
    answer: Answer | None
    decided_by: str
    stated: Kept
    panel: Panel | None
    has_decided: bool
    history: list[Transition]
    rungs: list[Rung]
    derivation: str
    checkpoint: str | None

    @property
    def opened(self) -> frozenset[str]:
        return self.seen.opened

    @property
    def gates(self) -> tuple[Gate, ...]:
        return self.seen.gates

    @property
    def may_decide(self) -> bool:
        return self.deciding.allowed

    @property
    def withheld(self) -> bool:
        return self.phase is Phase.BEFORE_JUDGEMENT

    def facts(self, verb: str, reason: str, stated: Stated) -> Facts:
        """Return what the safeguards judge an answer by, as of this reading."""
        return safeguards.facts(self.seen, verb=verb, reason=reason, stated=stated)


def overview(user: User, now: datetime) -> Overview:
    """Return this person's queues and what they hold, in two queries whatever waits.

    Where something has gathered, a third one says what.
    """
    if not user.can(Can.DECIDE):
        return Overview(queues=[], held=[], decides=False)
    params = {"user": user.id}
    cards = [QueueCard(**row) for row in _fetch(CARDS, params)]
    return Overview(
        queues=cards,
        ready=gathered.ready(user) if any(card.gathered for card in cards) else [],
        held=[HeldRow(**{**row, "ask": judged.asked(row["ask"])}) for row in _fetch(HELD, params)],
    )


def stamp(user: User) -> str:
    """Return what stays the same as long as this person's desk does, in one query."""
    return str(_fetch(STAMP, {"user": user.id})[0]["md5"])


def rows(
    user: User,
    queue_slug: str,
    *,
    after: str | None = None,
    limit: int = 30,
    with_gathering: bool = False,
) -> Page:
    """Return a page of what this person's teams decide in a queue where they may choose."""
    queue = permissions.get_queue(user, queue_slug)
    if not queue.pick_allowed:
        raise NotFound
    limit = max(1, min(limit, _PAGE_LIMIT))
    place = places.read(after)
    found = _fetch(
        ROWS,
        {
            "user": user.id,
            "queue": queue.id,
            "after_calm": place.calm,
            "after_at": place.at,
            "after_id": place.id,
            "limit": limit + 1,
            "gathering": with_gathering,
        },
    )
    shown = [_row(row, user) for row in found[:limit]]
    more = len(found) > limit
    return Page(
        queue=queue.slug,
        name=queue.name,
        rows=shown,
        after=_after(shown[-1]) if more else None,
        with_gathering=with_gathering,
        **_fetch(GATHERS, {"queue": queue.id})[0],
    )


def _after(row: Row) -> str:
    return places.write(calm=not row.urgent, at=row.deadline_at, id=row.id)


def _row(row: dict[str, Any], user: User) -> Row:
    claimed_by = row.pop("claimed_by")
    return Row(
        **{**row, "ask": judged.asked(row["ask"])},
        claimed=claimed_by is not None,
        mine=claimed_by == user.id,
    )


def _fetch(sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def handoff(user: User, handoff_id: str, now: datetime) -> HandoffDetail:
    """Return one handoff as this person may see it now, or raise NotFound.

    A fixed number of queries. What is withheld is in none of these fields: not in the brief, and
    not by way of signals, rules, checkpoint, transcript or what colleagues committed either.
    """
    found = permissions.get(user, handoff_id)
    prefetch_related_objects([found], "questions")
    brief = found.briefs.order_by("-version")[0]
    answer = found.answers.filter(round=found.round).first()
    judgements = judged.of_round(found)
    judgement = judged.own(judgements, brief.version, user)
    phase = judged.phase(found, judgement)
    shown = judged.brief(found, brief, user, judgement)
    action = _action_type(found)
    panel = panels.read(found)
    claim, read_seconds, held_by = leases.live(found, user, panel)
    deciding = permissions.verdict(user, found, panel, seat=claim.seat if claim else None)
    withheld = phase is Phase.BEFORE_JUDGEMENT
    decided_by, stated = ("", {}) if panel else _decided(found)
    return HandoffDetail(
        handoff=found,
        brief=shown,
        brief_version=brief.version,
        input=visibility.input_for(found.run.input, brief.body, phase),
        phase=phase,
        judgement=judgement,
        judgements=judgements if judged.is_over(found) else [],
        proposal=_proposed(found, phase),
        title=action.title if action else "",
        schema=action.arguments_schema if action else {},
        claim=claim,
        seen=seen.of(found, user, brief=brief.body, shown=shown, read_seconds=read_seconds),
        held_by=held_by,
        summary_edit=summaries.latest(found, brief.version, user, phase),
        deciding=deciding,
        thread=threads.thread(found, user, decides=deciding.allowed, withheld=withheld),
        draft=Draft.objects.filter(handoff=found, reviewer=user)
        .values_list("body", flat=True)
        .first(),
        requester_said=list(RequesterWord.objects.filter(run=found.run_id).order_by("number")),
        questions=_questions(found, brief.body, phase),
        answer=answer,
        decided_by=decided_by,
        stated=stated,
        panel=panel,
        has_decided=panel is not None and user.pk in {one.person_id for one in panel.decided},
        history=list(
            Transition.objects.filter(run=found.run_id, handoff_id=found.id).order_by("version")
        ),
        rungs=list(found.rungs.order_by("id")),
        derivation=clocks.remark(found, now=now),
        checkpoint=None if phase is Phase.BEFORE_JUDGEMENT else _checkpoint(found),
    )


def _questions(found: Handoff, brief: Mapping[str, Any], phase: Phase) -> list[InformationRequest]:
    asked = sorted(found.questions.all(), key=attrgetter("id"))
    for one in asked:
        one.message = visibility.message_for(one.message, brief, phase)
    return asked


def _proposed(found: Handoff, phase: Phase) -> Proposed | None:
    proposal = found.proposal
    if proposal is None:
        return None
    policy = None
    if phase is Phase.BEFORE_JUDGEMENT:
        ruled = RiskTierMap.objects.filter(workflow=found.workflow_id, version=proposal.map_version)
        policy = ruled.values_list("body", flat=True).first()
    return Proposed(
        id=proposal.id,
        action_type=proposal.action_type,
        arguments=json.loads(proposal.arguments),
        rules=visibility.rules_for(proposal.rules, policy, phase),
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


def _decided(found: Handoff) -> tuple[str, Kept]:
    """Return who decided, and what they stated where they were challenged."""
    decision = judged.decisions(found).select_related("reviewer").first()
    return (decision.reviewer.name, decision.challenge or {}) if decision else ("", {})


def _checkpoint(found: Handoff) -> str | None:
    return Checkpoint.objects.filter(run=found.run_id).values_list("body", flat=True).first()
