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

    `asks` says which text goes with it: a reason, a message, or none.
    """

    verb: str
    label: str
    consequence: str
    key: str
    primary: bool = False
    option: str | None = None
    asks: str = ""


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
    ASK_INFORMATION: "i",
    ESCALATE: "u",
}
_ASKS: dict[str, str] = {
    Verb.REJECT: "reason",
    Verb.ROLL_BACK: "reason",
    Verb.WRONG: "reason",
    Verb.ANSWER: "message",
    Verb.REDIRECT: "message",
    ASK_INFORMATION: "message",
    ESCALATE: "reason",
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
) -> list[VerbOption]:
    """Return the buttons in the order they are shown: the likeliest first, the ways out last.

    `undoable` says that what was done already can still be rolled back.
    """
    action = fill(title, arguments)
    done = is_done(tier)
    verbs: list[str] = _afterwards(undoable) if done else _answers(kind, tier)
    buttons = [_button(verb, action, brief, done=done) for verb in verbs if verb != Verb.CHOOSE]
    if Verb.CHOOSE in verbs:
        buttons[1:1] = _choices(brief)
    buttons.append(_button(ASK_INFORMATION, action, brief))
    if escalates:
        buttons.append(_button(ESCALATE, action, brief))
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
            return [Verb.APPROVE, Verb.APPROVE_WITH_EDITS, Verb.CHOOSE, Verb.REJECT]
        case HandoffKind.TAKEOVER:
            return [Verb.TAKE_OVER, Verb.REDIRECT]
        case HandoffKind.SIGN_OFF:
            return [Verb.APPROVE, Verb.REJECT]
        case _:
            return [Verb.ANSWER, Verb.CHOOSE, Verb.REJECT]


def _button(verb: str, action: str, brief: Mapping[str, Any], *, done: bool = False) -> VerbOption:
    return VerbOption(
        verb=str(verb),
        label="Fine as it is" if done and verb == Verb.CONFIRM else _label(verb, action),
        consequence=_consequence(verb, brief),
        key=_KEYS[verb],
        asks=_ASKS.get(verb, ""),
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
            return f"Take over: {action}" if action else "Take over the task"
        case Verb.CONFIRM:
            return f"Confirm: {action}" if action else "Confirm what was done"
        case Verb.WRONG:
            return "Wrong, but leave it"
        case Verb.ROLL_BACK:
            return f"Roll back: {action}" if action else "Roll back what was done"
        case "ask_information":
            return "Ask the agent for information"
        case _:
            return "Hand up to the next level"


def _consequence(verb: str, brief: Mapping[str, Any]) -> str:
    """Say what the agent announced for this answer, or what always holds."""
    announced = brief.get("on_answer")
    said = announced.get(verb) if isinstance(announced, Mapping) else None
    return said if isinstance(said, str) and said.strip() else _STATED[verb]


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
