"""A risk tier map: rules, floors and lists, and how they are written as JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from handoffs import canonical, conditions, evaluation, texts
from handoffs.conditions import Condition, ListKind, Lists, PolicyError, WordList
from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility, Tier

MAX_RULES = 300
MAX_LISTS = 50
# keywords are looked for one by one, a watchlist is looked up
MAX_ENTRIES = {ListKind.KEYWORDS: 500, ListKind.WATCHLIST: 10_000}
MAX_BECAUSE = 200
FLOOR, DEFAULT, NO_ROLLBACK = "floor", "default", "no-rollback"

_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
_RULE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Fired:
    """One reason for a ruling; `missing` names what it fired for want of."""

    id: str
    tier: Tier
    because: str
    missing: tuple[str, ...] = ()


class IfMissing(StrEnum):
    """What a rule does when what it reads is not there."""

    FIRES = "fires"
    DOES_NOT_FIRE = "does_not_fire"


@dataclass(frozen=True, kw_only=True)
class Rule:
    id: str
    tier: Tier
    when: Condition
    because: str
    if_missing: IfMissing = IfMissing.FIRES


@dataclass(frozen=True, kw_only=True)
class Floors:
    """The tier below which an action never goes, from impact × reversibility.

    Low and reversible needs nobody. Low and irreversible is told: there is little to save, and a
    soft review would promise a roll-back that cannot be kept. High and reversible goes ahead under
    soft review, because it can be rolled back. High and irreversible waits for a person.
    """

    low_reversible: Tier = Tier.AUTONOMOUS
    low_irreversible: Tier = Tier.NOTIFY
    high_reversible: Tier = Tier.SOFT_REVIEW
    high_irreversible: Tier = Tier.HARD_APPROVAL

    def of(self, action_type: ActionType) -> Tier:
        floor: Tier = getattr(self, f"{action_type.impact}_{action_type.reversibility}")
        return floor


@dataclass(frozen=True, kw_only=True)
class RiskMap:
    """One version of a risk tier map."""

    default: Tier
    rules: tuple[Rule, ...] = ()
    floors: Floors = field(default_factory=Floors)
    lists: Lists = field(default_factory=dict)
    time_zone: str = "UTC"
    version: int = 0

    @cached_property
    def digest(self) -> str:
        """Identify the content, whatever its version number."""
        return canonical.digest(map_to_json(self))

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @cached_property
    def names(self) -> frozenset[str]:
        """Return every name that its rules read."""
        return frozenset(
            leaf.signal for rule in self.rules for leaf in conditions.leaves(rule.when)
        )

    @cached_property
    def reads_input(self) -> bool:
        return any(name.startswith("input.") for name in self.names)

    @cached_property
    def compiled(self) -> tuple[tuple[Rule, evaluation.Test, "Fired"], ...]:
        return tuple(
            (
                rule,
                evaluation.compile(rule.when),
                Fired(id=rule.id, tier=rule.tier, because=rule.because),
            )
            for rule in self.rules
        )


def parse_map(data: Any, *, version: int = 0) -> RiskMap:
    """Read a map from JSON, or raise PolicyError naming the place and the reason."""
    _object(data, "", required={"default"}, optional={"floors", "time_zone", "lists", "rules"})
    lists = _lists(data.get("lists", {}))
    rules = data.get("rules", [])
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        raise PolicyError("rules", f"A list of at most {MAX_RULES} rules belongs here.")
    read = tuple(_rule(rule, f"rules.{index}", lists) for index, rule in enumerate(rules))
    seen: set[str] = set()
    for index, rule in enumerate(read):
        if rule.id in seen:
            raise PolicyError(f"rules.{index}.id", f"There are two rules {rule.id}. Rename one.")
        seen.add(rule.id)
    return RiskMap(
        default=_tier(data["default"], "default"),
        rules=read,
        floors=_floors(data.get("floors", {})),
        lists=lists,
        time_zone=_time_zone(data.get("time_zone", "UTC")),
        version=version,
    )


def map_to_json(risk_map: RiskMap) -> dict[str, Any]:
    """Write a map as `parse_map` reads it, with every default spelled out.

    Only UTC and no lists are left out, so that maps from before these were known keep their digest.
    """
    zone = {} if risk_map.time_zone == "UTC" else {"time_zone": risk_map.time_zone}
    lists = {
        name: {"kind": one.kind.value, "entries": [*one.entries]}
        for name, one in risk_map.lists.items()
    }
    return {
        "default": risk_map.default.value,
        "floors": {
            impact.value: {
                kind.value: getattr(risk_map.floors, f"{impact}_{kind}").value
                for kind in Reversibility
            }
            for impact in Impact
        },
        **zone,
        **({"lists": lists} if lists else {}),
        "rules": [
            {
                "id": rule.id,
                "tier": rule.tier.value,
                "when": conditions.to_json(rule.when),
                "because": rule.because,
                "if_missing": rule.if_missing.value,
            }
            for rule in risk_map.rules
        ],
    }


def _time_zone(data: Any) -> str:
    try:
        if isinstance(data, str) and _ZONE.fullmatch(data):
            return ZoneInfo(data).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise PolicyError("time_zone", "The name of a time zone such as Europe/Berlin belongs here.")


def _lists(data: Any) -> dict[str, WordList]:
    if not isinstance(data, Mapping) or len(data) > MAX_LISTS:
        raise PolicyError("lists", f"An object of at most {MAX_LISTS} lists belongs here.")
    return {name: _list(name, one) for name, one in data.items()}


def _list(name: Any, data: Any) -> WordList:
    if not isinstance(name, str) or not _RULE_ID.fullmatch(name):
        raise PolicyError("lists", "A list is named by small letters, digits and hyphens.")
    path = f"lists.{name}"
    _object(data, path, required={"kind", "entries"}, optional=set())
    try:
        kind = ListKind(data["kind"])
    except ValueError:
        raise PolicyError(f"{path}.kind", f"One of {', '.join(ListKind)} belongs here.") from None
    entries, most = data["entries"], MAX_ENTRIES[kind]
    if not isinstance(entries, list) or not 0 < len(entries) <= most:
        raise PolicyError(f"{path}.entries", f"A list of 1 to {most} texts belongs here.")
    for index, entry in enumerate(entries):
        if not texts.keyword(conditions.check_text(entry, f"{path}.entries.{index}")):
            raise PolicyError(
                f"{path}.entries.{index}", "An entry has at least one letter or digit."
            )
    return WordList(kind, tuple(dict.fromkeys(entries)))


def _rule(data: Any, path: str, lists: Lists) -> Rule:
    _object(data, path, required={"id", "tier", "when", "because"}, optional={"if_missing"})
    id, because = data["id"], data["because"]
    if not isinstance(id, str) or not _RULE_ID.fullmatch(id):
        raise PolicyError(f"{path}.id", "Small letters, digits and hyphens belong here.")
    if id in (FLOOR, DEFAULT, NO_ROLLBACK):
        raise PolicyError(f"{path}.id", f"{id} is a name that rulings use themselves. Rename it.")
    if (
        not isinstance(because, str)
        or not 0 < len(because.strip()) <= MAX_BECAUSE
        or not because.isprintable()
        or set(because) & set("{}")
    ):
        raise PolicyError(
            f"{path}.because",
            f"One plain sentence of at most {MAX_BECAUSE} characters belongs here, without "
            "placeholders: reviewers read it as it stands.",
        )
    try:
        if_missing = IfMissing(data.get("if_missing", IfMissing.FIRES))
    except ValueError:
        raise PolicyError(f"{path}.if_missing", "fires or does_not_fire belongs here.") from None
    return Rule(
        id=id,
        tier=_tier(data["tier"], f"{path}.tier"),
        when=conditions.parse(data["when"], f"{path}.when", lists),
        because=because.strip(),
        if_missing=if_missing,
    )


def _floors(data: Any) -> Floors:
    _object(data, "floors", required=set(), optional={impact.value for impact in Impact})
    given: dict[str, Tier] = {}
    for impact, row in data.items():
        path = f"floors.{impact}"
        _object(row, path, required=set(), optional={kind.value for kind in Reversibility})
        for kind, tier in row.items():
            given[f"{impact}_{kind}"] = _tier(tier, f"{path}.{kind}")
    return Floors(**given)


def _tier(data: Any, path: str) -> Tier:
    try:
        return Tier(data)
    except ValueError:
        raise PolicyError(path, f"One of {', '.join(Tier)} belongs here.") from None


def _object(data: Any, path: str, *, required: set[str], optional: set[str]) -> None:
    if not isinstance(data, Mapping):
        raise PolicyError(path, "An object belongs here.")
    for name in sorted(required - set(data)):
        raise PolicyError(path, f"{name} is missing.")
    for name in data:
        if name not in required | optional:
            raise PolicyError(path, f"“{name!s:.60}” is not known here.")
