"""Choose who decides: the most specific row of the governance matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from handoffs.states import HandoffKind, Tier


@dataclass(frozen=True, kw_only=True)
class Row:
    id: str
    action_type: str | None
    kind: HandoffKind | None
    tier: Tier | None
    role: str
    queue: str
    deadline_seconds: int
    fallback: str
    safeguards: dict[str, Any] = field(default_factory=dict)
    escalate_role: str | None = None
    escalate_queue: str | None = None


def choose(
    rows: Sequence[Row], *, action_type: str | None, kind: HandoffKind, tier: Tier | None
) -> Row | None:
    fitting = [
        row
        for row in rows
        if row.action_type in (None, action_type)
        and row.kind in (None, kind)
        and row.tier in (None, tier)
    ]
    return max(
        fitting,
        key=lambda r: (r.action_type is not None, r.kind is not None, r.tier is not None),
        default=None,
    )
