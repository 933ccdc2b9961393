"""Find rules that are written in vain: that never fire, change nothing, or contradict another.

What is named is proved; where a proof would take too long, nothing is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from governance import proofs, shapes
from governance.proofs import Budget, Goal, Undecided
from governance.situations import Situation
from governance.suggestions import Calm
from handoffs import conditions
from handoffs.conditions import EQUAL, Compare, Missing
from handoffs.evaluation import Facts
from handoffs.policy import RiskMap, Rule
from handoffs.signals import ActionType
from handoffs.states import RANK, Tier


class Kind(StrEnum):
    """What is wrong with rules."""

    NEVER_FIRES = "never_fires"
    SHADOWED = "shadowed"
    CONTRADICTS = "contradicts"
    UNKNOWN_ARGUMENT = "unknown_argument"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong, of which rules, as a sentence."""

    kind: Kind
    rules: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class _Firing:
    """A rule that can fire, and the rules that fire on every example of it: it may imply them."""

    goal: Goal
    company: frozenset[str]


def findings(risk_map: RiskMap, action_types: Sequence[ActionType]) -> list[Finding]:
    """Name the rules that are written in vain, in the order of the map."""
    budget = Budget()
    goals = proofs.goals(risk_map)
    # few rules fire on calm proposals, so that examples soon tell rules apart
    calm = Calm(risk_map, action_types)
    found: list[Finding] = []
    firing: list[_Firing] = []
    for goal in goals if action_types else []:
        try:
            examples = _examples(goal, action_types, calm, budget)
        except Undecided:
            continue
        if examples:
            firing.append(_Firing(goal, _company(goals, examples)))
        else:
            found.append(_never_fires(goal, action_types))
    for goal in goals:
        found += _arguments_read_in_vain(goal, action_types)
    for place, one in enumerate(firing):
        others = [*firing[:place], *firing[place + 1 :]]
        found += islice(_in_vain(one, others, firing[:place], action_types, budget), 1)
    places = {rule.id: place for place, rule in enumerate(risk_map.rules)}
    return sorted(found, key=lambda one: places[one.rules[0]])


def _examples(
    goal: Goal, action_types: Sequence[ActionType], calm: Calm, budget: Budget
) -> list[Situation]:
    found = (proofs.find([goal], calm.of(one), budget) for one in action_types)
    return [one for one in found if one is not None]


def _company(goals: Sequence[Goal], examples: Sequence[Situation]) -> frozenset[str]:
    """Return the rules that fire on all examples; what is not among them is surely not implied."""
    sets = []
    for example in examples:
        facts = example.facts()
        sets.append(frozenset(goal.rule.id for goal in goals if goal.met_in(facts)))
    return frozenset.intersection(*sets)


def _never_fires(goal: Goal, action_types: Sequence[ActionType]) -> Finding:
    if all(goal.test(Facts.of_any(one)) is False for one in action_types):
        why = "no action type meets its condition."
    else:
        why = f"no proposal can meet “{conditions.in_words(goal.rule.when)}”."
    id = goal.rule.id
    return Finding(kind=Kind.NEVER_FIRES, rules=(id,), sentence=f"Rule {id} can never fire: {why}")


def _arguments_read_in_vain(goal: Goal, action_types: Sequence[ActionType]) -> Iterator[Finding]:
    """Name arguments that no action type has which the rule could be about, and wrong kinds."""
    about = [one for one in action_types if goal.test(Facts.of_any(one)) is not False]
    told: set[str] = set()
    for leaf in conditions.leaves(goal.rule.when):
        prefix, _, path = leaf.signal.partition(".")
        if prefix != "arguments" or not about or path in told:
            continue
        known = [shapes.of(one.schema, path.split(".")) for one in about]
        there = [shape for shape in known if shape is not None]
        if not there:
            said = f"reads the argument {path}, which {_no_type(about)} has"
        elif all(_is_other_kind(leaf, shape) for shape in there):
            kinds = sorted({_KINDS.get(kind, kind) for shape in there for kind in shape.kinds})
            compared = conditions.in_words(leaf)
            said = f"says “{compared}”, but that argument is {' or '.join(kinds)}"
        else:
            continue
        told.add(path)
        yield Finding(
            kind=Kind.UNKNOWN_ARGUMENT,
            rules=(goal.rule.id,),
            sentence=f"Rule {goal.rule.id} {said}. Compare it with what the agent can send.",
        )


_KINDS = {
    "string": "a text", "number": "a number", "integer": "a whole number", "object": "an object",
    "boolean": "true or false", "array": "a list", "null": "nothing",
}  # fmt: skip


def _no_type(about: Sequence[ActionType]) -> str:
    names = [one.name for one in about]
    return f"none of {', '.join(names)}" if len(names) > 1 else f"{names[0]} never"


def _is_other_kind(leaf: Compare | Missing, shape: shapes.Shape) -> bool:
    """Tell whether a comparison could not be answered for any value of this shape."""
    if isinstance(leaf, Missing) or not shape.kinds:
        return False
    first = leaf.value[0] if isinstance(leaf.value, tuple) else leaf.value
    if isinstance(first, bool):
        fitting = {"boolean"}
    elif isinstance(first, str):
        fitting = {"string"} if leaf.op in EQUAL else {"string", "array", "integer"}
    else:
        # money may arrive as text
        fitting = {"number", "integer", "string"}
    return not fitting & set(shape.kinds)


def _in_vain(
    one: _Firing,
    others: Sequence[_Firing],
    earlier: Sequence[_Firing],
    action_types: Sequence[ActionType],
    budget: Budget,
) -> Iterator[Finding]:
    """Hold a rule against each that asks for no less; of two that are the same, name the later."""
    for other in others:
        more = RANK[other.goal.rule.tier] - RANK[one.goal.rule.tier]
        if more < 0 or not _implies(one, other, action_types, budget):
            continue
        same = _implies(other, one, action_types, budget)
        if same and more:
            yield _contradicts(one.goal.rule, other.goal.rule)
        elif not same or other in earlier:
            yield _shadowed(one.goal.rule, other.goal.rule, same=same)


def _implies(
    one: _Firing, other: _Firing, action_types: Sequence[ActionType], budget: Budget
) -> bool:
    """Tell whether it is certain that the other rule fires whenever this one does."""
    return other.goal.rule.id in one.company and proofs.is_impossible(
        [one.goal, other.goal.opposite], action_types, budget
    )


def _contradicts(less: Rule, more: Rule) -> Finding:
    return Finding(
        kind=Kind.CONTRADICTS,
        rules=(less.id, more.id),
        sentence=f"Rules {less.id} and {more.id} fire on exactly the same proposals, and one sets "
        f"{_say(less.tier)}, the other {_say(more.tier)}. Only {_say(more.tier)} counts: keep one "
        "of them.",
    )


def _shadowed(less: Rule, more: Rule, *, same: bool) -> Finding:
    if same:
        said = f"Rules {less.id} and {more.id} fire on exactly the same proposals"
    else:
        said = f"Whenever rule {less.id} fires, rule {more.id} fires too"
    return Finding(
        kind=Kind.SHADOWED,
        rules=(less.id, more.id),
        sentence=f"{said} and sets {_say(more.tier)}, so {less.id} changes no tier. Remove it, or "
        "let it ask for more.",
    )


def _say(tier: Tier) -> str:
    return tier.replace("_", " ")
