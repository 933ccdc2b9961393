"""Say what a map would have done with the last proposals, while it is still being written."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from handoffs import policy, signals
from handoffs.models import Proposal, Workflow
from handoffs.policy import RiskMap
from handoffs.signals import ActionType, Signals, SignalsRefused
from handoffs.states import ASKED_TIERS, Tier

LAST = 200
EXAMPLES = 6
_RANK = {tier: rank for rank, tier in enumerate(Tier)}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A proposal that would be ruled otherwise."""

    id: str
    action_type: str
    then: Tier
    now: Tier


@dataclass(kw_only=True)
class OfType:
    name: str
    count: int = 0
    up: int = 0
    down: int = 0


@dataclass(kw_only=True)
class Preview:
    """How the last proposals would have been ruled; `skipped` are of action types now gone."""

    count: int = 0
    up: int = 0
    down: int = 0
    newly_asked: int = 0
    no_longer_asked: int = 0
    skipped: int = 0
    cut: bool = False
    types: dict[str, OfType] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)

    @property
    def unchanged(self) -> int:
        return self.count - self.up - self.down


def preview(
    workflow: Workflow,
    risk_map: RiskMap,
    types: Iterable[ActionType],
    *,
    in_time: Callable[[], bool] = lambda: True,
) -> Preview:
    """Rule on the last proposals again, newest first, as long as `in_time` says so."""
    known = {one.name: one for one in types}
    made = Preview()
    for proposal in latest(workflow):
        if not in_time():
            made.cut = True
            break
        action_type = known.get(proposal.action_type)
        if action_type is None:
            made.skipped += 1
            continue
        _add(made, proposal, _tier(risk_map, action_type, proposal))
    return made


def latest(workflow: Workflow) -> Iterable[Proposal]:
    """Return the last proposals, newest first: ids sort by the time of making."""
    return (
        Proposal.objects.filter(run__workflow=workflow)
        .order_by("-id")
        .only("id", "action_type", "arguments", "signals", "tier")[:LAST]
    )


def _tier(risk_map: RiskMap, action_type: ActionType, proposal: Proposal) -> Tier:
    action = action_type.with_arguments(json.loads(proposal.arguments))
    return policy.evaluate(risk_map, action, _signals(proposal.signals)).tier


def _signals(given: Mapping[str, Any]) -> Signals:
    """Read signals that were in order once; what no longer is counts as not given."""
    try:
        return signals.from_json(given)
    except SignalsRefused:
        return signals.from_json({key: one for key, one in given.items() if _is_read(key, one)})


def _is_read(name: str, value: Any) -> bool:
    try:
        signals.from_json({name: value})
    except SignalsRefused:
        return False
    return True


def _add(made: Preview, proposal: Proposal, now: Tier) -> None:
    then = Tier(proposal.tier)
    made.count += 1
    of_type = made.types.setdefault(proposal.action_type, OfType(name=proposal.action_type))
    of_type.count += 1
    if now is then:
        return
    rose = _RANK[now] > _RANK[then]
    made.up, made.down = made.up + rose, made.down + (not rose)
    of_type.up, of_type.down = of_type.up + rose, of_type.down + (not rose)
    made.newly_asked += now in ASKED_TIERS and then not in ASKED_TIERS
    made.no_longer_asked += then in ASKED_TIERS and now not in ASKED_TIERS
    if len(made.examples) < EXAMPLES:
        made.examples.append(
            Example(id=proposal.id, action_type=proposal.action_type, then=then, now=now)
        )
