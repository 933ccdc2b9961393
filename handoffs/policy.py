"""Rule how much human attention an action deserves: pure, deterministic, explained.

The tier of a ruling is the highest of three: the floor of the action type, the map's default and
every rule that fires. A rule can only raise; `problems` refuses one that reads as if it lowered.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handoffs import conditions, evaluation
from handoffs.conditions import Compare, PolicyError, in_words
from handoffs.evaluation import Facts
from handoffs.risk_map import (
    DEFAULT,
    FLOOR,
    MAX_RULES,
    NO_ROLLBACK,
    Fired,
    Floors,
    IfMissing,
    RiskMap,
    Rule,
    map_to_json,
    parse_map,
)
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import ACT_OF, RANK, Act, Reversibility, Tier

__all__ = [
    "PolicyError", "Rule", "Floors", "RiskMap", "Fired", "Ruling", "IfMissing", "MAX_RULES",
    "FLOOR", "DEFAULT", "NO_ROLLBACK", "parse_map", "map_to_json", "evaluate", "problems",
    "reachable_tiers", "highest", "in_words",
]  # fmt: skip


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
    """Return the tier that asks most of people."""
    return max(tiers, key=RANK.__getitem__, default=Tier.AUTONOMOUS)


def evaluate(risk_map: RiskMap, action: Action, signals: Signals) -> Ruling:
    """Rule on one action. The same three always give the same ruling; nothing here can fail."""
    facts = Facts(action, signals, risk_map.zone)
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
        fired=tuple(sorted(fired, key=lambda one: (-RANK[one.tier], one.id))),
        floor=risk_map.floors.of(action.type),
        version=risk_map.version,
        digest=risk_map.digest,
    )


def _standing(risk_map: RiskMap, action_type: ActionType) -> Iterator[Fired]:
    """Give the reasons that hold before any rule is read."""
    floor = risk_map.floors.of(action_type)
    if floor is not Tier.AUTONOMOUS:
        undone = "can" if action_type.reversibility is Reversibility.REVERSIBLE else "cannot"
        stakes = f"{action_type.impact.capitalize()} impact, and it {undone} be undone"
        yield Fired(id=FLOOR, tier=floor, because=f"{stakes}: never below {_say(floor)}")
    if risk_map.default is not Tier.AUTONOMOUS:
        because = f"In this workflow no action gets less than {_say(risk_map.default)}"
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
        if RANK[getattr(floors, less)] > RANK[getattr(floors, more)]:
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
    if RANK[rule.tier] < RANK[risk_map.default]:
        yield (
            f"Rule {rule.id} sets {_say(rule.tier)}, below the default {_say(risk_map.default)}: "
            "a rule can only raise. Raise it, or lower the default."
        )
        return
    below = [one for one in can_fire if RANK[rule.tier] < RANK[risk_map.floors.of(one)]]
    named = set(_types_named(rule))
    for one in below:
        if len(below) == len(can_fire) or one.name in named:
            yield (
                f"Rule {rule.id} sets {_say(rule.tier)} for {one.name}, whose impact is "
                f"{one.impact} and {one.reversibility}: it never goes below "
                f"{_say(risk_map.floors.of(one))}. Raise the rule, or change the floor."
            )


def _say(tier: Tier) -> str:
    return tier.replace("_", " ")
