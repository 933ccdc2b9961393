"""Proposals that show where a rule begins: one on which it fires and one just beside it.

Of two proposals with different answers there are always two such on the way from one to the other,
one value at a time; so whoever finds both answers finds a pair.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from governance import edges, proofs
from governance.edges import Leaf
from governance.proofs import Budget, Goal, Undecided
from governance.situations import Situation
from handoffs import conditions
from handoffs.policy import RiskMap
from handoffs.signals import ACTION_FACTS, ActionType

# how much is tried to keep other rules quiet
_CALM_VALUES = 24
_CALM_TESTS = 20_000


def pairs(risk_map: RiskMap, action_types: Sequence[ActionType]) -> Iterator[tuple[str, Situation]]:
    """Give for each rule, with a name, a proposal on which it fires and one beside it."""
    calm = Calm(risk_map, action_types)
    budget = Budget()
    for goal in proofs.goals(risk_map):
        found = _pair(goal, action_types, calm, budget)
        for situation, says in zip(found, ("fires", "stays quiet"), strict=False):
            yield f"{goal.rule.id} {says}", situation


def _pair(
    goal: Goal, action_types: Sequence[ActionType], calm: "Calm", budget: Budget
) -> tuple[Situation, ...]:
    """Return both, or only the first when the rule fires on all, or none when it never does."""
    alone: tuple[Situation, ...] = ()
    for action_type in action_types:
        fires = _reach(goal, calm.of(action_type), budget)
        if fires is None:
            continue
        alone = alone or (fires,)
        quiet = _one_value_beside(goal, fires, action_types)
        if quiet is not None:
            return fires, quiet
    if alone:
        for action_type in (alone[0].type, *action_types):
            far = _reach(goal.opposite, replace(alone[0], type=action_type), budget)
            if far is not None:
                return _crossing(goal, alone[0], far)
    return alone


def _reach(goal: Goal, start: Situation, budget: Budget) -> Situation | None:
    """Return a proposal near `start` that meets the goal, one value away if that is enough."""
    for name, leaves in _by_name(goal).items():
        for value in edges.around(name, leaves, start.type):
            near = start.having(name, value)
            if value is not None and goal.met_by(near):
                return near
    if goal.met_by(start):
        return start
    try:
        return proofs.find([goal], start, budget)
    except Undecided:
        return None


def _one_value_beside(
    goal: Goal, fires: Situation, action_types: Sequence[ActionType]
) -> Situation | None:
    for name, leaves in _by_name(goal).items():
        for value in edges.around(name, leaves, fires.type):
            near = fires.having(name, value)
            if not goal.met_by(near):
                return near
    others = (replace(fires, type=one) for one in action_types)
    return next((one for one in others if not goal.met_by(one)), None)


def _crossing(goal: Goal, fires: Situation, quiet: Situation) -> tuple[Situation, Situation]:
    """Walk from one to the other, value by value, up to the step that makes the rule stop."""
    here = fires
    for there in _way(fires, quiet):
        if not goal.met_by(there):
            return here, there
        here = there
    raise AssertionError("the way ends where the rule stays quiet")


def _way(start: Situation, end: Situation) -> Iterator[Situation]:
    values = dict(start.values)
    # what goes first, or a name and a path through it would stand side by side
    for path in start.values.keys() - end.values.keys():
        del values[path]
        yield replace(start, values=dict(values))
    for path, value in end.values.items():
        if path not in values or values[path] is not value:
            values[path] = value
            yield replace(start, values=dict(values))
    yield end


def _by_name(goal: Goal) -> dict[str, list[Leaf]]:
    found: dict[str, list[Leaf]] = {}
    for leaf in conditions.leaves(goal.rule.when):
        if leaf.signal not in ACTION_FACTS:
            found.setdefault(leaf.signal, []).append(leaf)
    return found


class Calm:
    """A proposal of each action type on which as few rules fire as a short search finds."""

    def __init__(self, risk_map: RiskMap, action_types: Sequence[ActionType]) -> None:
        self._goals = proofs.goals(risk_map)
        self._readers: dict[str, list[tuple[Goal, list[Leaf]]]] = {}
        for goal in self._goals:
            for name, leaves in _by_name(goal).items():
                self._readers.setdefault(name, []).append((goal, leaves))
        self._left = _CALM_TESTS
        start = [Situation(one, zone=risk_map.zone) for one in action_types]
        self._of = {one.type.name: self._calmed(one) for one in start}

    def of(self, action_type: ActionType) -> Situation:
        return self._of[action_type.name]

    def _calmed(self, situation: Situation) -> Situation:
        for name, readers in self._readers.items():
            goals = [goal for goal, _ in readers]
            best, least = situation, self._count(goals, situation)
            tried = edges.around(
                name, [leaf for _, leaves in readers for leaf in leaves], situation.type
            )
            for value in tried[:: max(1, len(tried) // _CALM_VALUES)]:
                if least == 0 or self._left <= 0:
                    break
                other = situation.having(name, value)
                count = self._count(goals, other)
                if count < least:
                    best, least = other, count
            situation = best
        return situation

    def _count(self, goals: Sequence[Goal], situation: Situation) -> int:
        self._left -= len(goals)
        facts = situation.facts()
        return sum(goal.met_in(facts) for goal in goals)
