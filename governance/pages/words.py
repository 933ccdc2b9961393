"""The words on screen for what a row of the matrix holds."""

from collections.abc import Mapping
from typing import Any

from handoffs import deadlines, gathering
from handoffs.authority import Row, say
from handoffs.states import AtLimit, ByEmail, Fallback, HandoffKind, Tier
from reviews import spec
from reviews.pages.times import span

FALLBACKS: Mapping[Fallback | None, str] = {
    Fallback.REJECT: "the agent is told no",
    Fallback.APPROVE: "it is approved",
    Fallback.FAIL: "the run ends with an error",
    Fallback.HOLD: "it stays where it is, and the owner is told",
    None: "nobody said what happens",
}
BY_EMAIL: Mapping[ByEmail, str] = {
    ByEmail.YES: "may be answered from an e-mail",
    ByEmail.SIGN_IN: "from an e-mail only after signing in",
    ByEmail.STEP_UP: "from an e-mail only after signing in and confirming who they are",
    ByEmail.NO: "not from an e-mail",
}
TIERS: Mapping[Tier, str] = {
    Tier.AUTONOMOUS: "The agent acts; it is logged.",
    Tier.NOTIFY: "The agent acts, and people are told.",
    Tier.SOFT_REVIEW: "The agent acts tentatively: confirmed in time, or rolled back.",
    Tier.HARD_APPROVAL: "The agent waits for a person's answer.",
    Tier.HARD_STOP: "The agent stops, and a person takes the task.",
}
_CHALLENGE = {
    "always": "a challenge",
    "sampled": "a challenge to some who agree",
}
_REASON = {"on_reject": "a reason when rejecting", "always": "a reason for every answer"}


def covers(row: Row) -> str:
    """Say what a row is for: "refund_order, hard approval", or "everything"."""
    named = [row.action_type, row.kind and say(row.kind), row.tier and say(row.tier)]
    return ", ".join(one for one in named if one) or "everything"


def situation(action_type: str | None, kind: HandoffKind, tier: Tier | None) -> str:
    if action_type is None:
        return f"{say(kind).capitalize()}, asked for by the agent"
    drawn = ", when drawn for an audit" if kind is HandoffKind.AUDIT else ""
    return f"{action_type} at {say(tier or '')}{drawn}"


def safeguards(written: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what has to be so before a decision counts."""
    asked = spec.read(written)
    said = [
        f"at least {span(asked.minimum_seconds)} of reading" if asked.minimum_seconds else "",
        _REASON.get(asked.reason, ""),
        "marked evidence opened" if asked.evidence == "must_open" else "",
        "the AI's advice held back" if asked.withhold_recommendation else "",
        _CHALLENGE.get(asked.challenge, ""),
        f"{asked.approvers} people agreeing" if asked.approvers > 1 else "",
    ]
    return tuple(one for one in said if one)


def _urgent(row: Row) -> str:
    """A time as long as the deadline would make all urgent from the start: a quarter is taken."""
    window = deadlines.urgent_window(row.deadline_seconds, row.urgent_seconds)
    cut = ", the last quarter of its time" if window < row.urgent_seconds else ""
    return f"urgent {span(window)} before{cut}"


def gathered(row: Row) -> tuple[str, ...]:
    """Say when a row lets handoffs wait for company, or become urgent."""
    said = [_urgent(row)] if row.urgent_seconds else []
    if window := gathering.window(row.batch_seconds, row.deadline_seconds):
        cut = ", a quarter of its time" if window < row.batch_seconds else ""
        said.append(f"gathered for up to {span(window)}{cut}")
    if row.at_limit is AtLimit.PAUSE:
        said.append("when its queue is full, the workflow pauses")
    return tuple(said)
