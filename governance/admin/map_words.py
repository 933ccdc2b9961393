"""The words of the editor for what the policy language calls otherwise."""

from handoffs import policy
from handoffs.policy import IfMissing, Rule
from handoffs.states import Tier

TIERS: dict[str, str] = {
    Tier.AUTONOMOUS: "autonomous",
    Tier.NOTIFY: "notify",
    Tier.SOFT_REVIEW: "soft review",
    Tier.HARD_APPROVAL: "hard approval",
    Tier.HARD_STOP: "hard stop",
}
TIER_HINTS: dict[str, str] = {
    Tier.AUTONOMOUS: "the agent acts; it is logged",
    Tier.NOTIFY: "the agent acts; people are told",
    Tier.SOFT_REVIEW: "the agent acts; a person confirms or rolls back",
    Tier.HARD_APPROVAL: "the agent waits for a person",
    Tier.HARD_STOP: "the task goes to a person",
}
IF_MISSING: dict[str, str] = {
    IfMissing.FIRES: "fires",
    IfMissing.DOES_NOT_FIRE: "does not fire",
}
JOINS: dict[str, str] = {
    "all": "all of these hold",
    "any": "any of these holds",
    "none": "none of these holds",
    "not-all": "not all of these hold",
}
STANDINGS: dict[str, tuple[str, str]] = {
    "draft": ("draft", "plain"),
    "scheduled": ("scheduled", "amber"),
    "in_force": ("in force", "green"),
    "superseded": ("superseded", "plain"),
    "retired": ("retired", "red"),
}
SEATS: dict[str, str] = {
    "product": "product",
    "compliance": "compliance",
    "engineering": "engineering",
}


def standing(value: str) -> tuple[str, str]:
    """Return the words and the tone of a standing."""
    return STANDINGS.get(value.replace(" ", "_"), (value, "plain"))


def sentence(rule: Rule) -> str:
    """Say a rule as the editor shows it."""
    return (
        f"If {policy.in_words(rule.when)} then {TIERS[rule.tier]}, because: {rule.because}. "
        f"If not given: {IF_MISSING[rule.if_missing]}."
    )
