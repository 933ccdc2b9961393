"""What a handoff keeps of its row: the levels above, and the terms under which it waits.

Frozen as plain data when the handoff opens, so that a change of the matrix does not change what
is asked of somebody who already works on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Level:
    """Whom a handoff goes to next when nobody answers; the row itself is level 1."""

    level: int
    role_id: int
    role: str
    queue_id: int
    queue: str
    seconds: int
    required_context: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """A role with authority, and the queue in which it is asked."""

    role_id: int
    role: str
    queue_id: int
    queue: str
    queue_name: str


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the row said that holds on every level, and what the present level needs to know."""

    business_time: bool = False
    urgent_seconds: int = 900
    email: str = "sign_in"
    latency_tolerance: str = "hours"
    batch_seconds: int = 0
    overflow_queue_id: int | None = None
    overflow_queue: str | None = None
    at_limit: str = "overflow"
    required_context: tuple[str, ...] = ()
    # where a reviewer may send it instead, wherever it is now
    send_to: tuple[Place, ...] = ()


def to_json(levels: Iterable[Level]) -> list[dict[str, Any]]:
    return [asdict(level) | {"required_context": list(level.required_context)} for level in levels]


def from_json(data: Iterable[Mapping[str, Any]]) -> tuple[Level, ...]:
    return tuple(
        Level(**{**level, "required_context": tuple(level.get("required_context", ()))})
        for level in data
    )


def terms_to_json(terms: Terms) -> dict[str, Any]:
    lists = {"required_context": list(terms.required_context)}
    return asdict(terms) | lists | {"send_to": [asdict(place) for place in terms.send_to]}


def terms_from_json(data: Mapping[str, Any]) -> Terms:
    read = {
        "required_context": tuple(data.get("required_context", ())),
        "send_to": tuple(Place(**place) for place in data.get("send_to", ())),
    }
    return Terms(**{**data, **read})


def lacking(brief: Mapping[str, Any], labels: Iterable[str]) -> list[str]:
    """Return the labels that no fact of the brief carries, letter case aside."""
    facts = brief.get("facts")
    carried = {
        str(fact.get("label", "")).strip().casefold()
        for fact in (facts if isinstance(facts, list) else [])
        if isinstance(fact, Mapping)
    }
    return [label for label in labels if label.strip().casefold() not in carried]
