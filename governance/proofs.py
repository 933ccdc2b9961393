"""Find a proposal on which rules fire or stay quiet as asked, or prove that there is none.

A tableau: what is asked is taken apart into comparisons, each branch collects what it wants of each
name, and `edges` knows whether a value can give all of it. A proposal that is found is evaluated
before it is believed. That there is none is said only when every branch was closed for certain; a
budget of steps bounds the work, and where it runs out the answer is Undecided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from governance import edges
from governance.edges import FALSE, NOT_FALSE, NOT_TRUE, TRUE, UNKNOWN, Leaf, States, Wanted
from governance.situations import Situation
from handoffs import evaluation, signals
from handoffs.conditions import AllOf, AnyField, AnyOf, Compare, Condition, Missing, Not
from handoffs.evaluation import Facts, Test
from handoffs.policy import IfMissing, RiskMap, Rule
from handoffs.signals import ActionType

STEPS_PER_QUESTION = 3_000

_NEGATED: Mapping[States, States] = {
    TRUE: FALSE, FALSE: TRUE, NOT_FALSE: NOT_TRUE, NOT_TRUE: NOT_FALSE
}  # fmt: skip


class Undecided(Exception):
    """The question is too hard for its budget; neither a proposal nor a proof was found."""


@dataclass
class Budget:
    """Steps that several questions share."""

    left: int = 20_000


@dataclass(frozen=True)
class Goal:
    """A rule, its test, and whether it shall fire."""

    rule: Rule
    test: Test
    fires: bool = True

    def met_by(self, situation: Situation) -> bool:
        return self.met_in(situation.facts())

    def met_in(self, facts: Facts) -> bool:
        held = self.test(facts)
        fires = self.rule.if_missing is IfMissing.FIRES if held is None else held
        return fires is self.fires

    @cached_property
    def formula(self) -> "_Formula":
        return _taken_apart(self.rule.when, self.states)

    @cached_property
    def opposite(self) -> "Goal":
        return replace(self, fires=not self.fires)

    @property
    def states(self) -> States:
        if self.rule.if_missing is IfMissing.FIRES:
            return NOT_FALSE if self.fires else FALSE
        return TRUE if self.fires else NOT_TRUE


@dataclass(frozen=True)
class _Every:
    parts: tuple["_Formula", ...]


@dataclass(frozen=True)
class _Some:
    parts: tuple["_Formula", ...]


_Formula = Wanted | _Every | _Some


def goals(risk_map: RiskMap) -> list[Goal]:
    """Return for each rule the goal that it fires."""
    return [Goal(rule, test) for rule, test, _ in risk_map.compiled]


def is_impossible(
    goals: Sequence[Goal], action_types: Sequence[ActionType], budget: Budget
) -> bool:
    """Tell whether it is certain that no proposal of any of these types meets all goals."""
    try:
        return all(find(goals, Situation(one), budget) is None for one in action_types)
    except Undecided:
        return False


def find(goals: Sequence[Goal], start: Situation, budget: Budget) -> Situation | None:
    """Return a proposal of the start's type that meets all goals, None if there is none, or raise.

    It differs from `start` only in what the goals need.
    """
    if budget.left <= 0:
        raise Undecided
    allowed = Budget(min(STEPS_PER_QUESTION, budget.left))
    search = _Search(start.type, allowed)
    before = allowed.left
    try:
        for found in search.branches(tuple(goal.formula for goal in goals), {}):
            for situation in (start, replace(start, values={})):
                for name, value in found.items():
                    situation = situation.having(name, value)
                if all(goal.met_by(situation) for goal in goals):
                    return situation
            search.sure = False
    finally:
        budget.left -= before - allowed.left
    if not search.sure:
        raise Undecided
    return None


def _taken_apart(condition: Condition, states: States) -> _Formula:
    match condition:
        case Compare() | Missing():
            return Wanted(condition, states)
        case AnyField(items):
            return _of_any_field(items, states)
        case Not(item):
            return _taken_apart(item, _NEGATED[states])
        case AllOf(items) | AnyOf(items):
            parts = tuple(_taken_apart(item, states) for item in items)
            # `all` is true, or not false, when every part is; false, or not true, when some part is
            every = isinstance(condition, AllOf) is (True in states)
            return _Every(parts) if every else _Some(parts)


def _of_any_field(items: Sequence[Compare], states: States) -> _Formula:
    """Take a comparison of several fields apart: true of one, or false of what is there."""
    true = _Some(tuple(Wanted(item, TRUE) for item in items))
    absent = [Wanted(Missing(item.signal), TRUE) for item in items]
    if states == TRUE:
        return true
    if states == NOT_TRUE:
        return _Every(tuple(Wanted(item, NOT_TRUE) for item in items))
    if states == FALSE:
        of_each = [_Some((Wanted(i, FALSE), gone)) for i, gone in zip(items, absent, strict=True)]
        return _Every((*of_each, _Some(tuple(Wanted(item, FALSE) for item in items))))
    unreadable = [
        _Every((Wanted(item, UNKNOWN), Wanted(Missing(item.signal), FALSE))) for item in items
    ]
    return _Some((*true.parts, _Every(tuple(absent)), *unreadable))


@dataclass
class _Search:
    type: ActionType
    budget: Budget
    # that every branch which was closed was closed for certain
    sure: bool = True
    _tests: dict[int, tuple[Leaf, Test]] = field(default_factory=dict)

    def branches(
        self, pending: tuple[_Formula, ...], chosen: Mapping[str, tuple[Wanted, ...]]
    ) -> Iterator[dict[str, Any]]:
        """Give for each branch that stays open a value for every name it wants something of."""
        open_choices: list[_Some] = []
        chosen = dict(chosen)
        waiting = list(pending)
        while waiting:
            match waiting.pop(0):
                case _Every(parts):
                    waiting[:0] = parts
                case _Some() as choice:
                    open_choices.append(choice)
                case Wanted() as wanted if not self._take(wanted, chosen):
                    return
        if not open_choices:
            yield {name: self._value(name, wanted)[1] for name, wanted in chosen.items()}
            return
        first, *rest = sorted(open_choices, key=lambda choice: len(choice.parts))
        for part in first.parts:
            yield from self.branches((part, *rest), chosen)

    def _take(self, wanted: Wanted, chosen: dict[str, tuple[Wanted, ...]]) -> bool:
        """Add what is wanted to its branch, and tell whether the branch may stay open."""
        self.budget.left -= 1
        if self.budget.left < 0:
            raise Undecided
        name = wanted.leaf.signal
        if name in signals.ACTION_FACTS:
            return self._test(wanted.leaf)(Facts.of_any(self.type)) in wanted.states
        chosen[name] = (*chosen.get(name, ()), wanted)
        there, _, certain = self._value(name, chosen[name])
        if not there and not certain:
            self.sure = False
        return there

    def _value(self, name: str, wanted: tuple[Wanted, ...]) -> tuple[bool, Any, bool]:
        """Return whether a value gives all that is wanted of a name, it, and if no is for sure."""
        tried = edges.of(name, wanted, self.type)
        for value in tried.values:
            facts = Facts.of_one(name, value)
            if all(self._test(one.leaf)(facts) in one.states for one in wanted):
                return True, value, True
        return False, None, tried.complete

    def _test(self, leaf: Leaf) -> Test:
        # by identity: True and 1 are equal to Python and not to a comparison
        kept = self._tests.get(id(leaf))
        if kept is None:
            kept = self._tests[id(leaf)] = (leaf, evaluation.compile(leaf))
        return kept[1]
