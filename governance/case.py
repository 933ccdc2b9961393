"""One test case of a risk tier map, and how it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoffs import policy, signals
from handoffs.policy import PolicyError
from handoffs.states import Tier

MAX_CASES = 1_000
MAX_NAME = 200
# reasons of a ruling that are no rules of the map
NO_RULES = frozenset({policy.FLOOR, policy.DEFAULT, policy.NO_ROLLBACK})


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a proposal brings, and the tier and the rules of the map that are expected of it."""

    name: str
    action_type: str
    tier: Tier
    rules: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    first_seen: bool | None = None
    input: Mapping[str, Any] | None = None
    brief: Mapping[str, Any] | None = None


def parse(data: Any, path: str = "case") -> Case:
    """Read a case from JSON, or raise PolicyError naming the place and the reason."""
    if not isinstance(data, Mapping):
        raise PolicyError(path, "A case is an object.")
    for name in ("name", "action_type", "tier"):
        if name not in data:
            raise PolicyError(path, f"{name} is missing.")
    for name in data:
        if name not in Case.__dataclass_fields__:
            raise PolicyError(path, f"“{name!s:.60}” is not known here.")
    name = data["name"]
    if not isinstance(name, str) or not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise PolicyError(f"{path}.name", f"A name of 1 to {MAX_NAME} characters belongs here.")
    return Case(
        name=name.strip(),
        action_type=_text(data["action_type"], f"{path}.action_type"),
        tier=_tier(data["tier"], f"{path}.tier"),
        rules=_rules(data.get("rules", []), f"{path}.rules"),
        arguments=_object(data.get("arguments"), f"{path}.arguments") or {},
        signals=_signals(data.get("signals"), f"{path}.signals"),
        at=_moment(data.get("at"), f"{path}.at"),
        first_seen=_truth(data.get("first_seen"), f"{path}.first_seen"),
        input=_object(data.get("input"), f"{path}.input"),
        brief=_object(data.get("brief"), f"{path}.brief"),
    )


def parse_all(data: Any) -> tuple[Case, ...]:
    """Read the cases of a version; each has a name of its own."""
    if not isinstance(data, list) or len(data) > MAX_CASES:
        raise PolicyError("cases", f"A list of at most {MAX_CASES} cases belongs here.")
    read = tuple(parse(one, f"cases.{index}") for index, one in enumerate(data))
    seen: set[str] = set()
    for index, case in enumerate(read):
        if case.name in seen:
            raise PolicyError(f"cases.{index}.name", f"There are two cases “{case.name}”.")
        seen.add(case.name)
    return read


def to_json(case: Case) -> dict[str, Any]:
    """Write a case as `parse` reads it; what it does not say is left out."""
    said = {
        "arguments": dict(case.arguments) or None,
        "signals": dict(case.signals) or None,
        "at": case.at.isoformat() if case.at else None,
        "first_seen": case.first_seen,
        "input": case.input,
        "brief": case.brief,
    }
    return {
        "name": case.name,
        "action_type": case.action_type,
        **{name: value for name, value in said.items() if value is not None},
        "tier": case.tier.value,
        "rules": list(case.rules),
    }


def _text(data: Any, path: str) -> str:
    if not isinstance(data, str) or not data:
        raise PolicyError(path, "A text belongs here.")
    return data


def _tier(data: Any, path: str) -> Tier:
    try:
        return Tier(data)
    except ValueError:
        raise PolicyError(path, f"One of {', '.join(Tier)} belongs here.") from None


def _rules(data: Any, path: str) -> tuple[str, ...]:
    if not isinstance(data, list) or not all(isinstance(one, str) for one in data):
        raise PolicyError(path, "A list of rules belongs here.")
    for one in data:
        if one in NO_RULES:
            raise PolicyError(path, f"{one} is no rule of the map. Leave it out.")
    return tuple(dict.fromkeys(data))


def _object(data: Any, path: str) -> dict[str, Any] | None:
    if data is not None and not isinstance(data, Mapping):
        raise PolicyError(path, "An object belongs here.")
    return None if data is None else dict(data)


def _signals(data: Any, path: str) -> dict[str, Any]:
    given = _object(data, path) or {}
    try:
        signals.from_json(given)
    except signals.SignalsRefused as refused:
        raise PolicyError(f"{path}.{refused.path}", refused.message) from None
    return given


def _moment(data: Any, path: str) -> datetime | None:
    if data is None:
        return None
    try:
        moment = datetime.fromisoformat(data) if isinstance(data, str) else data
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    raise PolicyError(path, "A time with its zone such as 2030-01-31T12:00:00+01:00 belongs here.")


def _truth(data: Any, path: str) -> bool | None:
    if data is not None and not isinstance(data, bool):
        raise PolicyError(path, "true or false belongs here.")
    return data
