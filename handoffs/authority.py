"""Choose the row of the governance matrix that says who has authority, by when, and what if not.

A row may leave action type, kind or tier open. Of the rows that cover a question the most specific
wins, by this order and no other:

1. a row that names the action type beats every row that does not;
2. then one that names the kind beats one that does not;
3. then one that names the tier beats one that does not.

So two rows can only tie when they name exactly the same three, which `ambiguities` refuses.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handoffs import policy
from handoffs.policy import RiskMap
from handoffs.signals import ActionType
from handoffs.states import Fallback, HandoffKind, Tier

# what kind of handoff a ruling opens; the lighter tiers ask nobody
KIND_OF: Mapping[Tier, HandoffKind] = {
    Tier.SOFT_REVIEW: HandoffKind.APPROVAL,
    Tier.HARD_APPROVAL: HandoffKind.APPROVAL,
    Tier.HARD_STOP: HandoffKind.TAKEOVER,
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """Who has authority over what. None means any."""

    id: int | str
    role: str
    queue: str
    deadline_seconds: int
    action_type: str | None = None
    kind: HandoffKind | None = None
    tier: Tier | None = None
    fallback: Fallback = Fallback.REJECT
    escalate_role: str | None = None
    escalate_queue: str | None = None
    safeguards: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str | None, str | None, str | None]:
        return (self.action_type, self.kind, self.tier)


def choose(
    rows: Iterable[Row], *, action_type: str | None, kind: HandoffKind, tier: Tier | None
) -> Row | None:
    """Return the most specific row that covers the question, or None: nobody has authority.

    An escalation that is about no action or no tier is only covered by rows that name none.
    """
    asked = (action_type, kind, tier)
    covering = [row for row in rows if _covers(row, asked)]
    return max(covering, key=specificity, default=None)


def specificity(row: Row) -> tuple[bool, bool, bool]:
    """Order rows: action type before kind before tier."""
    action_type, kind, tier = row.named
    return (action_type is not None, kind is not None, tier is not None)


def ambiguities(rows: Iterable[Row]) -> list[str]:
    """Say which rows nobody could choose between; empty means none."""
    counted: dict[tuple[str | None, str | None, str | None], int] = {}
    for row in rows:
        counted[row.named] = counted.get(row.named, 0) + 1
    return [
        f"{count} rows of the matrix stand for {_say_named(named)}: nobody could say which one "
        "holds. Keep one, or name more in the others."
        for named, count in counted.items()
        if count > 1
    ]


def gaps(action_types: Sequence[ActionType], risk_map: RiskMap, rows: Sequence[Row]) -> list[str]:
    """Name each question a proposal could raise that nobody has authority over.

    No row, no launch: what this lists would otherwise be found by an agent that waits for ever.
    """
    return [
        f"Nobody has authority over {action_type.name} at {_say(tier)}: no row of the matrix "
        f"covers action type {action_type.name}, kind {_say(kind)}, tier {_say(tier)}. Add one, "
        "or a wider one."
        for action_type in action_types
        for tier, kind in _reachable(action_type, risk_map)
        if choose(rows, action_type=action_type.name, kind=kind, tier=tier) is None
    ]


def _reachable(action_type: ActionType, risk_map: RiskMap) -> Iterator[tuple[Tier, HandoffKind]]:
    for tier in policy.reachable_tiers(risk_map, action_type):
        if tier in KIND_OF:
            yield tier, KIND_OF[tier]


def _covers(row: Row, asked: tuple[str | None, str, str | None]) -> bool:
    return all(named is None or named == one for named, one in zip(row.named, asked, strict=True))


def _say_named(named: tuple[str | None, str | None, str | None]) -> str:
    labels = ("action type", "kind", "tier")
    said = [f"{label} {_say(one)}" for label, one in zip(labels, named, strict=True) if one]
    return ", ".join(said) or "everything"


def _say(name: str) -> str:
    return name.replace("_", " ") if name in (*Tier, *HandoffKind) else name
