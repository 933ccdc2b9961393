"""The buttons of a handoff: which answers it takes, in which words, with which consequence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoffs.states import AUTONOMOUS_TIERS, HandoffKind, Tier, Verb
from handoffs.titles import MOST, fill, visible

ASK_INFORMATION = "ask_information"
ESCALATE = "escalate"


@dataclass(frozen=True, kw_only=True)
class VerbOption:
    """One button. `option` is set where the answer names one of the brief's options.

    `asks` says which text goes with it: a reason, a message, or none. `form`: it is filled in on a
    page of its own, see `surfaces`. `aside`: rarely the right one here, so folded away.
    """

    verb: str
    label: str
    consequence: str
    key: str
    primary: bool = False
    option: str | None = None
    asks: str = ""
    form: bool = False
    aside: bool = False


_STATED: dict[str, str] = {
    Verb.APPROVE: "The agent does exactly this.",
    Verb.APPROVE_WITH_EDITS: "The agent does it with your changes, and nothing else.",
    Verb.REJECT: "The agent does not do it and is told your reason.",
    Verb.CHOOSE: "The agent does what you chose.",
    Verb.ANSWER: "The agent goes on with your answer.",
    Verb.REDIRECT: "The agent goes on by your instruction.",
    Verb.TAKE_OVER: "The agent stops for good; the task is yours.",
    Verb.CONFIRM: "What the agent did stays as it is.",
    Verb.ROLL_BACK: "The agent undoes what it did.",
    Verb.WRONG: "It stays as it is; it counts as wrong, and the agent is told why.",
    Verb.REFRAME: "The agent goes by the question as you put it.",
    Verb.ACCEPT_UNCERTAINTY: "The agent goes on without knowing, by what you say to assume.",
    Verb.RETRY: "The agent does the same again.",
    Verb.PATCH_INPUT: "The agent tries again with your input, and nothing else.",
    Verb.SWITCH_TOOL: "The agent goes on with another tool.",
    Verb.REROUTE: "The agent goes on another way.",
    Verb.NARROW_SCOPE: "The agent goes on with a part and leaves the rest.",
    Verb.STOP: "The run ends here. What was done so far stays.",
    Verb.DEFINE: "The agent starts, and keeps to what you wrote.",
    Verb.HAND_BACK: "You did your part; the agent does the rest.",
    ASK_INFORMATION: "It waits until the agent has answered, then comes back.",
    ESCALATE: "The next level decides; it leaves your desk.",
}
_KEYS: dict[str, str] = {
    Verb.APPROVE: "a",
    Verb.APPROVE_WITH_EDITS: "e",
    Verb.REJECT: "r",
    Verb.ANSWER: "a",
    Verb.REDIRECT: "d",
    Verb.TAKE_OVER: "t",
    Verb.CONFIRM: "c",
    Verb.ROLL_BACK: "r",
    Verb.WRONG: "w",
    Verb.REFRAME: "f",
    Verb.ACCEPT_UNCERTAINTY: "y",
    Verb.RETRY: "a",
    Verb.PATCH_INPUT: "e",
    Verb.SWITCH_TOOL: "s",
    Verb.REROUTE: "o",
    Verb.NARROW_SCOPE: "l",
    Verb.STOP: "x",
    Verb.DEFINE: "a",
    Verb.HAND_BACK: "h",
    ASK_INFORMATION: "i",
    ESCALATE: "u",
}
_ASKS: dict[str, str] = {
    Verb.REJECT: "reason",
    Verb.ROLL_BACK: "reason",
    Verb.WRONG: "reason",
    Verb.ANSWER: "message",
    Verb.REDIRECT: "message",
    Verb.REFRAME: "message",
    Verb.ACCEPT_UNCERTAINTY: "message",
    Verb.STOP: "reason",
    ASK_INFORMATION: "message",
    ESCALATE: "reason",
}
# filled in on a page of their own
FORMS = frozenset(
    {
        Verb.APPROVE_WITH_EDITS,
        Verb.DEFINE,
        Verb.PATCH_INPUT,
        Verb.SWITCH_TOOL,
        Verb.REROUTE,
        Verb.NARROW_SCOPE,
        Verb.HAND_BACK,
        Verb.TAKE_OVER,
    }
)
_ASIDE = frozenset({(HandoffKind.APPROVAL, Verb.REDIRECT)})
_PLAIN_LABELS: dict[str, str] = {
    Verb.REFRAME: "Put the question differently",
    Verb.ACCEPT_UNCERTAINTY: "Go on without knowing",
    Verb.RETRY: "Try again as it was",
    Verb.PATCH_INPUT: "Mend the input, then try again",
    Verb.SWITCH_TOOL: "Use another tool",
    Verb.REROUTE: "Go another way",
    Verb.NARROW_SCOPE: "Narrow the task",
    Verb.STOP: "Stop the run",
    Verb.DEFINE: "Define the task",
    Verb.HAND_BACK: "Hand it back to the agent",
}
# where a kind has words of its own for what it shares with others
_OF_KIND: dict[tuple[HandoffKind, str], str] = {
    (HandoffKind.SIGN_OFF, Verb.REJECT): "Return it with a note",
    (HandoffKind.AMBIGUITY, Verb.REJECT): "Do none of it",
    (HandoffKind.EXCEPTION, Verb.ANSWER): "Say how to handle it",
    (HandoffKind.EXCEPTION, Verb.REJECT): "Leave it undone",
    (HandoffKind.TASK_DEFINITION, Verb.REJECT): "Do not start it",
}
_STATED_OF_KIND: dict[tuple[HandoffKind, str], str] = {
    (HandoffKind.SIGN_OFF, Verb.APPROVE): "The run is complete.",
    (HandoffKind.SIGN_OFF, Verb.REJECT): "The agent mends what you write, then asks again.",
    (HandoffKind.AMBIGUITY, Verb.REJECT): "The agent leaves it and is told your reason.",
    (HandoffKind.TASK_DEFINITION, Verb.REJECT): "The agent is told why and does not begin.",
    (HandoffKind.TAKEOVER, Verb.TAKE_OVER): "The agent's part ends. The requester is told.",
}


def offered(
    *,
    kind: HandoffKind,
    tier: Tier | None,
    escalates: bool,
    title: str,
    arguments: Mapping[str, Any],
    brief: Mapping[str, Any],
    undoable: bool = False,
    patchable: bool = False,
) -> list[VerbOption]:
    """Return the buttons in the order they are shown: the likeliest first, the ways out last.

    `undoable` says that what was done already can still be rolled back, `patchable` that there is
    an input to mend.
    """
    action = fill(title, arguments)
    done = is_done(tier)
    verbs: list[str] = _afterwards(undoable) if done else _answers(kind, tier)
    if not patchable:
        verbs = [verb for verb in verbs if verb != Verb.PATCH_INPUT]
    buttons = [
        _button(verb, action, brief, kind=kind, done=done) for verb in verbs if verb != Verb.CHOOSE
    ]
    if Verb.CHOOSE in verbs:
        buttons[1:1] = _choices(brief)
    buttons.append(_button(ASK_INFORMATION, action, brief, kind=kind))
    if escalates:
        buttons.append(_button(ESCALATE, action, brief, kind=kind))
    first, *others = buttons
    return [VerbOption(**{**vars(first), "primary": True}), *others]


def is_done(tier: Tier | None) -> bool:
    """Tell whether the handoff is about what the agent has done already, by itself."""
    return tier in AUTONOMOUS_TIERS


def _afterwards(undoable: bool) -> list[str]:
    return [Verb.CONFIRM, Verb.WRONG, *([Verb.ROLL_BACK] if undoable else [])]


def _answers(kind: HandoffKind, tier: Tier | None) -> list[str]:
    match kind:
        case HandoffKind.APPROVAL if tier is Tier.SOFT_REVIEW:
            return [Verb.CONFIRM, Verb.ROLL_BACK]
        case HandoffKind.APPROVAL:
            return [
                Verb.APPROVE,
                Verb.APPROVE_WITH_EDITS,
                Verb.CHOOSE,
                Verb.REJECT,
                Verb.REDIRECT,
            ]
        case HandoffKind.TAKEOVER:
            return [Verb.TAKE_OVER, Verb.HAND_BACK, Verb.REDIRECT]
        case HandoffKind.SIGN_OFF:
            return [Verb.APPROVE, Verb.REJECT]
        case HandoffKind.AMBIGUITY:
            return [
                Verb.ANSWER,
                Verb.CHOOSE,
                Verb.REFRAME,
                Verb.ACCEPT_UNCERTAINTY,
                Verb.REJECT,
            ]
        case HandoffKind.RECOVERY:
            return [
                Verb.RETRY,
                Verb.CHOOSE,
                Verb.PATCH_INPUT,
                Verb.SWITCH_TOOL,
                Verb.REROUTE,
                Verb.NARROW_SCOPE,
                Verb.REDIRECT,
                Verb.STOP,
            ]
        case HandoffKind.TASK_DEFINITION:
            return [Verb.DEFINE, Verb.REJECT]
        case _:
            return [Verb.ANSWER, Verb.CHOOSE, Verb.REJECT]


def _button(
    verb: str,
    action: str,
    brief: Mapping[str, Any],
    *,
    kind: HandoffKind,
    done: bool = False,
) -> VerbOption:
    if done and verb == Verb.CONFIRM:
        label = "Fine as it is"
    else:
        label = _OF_KIND.get((kind, verb)) or _label(verb, action)
    return VerbOption(
        verb=str(verb),
        label=label,
        consequence=_consequence(verb, brief, kind),
        key=_KEYS[verb],
        asks=_ASKS.get(verb, ""),
        form=verb in FORMS,
        aside=(kind, verb) in _ASIDE,
    )


def _label(verb: str, action: str) -> str:
    match verb:
        case Verb.APPROVE:
            return action or "Sign off the result"
        case Verb.APPROVE_WITH_EDITS:
            return "Change it, then approve"
        case Verb.REJECT:
            return "Reject and return to the agent"
        case Verb.ANSWER:
            return "Answer the agent"
        case Verb.REDIRECT:
            return "Give the agent a new instruction"
        case Verb.TAKE_OVER:
            return f"Finish by hand: {action}" if action else "Finish it by hand"
        case Verb.CONFIRM:
            return f"Confirm: {action}" if action else "Confirm what was done"
        case Verb.WRONG:
            return "Wrong, but leave it"
        case Verb.ROLL_BACK:
            return f"Roll back: {action}" if action else "Roll back what was done"
        case "ask_information":
            return "Ask the agent for information"
        case "escalate":
            return "Hand up to the next level"
        case _:
            return _PLAIN_LABELS[verb]


def _consequence(verb: str, brief: Mapping[str, Any], kind: HandoffKind) -> str:
    """Say what the agent announced for this answer, or what always holds."""
    announced = brief.get("on_answer")
    said = announced.get(verb) if isinstance(announced, Mapping) else None
    if isinstance(said, str) and said.strip():
        return said
    return _STATED_OF_KIND.get((kind, verb)) or _STATED[verb]


def _choices(brief: Mapping[str, Any]) -> list[VerbOption]:
    options = brief.get("options")
    if not isinstance(options, list):
        return []
    return [
        VerbOption(
            verb=Verb.CHOOSE.value,
            label=visible(str(option.get("label") or option["id"]))[:MOST],
            consequence=str(option.get("consequence") or _STATED[Verb.CHOOSE]),
            key=str(number),
            option=str(option["id"]),
        )
        for number, option in enumerate(options[:9], start=1)
        if isinstance(option, Mapping) and "id" in option
    ]
