"""What happens to a case, and who decides what: read with what intake itself rules by."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from handoffs import authority, compiled, gaps, levels, policy, queries, signals, sla
from handoffs.authority import KIND_OF, Row
from handoffs.calendars import Calendar
from handoffs.compiled import CompiledWorkflow
from handoffs.models import Queue, RiskTierMap, Workflow
from handoffs.pause import Authority
from handoffs.policy import Ruling
from handoffs.sla import NeverOpens
from handoffs.states import ESCALATION_KINDS, HandoffKind, Tier


@dataclass(frozen=True, kw_only=True)
class Case:
    """A proposal that nobody sent; `at` is when it would come.

    `first_seen` None: as it is, by what has been proposed until now.
    """

    action_type: str
    at: datetime
    arguments: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, Any] = field(default_factory=dict)
    first_seen: bool | None = None
    input: Mapping[str, Any] | None = None
    brief: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One level at which somebody is asked, from when until when; `due` None: it never opens."""

    level: int
    role: str
    queue: str
    begins: datetime
    due: datetime | None
    derivation: str
    required_context: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who is asked, by which row, and what comes of it when nobody answers."""

    kind: HandoffKind
    row: Row
    beaten: tuple[Row, ...]
    authority: Authority
    stops: tuple[Stop, ...]
    terms: levels.Terms


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What would happen; `uncovered` when it asks for a person and no row says whom."""

    ruling: Ruling
    asked: Asked | None
    uncovered: bool


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A question that can come up, the row that decides it, and what is missing about it."""

    action_type: str | None
    kind: HandoffKind
    tier: Tier | None
    row: Row | None
    gaps: tuple[str, ...]


def policy_at(
    workflow: Workflow, *, at: datetime, map: RiskTierMap | None = None
) -> CompiledWorkflow:
    """Return what rules at `at`, or would if `map`, a draft perhaps, were in force then."""
    ruling = compiled.at(workflow.pk, at)
    if map is None:
        return ruling
    return replace(ruling, map=policy.parse_map(map.body, version=map.version))


def what_happens(ruling: CompiledWorkflow, case: Case) -> Outcome:
    """Rule on the case and follow it up its ladder. Raises SignalsRefused for odd signals."""
    action = ruling.actions[case.action_type]
    facts = action.type.with_arguments(
        case.arguments,
        at=case.at,
        first_seen=action.is_new if case.first_seen is None else case.first_seen,
        input=case.input,
        brief=case.brief,
    )
    said = ruling.rule(facts, signals.from_json(case.signals))
    kind = KIND_OF.get(said.tier)
    if kind is None:
        return Outcome(ruling=said, asked=None, uncovered=False)
    found = ruling.authority(action.name, kind, said.tier)
    if found is None:
        return Outcome(ruling=said, asked=None, uncovered=True)
    ranked = covering(ruling.rows, action_type=action.name, kind=kind, tier=said.tier)
    return Outcome(
        ruling=said,
        asked=Asked(
            kind=kind,
            row=ranked[0],
            beaten=ranked[1:],
            authority=found,
            stops=tuple(_stops(found, case.at)),
            terms=levels.terms_from_json(json.loads(found.terms)),
        ),
        uncovered=False,
    )


def covering(
    rows: tuple[Row, ...], *, action_type: str | None, kind: HandoffKind, tier: Tier | None
) -> tuple[Row, ...]:
    """Return every row that covers the question, the one that wins first."""
    ranked: list[Row] = []
    left = list(rows)
    while (
        row := authority.choose(left, action_type=action_type, kind=kind, tier=tier)
    ) is not None:
        ranked.append(row)
        left.remove(row)
    return tuple(ranked)


def why_first(winner: Row, other: Row) -> str:
    """Say by which of the three the one row comes before the other."""
    for label, mine, its in zip(
        ("action type", "kind", "tier"), winner.named, other.named, strict=True
    ):
        if mine is not None and its is None:
            return f"it names the {label} and the other does not"
    return "they name the same"


def situations(ruling: CompiledWorkflow, *, at: datetime) -> list[Situation]:
    """List what can come up, action type by action type, then what agents may bring up alone."""
    found: list[Situation] = []
    missing = _gaps(ruling, at)
    for action in sorted(ruling.actions.values(), key=lambda one: one.name):
        tiers = policy.reachable_tiers(ruling.map, action.type) if ruling.map else ()
        for tier in tiers:
            if tier in KIND_OF:
                row = authority.choose(
                    ruling.rows, action_type=action.name, kind=KIND_OF[tier], tier=tier
                )
                found.append(_situation(action.name, KIND_OF[tier], tier, row, missing))
            elif ruling.shares.get(tier):
                found.append(_audit(ruling, action.name, tier))
    for kind in HandoffKind:
        row = ruling.row_for_kind(kind)
        if kind in ESCALATION_KINDS and row is not None:
            found.append(_situation(None, kind, None, row, missing))
    return found


def _audit(ruling: CompiledWorkflow, action_type: str, tier: Tier) -> Situation:
    """Say who is asked about the share of what needed nobody that is drawn to be looked at."""
    kind = HandoffKind.AUDIT
    row = authority.choose(ruling.rows, action_type=action_type, kind=kind, tier=tier)
    nobody = f"No row covers audits of {action_type}: what is drawn waits until one does."
    return Situation(
        action_type=action_type, kind=kind, tier=tier, row=row, gaps=() if row else (nobody,)
    )


def loose_gaps(ruling: CompiledWorkflow, *, at: datetime) -> list[str]:
    """Return the sentences that no line of `situations` shows."""
    shown = {sentence for one in situations(ruling, at=at) for sentence in one.gaps}
    return [gap.sentence for gap in _gaps(ruling, at) if gap.sentence not in shown]


def _gaps(ruling: CompiledWorkflow, at: datetime) -> list[gaps.Gap]:
    if ruling.map is None:
        return []
    types = [action.type for action in ruling.actions.values()]
    return gaps.find(types, ruling.map, ruling.rows, now=at)


def _situation(
    action_type: str | None,
    kind: HandoffKind,
    tier: Tier | None,
    row: Row | None,
    missing: list[gaps.Gap],
) -> Situation:
    """Put a gap where it hurts: at the row it is about, or at the question that no row covers."""
    if row is None:
        about = f"authority over {action_type} at {authority.say(tier or '')}:"
        here = [gap.sentence for gap in missing if gap.row is None and about in gap.sentence]
    else:
        here = [gap.sentence for gap in missing if gap.row == row.id]
    return Situation(action_type=action_type, kind=kind, tier=tier, row=row, gaps=tuple(here))


def _stops(found: Authority, at: datetime) -> Iterator[Stop]:
    """Follow a case that nobody answers: each level begins when the one below ran out."""
    above = levels.from_json(json.loads(found.ladder))
    queues = Queue.objects.in_bulk([level.queue_id for level in above])
    business_time = levels.terms_from_json(json.loads(found.terms)).business_time
    due, said = _due(at, found.deadline_seconds, found.calendar)
    yield Stop(
        level=1,
        role=found.role_name,
        queue=found.queue_name,
        begins=at,
        due=due,
        derivation=said,
    )
    for level in above:
        if due is None:
            return
        begins, queue = due, queues[level.queue_id]
        due, said = _due(begins, level.seconds, queries.calendar(queue) if business_time else None)
        yield Stop(
            level=level.level,
            role=level.role,
            queue=queue.name,
            begins=begins,
            due=due,
            derivation=said,
            required_context=level.required_context,
        )


def _due(begins: datetime, seconds: int, calendar: Calendar | None) -> tuple[datetime | None, str]:
    try:
        due = sla.deadline(begins, seconds, calendar)
        return due, sla.derivation(begins, seconds, calendar)
    except NeverOpens:
        return None, "The queue is closed for years on end, so this would never be due."
