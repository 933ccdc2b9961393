"""Rule how much human attention an action deserves: pure, deterministic, explained.

The tier of a ruling is the highest of three: the floor of the action type, the map's default and
every rule that fires. A rule can only raise; `problems` refuses one that reads as if it lowered.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from handoffs import canonical, conditions, evaluation
from handoffs.conditions import Compare, Condition, PolicyError, in_words
from handoffs.evaluation import Facts
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import ACT_OF, Act, Impact, Reversibility, Tier

__all__ = [
    "PolicyError", "Rule", "Floors", "RiskMap", "Fired", "Ruling", "IfMissing",
    "parse_map", "map_to_json", "evaluate", "problems", "reachable_tiers", "highest", "in_words",
]  # fmt: skip

MAX_RULES = 300
MAX_BECAUSE = 200
FLOOR, DEFAULT, NO_ROLLBACK = "floor", "default", "no-rollback"

_RANK = {tier: rank for rank, tier in enumerate(Tier)}
_RULE_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


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
    version: int = 0

    @cached_property
    def digest(self) -> str:
        """Identify the content, whatever its version number."""
        return canonical.digest(map_to_json(self))

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


@dataclass(frozen=True, kw_only=True)
class Fired:
    """One reason for a ruling; `missing` names what it fired for want of."""

    id: str
    tier: Tier
    because: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What policy says about one proposal; `fired` explains `tier` completely, highest first."""

    tier: Tier
    act: Act
    fired: tuple[Fired, ...]
    floor: Tier
    version: int
    digest: str


def highest(*tiers: Tier) -> Tier:
    """Return the tier that asks most of people (as texts, tiers would sort by alphabet)."""
    return max(tiers, key=_RANK.__getitem__, default=Tier.AUTONOMOUS)


def evaluate(risk_map: RiskMap, action: Action, signals: Signals) -> Ruling:
    """Rule on one action. The same three always give the same ruling; nothing here can fail."""
    facts = Facts(action, signals)
    fired = [*_standing(risk_map, action.type)]
    for rule, test, reason in risk_map.compiled:
        held = test(facts)
        if held:
            fired.append(reason)
        elif held is None and rule.if_missing is IfMissing.FIRES:
            fired.append(_for_want(rule, facts))
    tier = highest(*(reason.tier for reason in fired))
    if tier is Tier.SOFT_REVIEW and action.type.reversibility is Reversibility.IRREVERSIBLE:
        tier = Tier.HARD_APPROVAL
        fired.append(
            Fired(
                id=NO_ROLLBACK,
                tier=tier,
                because="It cannot be undone, so it cannot go ahead tentatively: approval first",
            )
        )
    return Ruling(
        tier=tier,
        act=ACT_OF[tier],
        fired=tuple(sorted(fired, key=lambda one: (-_RANK[one.tier], one.id))),
        floor=risk_map.floors.of(action.type),
        version=risk_map.version,
        digest=risk_map.digest,
    )


def _standing(risk_map: RiskMap, action_type: ActionType) -> Iterator[Fired]:
    """Give the reasons that hold before any rule is read."""
    floor = risk_map.floors.of(action_type)
    if floor is not Tier.AUTONOMOUS:
        stakes = f"Impact {action_type.impact} and {action_type.reversibility}"
        yield Fired(id=FLOOR, tier=floor, because=f"{stakes}: never below {_say(floor)}")
    if risk_map.default is not Tier.AUTONOMOUS:
        because = f"Every action of this workflow starts at {_say(risk_map.default)}"
        yield Fired(id=DEFAULT, tier=risk_map.default, because=because)


def _for_want(rule: Rule, facts: Facts) -> Fired:
    missing = evaluation.unknown_names(rule.when, facts)
    because = f"{rule.because} (not given or not readable: {', '.join(missing)})"
    return Fired(id=rule.id, tier=rule.tier, because=because, missing=missing)


def reachable_tiers(risk_map: RiskMap, action_type: ActionType) -> tuple[Tier, ...]:
    """Return every tier a proposal of this type could be given, from least to most.

    Conditions are evaluated with only the action type's own facts known: what is then false can
    never fire, what is true always does, and the rest may.
    """
    facts = Facts.of_any(action_type)
    held = [(rule.tier, test(facts)) for rule, test, _ in risk_map.compiled]
    always = [tier for tier, answer in held if answer]
    least = highest(risk_map.default, risk_map.floors.of(action_type), *always)
    tiers = {least} | {highest(least, tier) for tier, answer in held if answer is None}
    if action_type.reversibility is Reversibility.IRREVERSIBLE and Tier.SOFT_REVIEW in tiers:
        tiers = (tiers - {Tier.SOFT_REVIEW}) | {Tier.HARD_APPROVAL}
    return tuple(tier for tier in Tier if tier in tiers)


def problems(risk_map: RiskMap, action_types: Sequence[ActionType]) -> list[str]:
    """Say in sentences what keeps a map from being published; empty means nothing does."""
    found = list(_floor_problems(risk_map.floors))
    for rule, test, _ in risk_map.compiled:
        found += _unknown_types(rule, action_types)
        can_fire = [one for one in action_types if test(Facts.of_any(one)) is not False]
        if action_types and not can_fire:
            found.append(f"Rule {rule.id} can never fire: no action type meets its condition.")
        found += _lowering(risk_map, rule, can_fire)
    return found


def _floor_problems(floors: Floors) -> Iterator[str]:
    pairs = [
        ("low_reversible", "low_irreversible"),
        ("low_reversible", "high_reversible"),
        ("low_irreversible", "high_irreversible"),
        ("high_reversible", "high_irreversible"),
    ]
    for less, more in pairs:
        if _RANK[getattr(floors, less)] > _RANK[getattr(floors, more)]:
            yield (
                f"The floor of {more.replace('_', ' and ')} is below the floor of "
                f"{less.replace('_', ' and ')}: what weighs more would be watched less."
            )


def _unknown_types(rule: Rule, action_types: Sequence[ActionType]) -> Iterator[str]:
    names = {one.name for one in action_types}
    for name in _types_named(rule):
        if name not in names:
            yield f"Rule {rule.id} names {name}, which is not an action type of this workflow."


def _types_named(rule: Rule) -> list[str]:
    named: list[str] = []
    for leaf in conditions.leaves(rule.when):
        if isinstance(leaf, Compare) and leaf.signal == "action_type" and leaf.op in ("==", "in"):
            named += _names(leaf)
    return named


def _names(leaf: Compare) -> list[str]:
    return [str(v) for v in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))]


def _lowering(risk_map: RiskMap, rule: Rule, can_fire: Sequence[ActionType]) -> Iterator[str]:
    """Find the action types for which a rule reads as permission to go below what is certain.

    A general rule may well be below some floors. One that names an action type, or is below for
    all it can fire on, was written in the belief that it lowers.
    """
    if _RANK[rule.tier] < _RANK[risk_map.default]:
        yield (
            f"Rule {rule.id} sets {_say(rule.tier)}, below the default {_say(risk_map.default)}: "
            "a rule can only raise. Raise it, or lower the default."
        )
        return
    below = [one for one in can_fire if _RANK[rule.tier] < _RANK[risk_map.floors.of(one)]]
    named = set(_types_named(rule))
    for one in below:
        if len(below) == len(can_fire) or one.name in named:
            yield (
                f"Rule {rule.id} sets {_say(rule.tier)} for {one.name}, whose impact is "
                f"{one.impact} and {one.reversibility}: it never goes below "
                f"{_say(risk_map.floors.of(one))}. Raise the rule, or change the floor."
            )


def parse_map(data: Any, *, version: int = 0) -> RiskMap:
    """Read a map from JSON, or raise PolicyError naming the place and the reason."""
    _object(data, "", required={"default"}, optional={"floors", "rules"})
    rules = data.get("rules", [])
    if not isinstance(rules, list) or len(rules) > MAX_RULES:
        raise PolicyError("rules", f"A list of at most {MAX_RULES} rules belongs here.")
    read = tuple(_rule(rule, f"rules.{index}") for index, rule in enumerate(rules))
    seen: set[str] = set()
    for index, rule in enumerate(read):
        if rule.id in seen:
            raise PolicyError(f"rules.{index}.id", f"There are two rules {rule.id}. Rename one.")
        seen.add(rule.id)
    return RiskMap(
        default=_tier(data["default"], "default"),
        rules=read,
        floors=_floors(data.get("floors", {})),
        version=version,
    )


def map_to_json(risk_map: RiskMap) -> dict[str, Any]:
    """Write a map as `parse_map` reads it, with every default spelled out."""
    return {
        "default": risk_map.default.value,
        "floors": {
            impact.value: {
                kind.value: getattr(risk_map.floors, f"{impact}_{kind}").value
                for kind in Reversibility
            }
            for impact in Impact
        },
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


def _rule(data: Any, path: str) -> Rule:
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
        when=conditions.parse(data["when"], f"{path}.when"),
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


def _say(tier: Tier) -> str:
    return tier.replace("_", " ")
