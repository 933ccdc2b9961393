"""Choose the row of the governance matrix that says who has authority, by when, and what if not.

A row may leave action type, kind or tier open. Of the rows that cover a question the most specific
wins, by this order and no other:

1. a row that names the action type beats every row that does not;
2. then one that names the kind beats one that does not;
3. then one that names the tier beats one that does not.

So two rows can only tie when they name exactly the same three, which `gaps` refuses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoffs.states import AtLimit, ByEmail, Fallback, HandoffKind, Tier

# what kind of handoff a ruling opens; the lighter tiers ask nobody
KIND_OF: Mapping[Tier, HandoffKind] = {
    Tier.SOFT_REVIEW: HandoffKind.APPROVAL,
    Tier.HARD_APPROVAL: HandoffKind.APPROVAL,
    Tier.HARD_STOP: HandoffKind.TAKEOVER,
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A level above the first: who is asked when the level below did not answer."""

    role: str
    queue: str
    seconds: int
    required_context: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """Who has authority over what, and when the row holds. None means any."""

    id: int | str
    role: str
    queue: str
    deadline_seconds: int
    action_type: str | None = None
    kind: HandoffKind | None = None
    tier: Tier | None = None
    overflow_queue: str | None = None
    # every queue that it may overflow into, one after the other; where they go in a circle, the
    # last is one that was there before
    overflows: tuple[str, ...] = ()
    at_limit: AtLimit = AtLimit.OVERFLOW
    business_time: bool = False
    urgent_seconds: int = 900
    ladder: tuple[Step, ...] = ()
    # other roles and their queues that a reviewer may send it to
    send_to: tuple[tuple[str, str], ...] = ()
    # None: nobody said, which is a gap
    fallback: Fallback | None = None
    email: ByEmail = ByEmail.SIGN_IN
    latency_tolerance: str = ""
    batch_seconds: int = 0
    safeguards: Mapping[str, Any] = field(default_factory=dict)
    effective_from: datetime | None = None
    effective_until: datetime | None = None

    @property
    def named(self) -> tuple[str | None, str | None, str | None]:
        return (self.action_type, self.kind, self.tier)

    def holds(self, at: datetime) -> bool:
        """Tell whether the row is in force at this moment."""
        began = self.effective_from is None or self.effective_from <= at
        return began and (self.effective_until is None or at < self.effective_until)


def in_force(rows: Iterable[Row], at: datetime) -> list[Row]:
    return [row for row in rows if row.holds(at)]


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


def _covers(row: Row, asked: tuple[str | None, str, str | None]) -> bool:
    return all(named is None or named == one for named, one in zip(row.named, asked, strict=True))


def say_named(named: tuple[str | None, str | None, str | None]) -> str:
    """Say what a row stands for, in the words of its form."""
    labels = ("action type", "kind", "tier")
    said = [f"{label} {say(one)}" for label, one in zip(labels, named, strict=True) if one]
    return ", ".join(said) or "everything"


def say(name: str) -> str:
    return name.replace("_", " ") if name in (*Tier, *HandoffKind) else name
