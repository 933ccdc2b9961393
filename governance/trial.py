"""Rule on recorded proposals with a map: what decides, and never sees what turned out true."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handoffs import policy
from handoffs.policy import DEFAULT, FLOOR, NO_ROLLBACK, RiskMap, Ruling
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import ASKED_TIERS, RANK, Impact, Reversibility, Tier

STANDING = (FLOOR, DEFAULT, NO_ROLLBACK)
SURROUNDINGS = frozenset({"input", "brief"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A proposal that was once made; `tier` is what was ruled then, if anything was."""

    id: str
    action: Action
    signals: Signals
    tier: Tier | None = None
    at: datetime | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a trial says of one proposal.

    `weight` orders by how much speaks for asking: the tier, then the rules that set it, then all
    that fired. `step` is the first reason to ask that holds, in the order of `Trial.steps`.
    """

    id: str
    line: int | None
    action_type: str
    then: Tier | None
    now: Tier
    rules: tuple[str, ...]
    weight: int
    step: int


class Trial:
    """A map to try, and the map to compare with where the record has no ruling of its own."""

    def __init__(self, risk_map: RiskMap, in_force: RiskMap | None = None) -> None:
        self.risk_map = risk_map
        self.in_force = in_force
        self.steps = steps(risk_map)
        self._step = {name: number for number, name in enumerate(self.steps)}

    def rule(self, recorded: Recorded) -> Verdict:
        ruling = policy.evaluate(self.risk_map, recorded.action, recorded.signals)
        then = recorded.tier
        if then is None and self.in_force is not None:
            then = policy.evaluate(self.in_force, recorded.action, recorded.signals).tier
        return Verdict(
            id=recorded.id,
            line=recorded.line,
            action_type=recorded.action.type.name,
            then=then,
            now=ruling.tier,
            rules=tuple(fired.id for fired in ruling.fired),
            weight=_weight(ruling),
            step=self._first_step(ruling),
        )

    def _first_step(self, ruling: Ruling) -> int:
        asking = (
            self._step[fired.id]
            for fired in ruling.fired
            if fired.tier in ASKED_TIERS and fired.id in self._step
        )
        return min(asking, default=len(self.steps))


def steps(risk_map: RiskMap) -> tuple[str, ...]:
    """Name the reasons to ask, one more at each step: the strictest rules first, floors last."""
    asking = [rule for rule in risk_map.rules if rule.tier in ASKED_TIERS]
    ordered = sorted(asking, key=lambda rule: -RANK[rule.tier])
    return (*(rule.id for rule in ordered), FLOOR, DEFAULT)


def surroundings(*maps: RiskMap | None) -> frozenset[str]:
    """Name what these maps read around an action and what costs a look-up: input, brief."""
    read = (name.partition(".")[0] for one in maps if one is not None for name in one.names)
    return SURROUNDINGS & frozenset(read)


def _weight(ruling: Ruling) -> int:
    rules = [fired for fired in ruling.fired if fired.id not in STANDING]
    deciding = sum(fired.tier is ruling.tier for fired in rules)
    return (RANK[ruling.tier] * 1000 + deciding) * 1000 + len(rules)


def action_types(data: Mapping[str, tuple[str, str]]) -> dict[str, ActionType]:
    """Read action types from name: (impact, reversibility)."""
    return {
        name: ActionType(
            name=name, impact=Impact(impact), reversibility=Reversibility(reversibility)
        )
        for name, (impact, reversibility) in data.items()
    }
