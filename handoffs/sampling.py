"""Which actions a person looks at afterwards: drawn by nobody's choice, so that they speak for all.

The draw is HMAC-SHA-256 over the proposal's id. Who does not know the secret cannot tell which ids
are drawn, and the agent chooses neither id nor secret, so nothing it sends can move its chance.
What was drawn, and with which probability, is stored with the proposal: another secret or share
changes nothing that is already drawn.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from handoffs.states import AUTONOMOUS_TIERS, Tier

# of actions that nobody sees otherwise, at least this share is looked at
LEAST_SHARE = 0.005
DEFAULT_SHARES: Mapping[Tier, float] = dict.fromkeys(AUTONOMOUS_TIERS, 0.02)
# how long an audit waits to hear how the action went
DEFAULT_WAIT_SECONDS = 3600

_PURPOSE = b"overread audit draw\0"
_STEPS = 1 << 64


@dataclass(frozen=True)
class Draw:
    """Whether a proposal is audited, and how probable that was; no share: it is not sampled."""

    share: float | None
    drawn: bool


NOT_SAMPLED = Draw(None, False)


def draw(secret: str, proposal_id: str, *, tier: Tier, shares: Mapping[Tier, float]) -> Draw:
    """Draw a proposal with the probability that its tier has; the same id, the same draw."""
    share = shares.get(tier)
    if share is None:
        return NOT_SAMPLED
    return Draw(share, place(secret, proposal_id) < share)


def place(secret: str, proposal_id: str) -> float:
    """Return where this id falls between 0 and 1."""
    digest = hmac.digest(secret.encode(), _PURPOSE + proposal_id.encode(), "sha256")
    return int.from_bytes(digest[:8], "big") / _STEPS
