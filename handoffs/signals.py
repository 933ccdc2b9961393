"""What policy reads: the signals of a proposal and the facts about its action."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeGuard

from handoffs.states import Impact, Reversibility

# In a path: a name as agents write them in JSON. What else a key may hold cannot be read by rules.
_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
MAX_SEGMENTS = 8
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Type(StrEnum):
    """What a name holds; OPEN ones hold what the agent sends: number, text, truth value, list."""

    NUMBER = "number"
    COUNT = "whole number"
    TEXT = "text"
    LIST = "list of texts"
    TRUTH = "truth value"
    OPEN = "open"


@dataclass(frozen=True, kw_only=True)
class Known:
    """One name that a condition may read.

    Silence on a score or a description means it is unknown, and the rule says what follows. Silence
    on a list or a count means the agent reports none: an agent that hides a flag gains nothing by
    leaving the field out, so asking every rule to guess would only cry wolf.
    """

    type: Type
    says: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unknown_when_missing: bool = True
    # a clock: it never reaches `high`, and stands at no value long enough to be equal to it
    runs_on: bool = False


def _score(says: str) -> Known:
    return Known(type=Type.NUMBER, says=says, low=0, high=1)


def _reported(says: str, type: Type = Type.LIST) -> Known:
    low = 0 if type is Type.COUNT else None
    return Known(type=type, says=says, low=low, unknown_when_missing=False)


CATALOGUE: Mapping[str, Known] = MappingProxyType(
    {
        "confidence": _score("how sure the agent is, 0 to 1"),
        "risk_score": _score("how risky a model finds the action, 0 to 1"),
        "ood_score": _score("how unlike earlier cases this one is, 0 to 1"),
        "flags": _reported("business-rule flags that were raised"),
        "missing_fields": _reported("required context the agent could not find"),
        "conflicts": _reported("facts that contradict each other"),
        "retries": _reported("how often a tool failed and was tried again", Type.COUNT),
        "options_count": _reported("how many valid options there are", Type.COUNT),
        "sentiment": Known(type=Type.TEXT, says="the requester's mood, such as frustrated"),
        "customer_tier": Known(type=Type.TEXT, says="how valued the customer is, such as gold"),
        "action_type": Known(type=Type.TEXT, says="what the agent wants to do"),
        "impact": Known(
            type=Type.TEXT, says="what is at stake: low or high", choices=tuple(Impact)
        ),
        "reversibility": Known(
            type=Type.TEXT, says="whether it can be undone", choices=tuple(Reversibility)
        ),
        "first_seen": Known(
            type=Type.TRUTH, says="whether no proposal of this action type came before"
        ),
        "time.hour": Known(
            type=Type.NUMBER,
            says="the time of day in the map's time zone; half past five in the afternoon is 17.5",
            low=0,
            high=24,
            runs_on=True,
        ),
        "time.weekday": Known(
            type=Type.TEXT, says="the day of the week in the map's time zone", choices=WEEKDAYS
        ),
        "brief.ask": Known(type=Type.TEXT, says="what the brief asks"),
        "brief.summary": Known(type=Type.TEXT, says="the brief's summary"),
        "brief.draft": Known(type=Type.TEXT, says="the text that the agent drafted"),
    }
)
# followed by a path of names: values.amount, arguments.refund.amount
OPEN_PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "values": "a figure or text that the agent sends along",
        "arguments": "an argument of the action",
        "input": "what the run was started with",
    }
)
ACTION_FACTS = frozenset({"action_type", "impact", "reversibility"})
_OPEN = Known(type=Type.OPEN, says="what the agent sends")


class SignalsRefused(ValueError):
    """Signals that do not fit the catalogue."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Signals:
    """What the agent reports about its own proposal. None: it did not say."""

    confidence: float | None = None
    risk_score: float | None = None
    ood_score: float | None = None
    flags: tuple[str, ...] | None = None
    missing_fields: tuple[str, ...] | None = None
    conflicts: tuple[str, ...] | None = None
    retries: int | None = None
    sentiment: str | None = None
    customer_tier: str | None = None
    options_count: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ActionType:
    """Something an agent of the workflow can do, as far as policy cares."""

    name: str
    impact: Impact
    reversibility: Reversibility
    # JSON Schema of the arguments; empty when nobody said what they look like
    schema: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def with_arguments(self, arguments: Mapping[str, Any], **surrounding: Any) -> "Action":
        return Action(type=self, arguments=arguments, **surrounding)


@dataclass(frozen=True, kw_only=True)
class Action:
    """One action with its arguments, and what surrounds it. None: it is not known."""

    type: ActionType
    arguments: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    first_seen: bool | None = None
    input: Mapping[str, Any] | None = None
    brief: Mapping[str, Any] | None = None


def known(name: str) -> Known | None:
    """Return what a condition may expect behind a name, or None if there is no such name."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    prefix, *path = name.split(".")
    if prefix in OPEN_PREFIXES and 0 < len(path) <= MAX_SEGMENTS:
        return _OPEN if all(map(_SEGMENT.fullmatch, path)) else None
    return None


def reads(name: str, action: Action, signals: Signals, zone: tzinfo = UTC) -> Any:
    """Return the value behind a name of the catalogue, or None for what is not there.

    A path goes through objects only; whatever else is in its way counts as not there.
    """
    if name in ACTION_FACTS:
        return action.type.name if name == "action_type" else getattr(action.type, name).value
    prefix, *path = name.split(".")
    if not path:
        value = action.first_seen if name == "first_seen" else getattr(signals, name)
        return _none_reported(name) if value is None else value
    match prefix:
        case "arguments":
            return _behind(action.arguments, path)
        case "values":
            return _behind(signals.values, path)
        case "input":
            return _behind(action.input, path)
        case "brief":
            return _text_of_brief(action.brief, path[0])
        case _:
            return _of_clock(path[0], action.at, zone)


def _behind(found: Any, path: list[str]) -> Any:
    for segment in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(segment)
    return found


def _text_of_brief(brief: Mapping[str, Any] | None, part: str) -> Any:
    found = _behind(brief, [part])
    return _behind(found, ["body"]) if part == "draft" and isinstance(found, Mapping) else found


def _of_clock(name: str, at: datetime | None, zone: tzinfo) -> float | str | None:
    try:
        local = at.astimezone(zone) if at else None
    except OverflowError:  # beyond the calendar
        return None
    if local is None:
        return None
    if name == "weekday":
        return WEEKDAYS[local.weekday()]
    return _hour(local)


def _hour(at: datetime | time) -> float:
    return at.hour + at.minute / 60 + at.second / 3600 + at.microsecond / 3.6e9


def hour_of_a_clock(hour: float) -> float:
    """Return the hour that a clock shows next to `hour`, from 0 to before 24: it ticks."""
    ticks = min(max(round(hour * 3.6e9), 0), 86_400_000_000 - 1)
    return _hour((datetime.min + timedelta(microseconds=ticks)).time())


def _none_reported(name: str) -> Any:
    expected = CATALOGUE[name]
    if expected.unknown_when_missing:
        return None
    return 0 if expected.type is Type.COUNT else ()


def from_json(data: Mapping[str, Any]) -> Signals:
    """Read signals as the API takes them, or raise SignalsRefused; null is silence."""
    names = {one.name for one in fields(Signals)}
    for name in data:
        if name not in names:
            raise SignalsRefused(
                name, f"There is no such signal. There are {', '.join(sorted(names))}."
            )
    taken = {name: _taken(name, value) for name, value in data.items() if value is not None}
    return Signals(**taken)


def _taken(name: str, value: Any) -> Any:
    if name == "values":
        if not isinstance(value, Mapping):
            raise SignalsRefused(name, "An object of names and values belongs here.")
        return dict(value)
    for message in _misfits(CATALOGUE[name], value):
        raise SignalsRefused(name, message)
    return tuple(value) if isinstance(value, list | tuple) else value


def _misfits(expected: Known, value: Any) -> Iterator[str]:
    match expected.type:
        case Type.TEXT:
            fits = isinstance(value, str)
        case Type.LIST:
            fits = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        case Type.COUNT:
            fits = isinstance(value, int) and not isinstance(value, bool)
        case _:
            fits = is_number(value)
    if not fits:
        yield f"A {expected.type.value} belongs here."
    elif is_number(value) and not in_range(expected, value):
        yield f"{value} is outside {bounds(expected)}."


def is_number(value: Any) -> TypeGuard[int | float]:
    """Tell a finite number from everything else, truth values included."""
    if isinstance(value, float):
        return math.isfinite(value)
    # beyond this no reader of ours lets an integer in
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**64


def in_range(expected: Known, value: float) -> bool:
    """Tell whether a number can occur at all."""
    above = expected.low is None or value >= expected.low
    if expected.high is None or value < expected.high:
        return above
    return above and value == expected.high and not expected.runs_on


def bounds(expected: Known) -> str:
    """Say between which numbers a signal lies: "0 to 1", "0 and up"."""
    if expected.high is None:
        return f"{expected.low:g} and up"
    return f"{expected.low:g} to {'below ' if expected.runs_on else ''}{expected.high:g}"
