"""The words on screen for what the code calls otherwise."""

from handoffs.models import Rung
from handoffs.states import (
    AUTONOMOUS_TIERS,
    ActorKind,
    Cause,
    HandoffKind,
    HandoffState,
    RungName,
    RunState,
    Tier,
    Verb,
)

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
# where the action is when a person reads about it
STAGES: dict[str, str] = {
    Tier.SOFT_REVIEW: "already done, to be confirmed",
    Tier.HARD_STOP: "stopped",
    Tier.AUTONOMOUS: "already done, by itself",
    Tier.NOTIFY: "already done, by itself",
}
ACTORS: dict[str, str] = {
    ActorKind.CLIENT: "the agent",
    ActorKind.PERSON: "a person",
    ActorKind.POLICY: "policy",
    ActorKind.SYSTEM: "Overread",
}
MOVES: dict[str, str] = {
    Cause.PROPOSED: "asked by {who}",
    Cause.CREATED: "asked by {who}",
    Cause.ESCALATED: "handed up by {who}",
    Cause.DECIDED: "decided by {who}",
    Cause.TAKEN_BACK: "taken back by {who}",
    Cause.ANSWERED: "answered by {who}",
    Cause.INFORMATION_ASKED: "information asked by {who}",
    Cause.INFORMATION_GIVEN: "information given by {who}",
    Cause.WITHDRAWN: "withdrawn by {who}",
    Cause.SENT_ON: "sent on by {who}",
    Cause.OVERFLOWED: "moved on by {who}, its queue was too full",
    Cause.WENT_BACK: "moved back by {who}, its queue has room again",
    Cause.STALE: "put again with newer facts by {who}",
    Cause.TIMED_OUT: "moved on by {who}, its time was up",
    Cause.STOPPED: "stopped by {who}",
    Cause.STEPPED_IN: "{who} stepped in",
}
# an answer, as a heading and as the sentence "Ann approved this."
ANSWERED: dict[str, tuple[str, str, str]] = {
    Verb.APPROVE: ("Approved", "approved this", "green"),
    Verb.APPROVE_WITH_EDITS: ("Approved with changes", "approved this with changes", "green"),
    Verb.REJECT: ("Rejected", "rejected this", "red"),
    Verb.CHOOSE: ("Option chosen", "chose an option", "green"),
    Verb.ANSWER: ("Answered", "answered the agent", "green"),
    Verb.REDIRECT: ("Sent back", "gave the agent a new instruction", "plain"),
    Verb.TAKE_OVER: ("Taken over", "took the task over", "plain"),
    Verb.CONFIRM: ("Confirmed", "confirmed this", "green"),
    Verb.ROLL_BACK: ("Rolled back", "rolled this back", "red"),
    Verb.WRONG: ("Wrong", "found this wrong", "red"),
    Verb.REFRAME: ("Put differently", "put the question differently", "plain"),
    Verb.ACCEPT_UNCERTAINTY: (
        "Uncertainty accepted",
        "let the agent go on without knowing",
        "plain",
    ),
    Verb.RETRY: ("Tried again", "had this tried again", "green"),
    Verb.PATCH_INPUT: ("Input mended", "mended the input", "green"),
    Verb.SWITCH_TOOL: ("Another tool", "chose another tool", "green"),
    Verb.REROUTE: ("Another route", "chose another route", "green"),
    Verb.NARROW_SCOPE: ("Narrowed", "narrowed the task", "green"),
    Verb.STOP: ("Stopped", "stopped the run", "red"),
    Verb.DEFINE: ("Task defined", "defined the task", "green"),
    Verb.HAND_BACK: ("Handed back", "did a part of it and handed it back to the agent", "green"),
}
# how it went on after the answer
AFTERWARDS: dict[str, str] = {
    RunState.RUNNING: "The agent goes on with it.",
    RunState.PAUSED_PENDING_HUMAN: "The agent waits for the other answers of this run.",
    RunState.TIMED_OUT: "The agent waits for the other answers of this run.",
    RunState.HUMAN_RESPONDED: "The agent has not taken it up yet.",
    RunState.RESUMING: "The agent is taking it up.",
    RunState.COMPLETED: "The run is finished.",
    RunState.FAILED: "The run has failed.",
}


STEPPED_IN = "A person paused the run, and somebody has to say how it goes on."


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


def drawn_because(share: float | None) -> str:
    """Say that nothing but chance brought it here."""
    said = "A share" if share is None else f"{100 * share:g} %"
    return f"{said} of what the agent does by itself is looked at afterwards; chance drew this one."


def heading(state: str, tier: str) -> str:
    """Say where the action stands: to come, done already, or only asked for."""
    if tier == Tier.SOFT_REVIEW or tier in AUTONOMOUS_TIERS:
        return "What the agent has done"
    if state in (HandoffState.WAITING, HandoffState.NEEDS_INFORMATION):
        return "What the agent will do"
    return "What the agent asked to do"


def moved(cause: str, who: str) -> str:
    return MOVES.get(cause, f"{cause.replace('_', ' ')} by {{who}}").format(who=who)


def fired(rung: Rung) -> str:
    """Say what a silence came to."""
    match rung.rung, rung.outcome:
        case RungName.URGENT, _ if rung.passed_over:
            return "became urgent while nothing here could act on it"
        case RungName.URGENT, _:
            return f"became urgent on level {rung.level}: nobody had answered"
        case RungName.INFORMATION, _:
            return "the agent gave no information in time: it is asked without it"
        case RungName.REVIEW, "held":
            return "still nobody answered: it is held on"
        case _, outcome:
            return f"nobody answered on level {rung.level} in time: {_SILENCES[outcome]}"


_SILENCES = {
    "climbed": "it went a level up",
    "held": "it is held, and the owner knows",
    "lapsed": "it stays as it is",
    "failed": "the run ended with an error",
    "approve": "the agent was told yes",
    "confirm": "the agent keeps it",
    "reject": "the agent was told no",
    "roll_back": "the agent rolls it back",
}


def uncapital(text: str) -> str:
    """Lower the first letter, except of abbreviations and names in capitals."""
    return text[:1].lower() + text[1:] if len(text) > 1 and text[1:2].islower() else text
