"""A case to be entered, and what would happen to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from governance import explorer
from governance.explorer import Asked, Case, Outcome, Stop
from governance.pages import words
from handoffs import signals
from handoffs.authority import say
from handoffs.compiled import CompiledWorkflow
from handoffs.models import ActionType, RiskTierMap
from handoffs.signals import ACTION_FACTS, CATALOGUE, Signals, SignalsRefused, Type
from handoffs.states import ACT_OF, Act
from reviews.forms import arguments
from reviews.pages import times

YES, NO = "yes", "no"
_ACTS: Mapping[Act, str] = {
    Act.PROCEED: "The agent goes ahead.",
    Act.PROCEED_AND_TELL: "The agent goes ahead, and people are told.",
    Act.PROCEED_TENTATIVELY: "The agent goes ahead tentatively.",
    Act.WAIT: "The agent waits for the answer.",
    Act.STOP: "The agent stops.",
}


_AROUND: Mapping[str, Any] = {
    "text": {"type": "string", "title": "Request (input.text)", "maxLength": 10_000},
    "ask": {"type": "string", "title": "Ask of the brief", "maxLength": 1_000},
    "summary": {"type": "string", "title": "Summary of the brief", "maxLength": 1_000},
    "draft": {"type": "string", "title": "Draft", "maxLength": 10_000},
}


@dataclass(frozen=True, kw_only=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Reason:
    id: str
    tier: str
    because: str


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One entry of the timeline."""

    when: str
    title: str
    detail: str
    last: bool


@dataclass(frozen=True, kw_only=True)
class Result:
    """What would happen, in the order one asks: how much of a person, who, by when, and else."""

    tier: str
    tier_name: str
    act: str
    reasons: tuple[Reason, ...]
    uncovered: bool
    row: str
    row_url: str
    beaten: tuple[str, ...]
    role: str
    queue: str
    due: str
    derivation: str
    timeline: tuple[Moment, ...]
    safeguards: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The form as it was filled in, and what came of it; `mistaken` when fields are marked."""

    fields: tuple[arguments.Field, ...]
    mistaken: bool = False
    error: str = ""
    result: Result | None = None


class Unreadable(ValueError):
    """What was typed is no case; the message says why."""


def schema(action: ActionType) -> dict[str, Any]:
    """Return the form's own schema: the action's arguments, the signals, and when it comes."""
    return {
        "type": "object",
        "properties": {
            "at": {"type": "string", "title": "Comes at (UTC)"},
            "first_seen": {"type": "string", "title": "First of its kind", "enum": [YES, NO]},
            "arguments": {**action.arguments_schema, "title": "Arguments"},
            "signals": {"type": "object", "title": "Signals", "properties": _signals()},
            "around": {"type": "object", "title": "What comes with it", "properties": _AROUND},
        },
        "required": ["arguments"],
    }


def start(action: ActionType) -> dict[str, Any]:
    """Return what the form begins with: a box that is not ticked says no."""
    of_action = action.arguments_schema
    asked = {name: of_action["properties"].get(name, {}) for name in of_action.get("required", ())}
    return {"arguments": {n: False for n, one in asked.items() if one.get("type") == "boolean"}}


def _signals() -> dict[str, Any]:
    """Make a field for each signal that an agent reports; what stays empty it did not say."""
    reported = set(Signals.__dataclass_fields__)
    named = {
        name: _signal(known)
        for name, known in CATALOGUE.items()
        if name in reported and name not in ACTION_FACTS
    }
    figures = {
        "type": "array",
        "items": {"type": "string"},
        "title": "Values, each as name = value",
    }
    return {**named, "values": figures}


def _signal(known: signals.Known) -> dict[str, Any]:
    match known.type:
        case Type.LIST:
            said: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
        case Type.COUNT | Type.NUMBER:
            said = {"type": "integer" if known.type is Type.COUNT else "number"}
        case _:
            said = {"type": "string"}
    said["description"] = known.says
    limits = {"minimum": known.low, "maximum": known.high}
    return said | {name: value for name, value in limits.items() if value is not None}


def case(action: str, read: Mapping[str, Any], *, now: datetime) -> Case:
    """Make a case of what the form holds, or raise Unreadable."""
    told = dict(read.get("signals") or {})
    values = [_value(line) for line in told.pop("values", None) or []]
    if values:
        told["values"] = dict(values)
    first = {YES: True, NO: False}.get(str(read.get("first_seen")))
    around = dict(read.get("around") or {})
    text = around.pop("text", None)
    return Case(
        action_type=action,
        at=_moment(read.get("at"), now),
        arguments=read.get("arguments") or {},
        signals={name: value for name, value in told.items() if value not in (None, "", [])},
        first_seen=first,
        input={"text": text} if text else None,
        brief=around or None,
    )


def _moment(text: Any, now: datetime) -> datetime:
    if not text:
        return now
    try:
        at = datetime.fromisoformat(str(text).strip())
    except ValueError:
        raise Unreadable("The time is not readable. Write it as 2027-01-31 09:00.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _value(line: str) -> tuple[str, Any]:
    name, equals, text = (part.strip() for part in line.partition("="))
    if not name or not equals:
        raise Unreadable(f"“{line[:60]}” is no value. Write it as name = value.")
    try:
        return name, json.loads(text)
    except ValueError:
        return name, text


def result(ruling: CompiledWorkflow, asked: Case, *, row_url: str) -> Result:
    """Ask the engine, and put its answer into words."""
    if ruling.map is None:
        raise Unreadable("No map is in force then, so nothing would be let in. Choose a version.")
    try:
        found = explorer.what_happens(ruling, asked)
    except SignalsRefused as refused:
        raise Unreadable(f"{refused.path}: {refused.message}") from None
    return _result(found, asked.at, row_url)


def _result(found: Outcome, at: datetime, row_url: str) -> Result:
    ruling, asked = found.ruling, found.asked
    return Result(
        tier=ruling.tier.value,
        tier_name=say(ruling.tier),
        act=_ACTS[ACT_OF[ruling.tier]],
        reasons=tuple(
            Reason(id=one.id, tier=one.tier.value, because=one.because) for one in ruling.fired
        ),
        uncovered=found.uncovered,
        row=words.covers(asked.row) if asked else "",
        row_url=f"{row_url}#row-{asked.row.id}" if asked else "",
        beaten=_beaten(asked) if asked else (),
        role=asked.authority.role_name if asked else "",
        queue=asked.authority.queue_name if asked else "",
        due=_clock(asked.stops[0].due, at) if asked else "",
        derivation=asked.stops[0].derivation if asked else "",
        timeline=tuple(_timeline(asked, at)) if asked else (),
        safeguards=words.safeguards(asked.authority.safeguards) if asked else (),
    )


def _beaten(asked: Asked) -> tuple[str, ...]:
    return tuple(
        f"before the row for {words.covers(one)}, since {explorer.why_first(asked.row, one)}"
        for one in asked.beaten
    )


def _timeline(asked: Asked, at: datetime) -> list[Moment]:
    told = [_asked(stop, at) for stop in asked.stops]
    end = asked.stops[-1].due
    told.append(
        Moment(
            when=_clock(end, at),
            title=f"Still nobody: {words.FALLBACKS[asked.row.fallback]}",
            detail="",
            last=True,
        )
    )
    return told


def _asked(stop: Stop, at: datetime) -> Moment:
    context = ", ".join(stop.required_context)
    needs = f" The brief must also carry: {context}." if context else ""
    return Moment(
        when=_clock(stop.begins, at),
        title=f"Level {stop.level}: the {stop.role} are asked, in {stop.queue}",
        detail=f"{stop.derivation}.{needs}",
        last=False,
    )


def _clock(at: datetime | None, seen_from: datetime) -> str:
    return f"{times.clock(at.astimezone(UTC), seen_from.astimezone(UTC))} UTC" if at else "never"


def empty() -> Page:
    """Return the page of a workflow in which an agent can do nothing yet."""
    return Page(fields=(), error="This workflow has no action types yet: nothing can come.")


def action_options(found: list[ActionType], chosen: ActionType | None) -> tuple[Option, ...]:
    return tuple(Option(value=one.name, label=one.name, chosen=one == chosen) for one in found)


def map_options(found: list[RiskTierMap], chosen: RiskTierMap | None) -> tuple[Option, ...]:
    """Offer what is in force first, then every version that is not retired."""
    named = Option(value="", label="the one in force then", chosen=chosen is None)
    versions = [
        Option(
            value=str(one.version),
            label=f"version {one.version}, {one.state}",
            chosen=one == chosen,
        )
        for one in found
    ]
    return (named, *versions)
