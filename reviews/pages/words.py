"""The words on screen for what the code calls otherwise."""

from handoffs.states import Fallback, HandoffKind, RunState, Tier

KINDS: dict[HandoffKind, str] = {
    HandoffKind.TASK_DEFINITION: "Task definition",
    HandoffKind.APPROVAL: "Approval",
    HandoffKind.EXCEPTION: "Exception",
    HandoffKind.AMBIGUITY: "Ambiguity",
    HandoffKind.RECOVERY: "Recovery",
    HandoffKind.SIGN_OFF: "Sign-off",
    HandoffKind.TAKEOVER: "Takeover",
    HandoffKind.AUDIT: "Audit",
}
TIERS: dict[str, str] = {
    Tier.AUTONOMOUS: "Autonomous",
    Tier.NOTIFY: "Notify",
    Tier.SOFT_REVIEW: "Already done, waits to be confirmed",
    Tier.HARD_APPROVAL: "Waits for approval",
    Tier.HARD_STOP: "Stopped",
}
FALLBACKS: dict[str, str] = {
    Fallback.REJECT: "the agent is told no",
    Fallback.FAIL: "the run ends with an error",
    Fallback.ESCALATE: "it goes one level up",
}
# what the requester reads; says neither who nor what
RUN_LINES: dict[str, str] = {
    RunState.RUNNING: "We are working on it.",
    RunState.PAUSED_PENDING_HUMAN: "A person is looking at it.",
    RunState.TIMED_OUT: "It is being passed to someone who can decide.",
    RunState.HUMAN_RESPONDED: "A person has decided. We are carrying it out.",
    RunState.RESUMING: "A person has decided. We are carrying it out.",
    RunState.COMPLETED: "It is done.",
    RunState.FAILED: "It could not be finished automatically. A person will be in touch.",
}


def here_because(reasons: list[str], *, kind: HandoffKind, action: str) -> str:
    """Say in one sentence why this came to a person."""
    if reasons:
        return "; ".join([reasons[0], *(uncapital(reason) for reason in reasons[1:])]) + "."
    if kind is HandoffKind.APPROVAL:
        return f"Policy asks a person before every “{action}”." if action else "Policy asks."
    return {
        HandoffKind.TASK_DEFINITION: "This workflow starts only after a person defines the task.",
        HandoffKind.SIGN_OFF: "This workflow ends only after a person signs off the result.",
        HandoffKind.RECOVERY: "The agent ran into an error and cannot go on by itself.",
        HandoffKind.TAKEOVER: "The agent has stopped and hands the task to a person.",
        HandoffKind.AMBIGUITY: "The agent sees more than one right way and asks which.",
        HandoffKind.EXCEPTION: "The agent met a case it has no rule for.",
    }.get(kind, "A share of the agent's actions is checked afterwards.")


def uncapital(text: str) -> str:
    """Lower the first letter, except of abbreviations and names in capitals."""
    return text[:1].lower() + text[1:] if len(text) > 1 and text[1:2].islower() else text
