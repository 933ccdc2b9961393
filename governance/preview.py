"""Say what a map would have done with the last proposals, while it is still being written."""

from collections.abc import Callable
from dataclasses import dataclass, field

from governance import recorded
from governance.trial import Recorded
from handoffs import policy
from handoffs.models import Workflow
from handoffs.policy import RiskMap
from handoffs.states import ASKED_TIERS, RANK, Tier

LAST = 200
EXAMPLES = 6


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
    workflow: Workflow, risk_map: RiskMap, *, in_time: Callable[[], bool] = lambda: True
) -> Preview:
    """Rule on the last proposals again, newest first, as long as `in_time` says so."""
    page = recorded.latest(workflow.pk, recorded.action_types(workflow), most=LAST)
    made = Preview(skipped=sum(page.gone.values()))
    for one in page.recorded:
        if not in_time():
            made.cut = True
            break
        _add(made, one, policy.evaluate(risk_map, one.action, one.signals).tier)
    return made


def _add(made: Preview, one: Recorded, now: Tier) -> None:
    name, then = one.action.type.name, one.tier
    made.count += 1
    of_type = made.types.setdefault(name, OfType(name=name))
    of_type.count += 1
    if then is None or now is then:
        return
    rose = RANK[now] > RANK[then]
    made.up, made.down = made.up + rose, made.down + (not rose)
    of_type.up, of_type.down = of_type.up + rose, of_type.down + (not rose)
    made.newly_asked += now in ASKED_TIERS and then not in ASKED_TIERS
    made.no_longer_asked += then in ASKED_TIERS and now not in ASKED_TIERS
    if len(made.examples) < EXAMPLES:
        made.examples.append(Example(id=one.id, action_type=name, then=then, now=now))
