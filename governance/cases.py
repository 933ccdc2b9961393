"""Test cases of a risk tier map: whether they pass, which rules they do not show, and new ones.

A rule is shown by two cases: one on which it fires, and one just on its other side: it stays quiet
there, and the two differ in exactly one value.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from governance import proofs, situations, suggestions
from governance.case import NO_RULES, Case, parse, parse_all, to_json
from governance.proofs import Budget, Goal
from governance.situations import Path, Situation
from handoffs import conditions
from handoffs.policy import RiskMap, Ruling
from handoffs.signals import ActionType
from handoffs.states import Tier

__all__ = [
    "Case", "Result", "check", "fired", "parse", "parse_all", "rule", "situation", "suggest",
    "to_json", "uncovered",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a map makes of a case; `sentence` says what is wrong, or that all is as expected."""

    case: Case
    passed: bool
    tier: Tier | None
    rules: tuple[str, ...]
    sentence: str


def situation(case: Case, action_type: ActionType) -> Situation:
    """Lay out what the case brings, value by value."""
    given = {
        **case.signals,
        "arguments": case.arguments,
        "at": case.at,
        "first_seen": case.first_seen,
        "input": case.input,
        "brief": case.brief,
    }
    return situations.of(action_type, given)


def rule(risk_map: RiskMap, action_types: Sequence[ActionType], case: Case) -> Ruling | None:
    """Rule on a case as on a proposal, or return None when it names no action type of these."""
    action_type = next((one for one in action_types if one.name == case.action_type), None)
    if action_type is None:
        return None
    return situation(case, action_type).ruling(risk_map)


def fired(ruling: Ruling) -> tuple[str, ...]:
    """Return the rules of the map that fired, without floor and default."""
    return tuple(sorted(one.id for one in ruling.fired if one.id not in NO_RULES))


def check(risk_map: RiskMap, action_types: Sequence[ActionType], case: Case) -> Result:
    """Hold a case against a map; the sentence says what came instead of what was expected."""
    ruling = rule(risk_map, action_types, case)
    if ruling is None:
        return Result(
            case=case,
            passed=False,
            tier=None,
            rules=(),
            sentence=f"“{case.name}” is about {case.action_type}, which is not an action type of "
            "this workflow.",
        )
    rules = fired(ruling)
    wrong = list(_wrong(case, ruling.tier, rules))
    said = f"“{case.name}” fails: {'; '.join(wrong)}." if wrong else f"“{case.name}” passes."
    return Result(case=case, passed=not wrong, tier=ruling.tier, rules=rules, sentence=said)


def _wrong(case: Case, tier: Tier, rules: Sequence[str]) -> list[str]:
    wrong = []
    if tier is not case.tier:
        wrong.append(f"it expects {_say(case.tier)} and gets {_say(tier)}")
    silent = [rule for rule in sorted(set(case.rules)) if rule not in rules]
    if silent:
        wrong.append(f"{_named(silent)} should fire and {_do(silent)} not")
    surplus = [rule for rule in rules if rule not in case.rules]
    if surplus:
        wrong.append(f"{_named(surplus)} should not fire and {_do(surplus)}")
    return wrong


def _named(rules: Sequence[str]) -> str:
    return f"{'rule' if len(rules) == 1 else 'rules'} {', '.join(rules)}"


def _do(rules: Sequence[str]) -> str:
    return "does" if len(rules) == 1 else "do"


def _say(tier: Tier) -> str:
    return tier.replace("_", " ")


def uncovered(
    risk_map: RiskMap, action_types: Sequence[ActionType], made: Sequence[Case]
) -> list[str]:
    """Say in sentences which rules the cases do not show; empty means they show all.

    Where it is certain that a rule fires on every proposal, no other side is asked for.
    """
    shown = _Shown(risk_map, action_types, made)
    budget = Budget()
    return [
        sentence
        for goal in proofs.goals(risk_map)
        for sentence in _not_shown(goal, action_types, shown, budget)
    ]


def _not_shown(
    goal: Goal, action_types: Sequence[ActionType], shown: "_Shown", budget: Budget
) -> Iterator[str]:
    id, said = goal.rule.id, conditions.in_words(goal.rule.when)
    if id not in shown.fired:
        if proofs.is_impossible([goal], action_types, budget):
            yield f"Rule {id} can never fire, so no case can show it. Change it or remove it."
        else:
            yield f"No case makes rule {id} fire. Add one in which {said}."
    elif id not in shown.edged and not proofs.is_impossible([goal.opposite], action_types, budget):
        yield (
            f"No case shows where rule {id} stops ({said}). Copy a case in which it fires and "
            "change one value, so that it no longer does."
        )


class _Shown:
    """The rules that fire in some case, and those that one value keeps from firing."""

    def __init__(
        self, risk_map: RiskMap, action_types: Sequence[ActionType], made: Sequence[Case]
    ) -> None:
        self.fired: set[str] = set()
        self.edged: set[str] = set()
        known = {one.name: one for one in action_types}
        told: list[tuple[dict[Path, str], frozenset[str]]] = []
        for case in made:
            if case.action_type in known:
                brought = situation(case, known[case.action_type])
                told.append((brought.items(), frozenset(fired(brought.ruling(risk_map)))))
        for _, rules in told:
            self.fired |= rules
        for path in {path for items, _ in told for path in items}:
            self._compare(path, told)

    def _compare(self, path: Path, told: Sequence[tuple[dict[Path, str], frozenset[str]]]) -> None:
        """Put together the cases that are alike but for one value, and see what it changes."""
        alike: dict[frozenset[tuple[Path, str]], list[frozenset[str]]] = defaultdict(list)
        for items, rules in told:
            rest = frozenset(item for item in items.items() if item[0] != path)
            alike[rest].append(rules)
        for group in alike.values():
            self.edged |= frozenset.union(*group) - frozenset.intersection(*group)


def suggest(risk_map: RiskMap, action_types: Sequence[ActionType]) -> list[Case]:
    """Make the cases that show every rule of a map that can be shown, as the map rules today.

    What a rule does not read is chosen so that few other rules fire too.
    """
    made: dict[frozenset[tuple[Path, str]], Case] = {}
    for name, brought in suggestions.pairs(risk_map, action_types):
        key = frozenset(brought.items().items())
        if key not in made:
            made[key] = _case(risk_map, brought, name)
    return list(made.values())


def _case(risk_map: RiskMap, brought: Situation, name: str) -> Case:
    ruling = brought.ruling(risk_map)
    values = brought.nested("values")
    return Case(
        name=name,
        action_type=brought.type.name,
        tier=ruling.tier,
        rules=fired(ruling),
        arguments=brought.nested("arguments"),
        signals={**brought.stated(), **({"values": values} if values else {})},
        at=brought.values.get(situations.AT),
        first_seen=brought.values.get(situations.FIRST_SEEN),
        input=brought.nested("input") or None,
        brief=brought.nested("brief") or None,
    )
