"""The buttons of a handoff: which answers it takes, in which words, with which consequence."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoffs.states import HandoffKind, Tier, Verb

ASK_INFORMATION = "ask_information"
ESCALATE = "escalate"

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,59})\}")
_VALUE_LENGTH = 60
_LABEL_LENGTH = 160


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
    ASK_INFORMATION: "i",
    ESCALATE: "u",
}
_ASKS: dict[str, str] = {
    Verb.REJECT: "reason",
    Verb.ROLL_BACK: "reason",
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
) -> list[VerbOption]:
    """Return the buttons in the order they are shown: the likeliest first, the ways out last."""
    action = fill(title, arguments)
    verbs: list[str] = _answers(kind, tier)
    buttons = [_button(verb, action, brief) for verb in verbs if verb != Verb.CHOOSE]
    if Verb.CHOOSE in verbs:
        buttons[1:1] = _choices(brief)
    buttons.append(_button(ASK_INFORMATION, action, brief))
    if escalates:
        buttons.append(_button(ESCALATE, action, brief))
    first, *others = buttons
    return [VerbOption(**{**vars(first), "primary": True}), *others]


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


def _button(verb: str, action: str, brief: Mapping[str, Any]) -> VerbOption:
    return VerbOption(
        verb=str(verb),
        label=_label(verb, action),
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
            label=visible(str(option.get("label") or option["id"]))[:_LABEL_LENGTH],
            consequence=str(option.get("consequence") or _STATED[Verb.CHOOSE]),
            key=str(number),
            option=str(option["id"]),
        )
        for number, option in enumerate(options[:9], start=1)
        if isinstance(option, Mapping) and "id" in option
    ]


def fill(title: str, arguments: Mapping[str, Any]) -> str:
    """Fill `{argument}` from the top level of the arguments: no formats, no attributes, no depth.

    What is filled in is the agent's text, so it is cut short and its hidden characters are shown.
    """
    filled = _PLACE.sub(lambda place: _shown(arguments.get(place[1])), title)
    return filled if len(filled) <= _LABEL_LENGTH else filled[: _LABEL_LENGTH - 1] + "…"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case str() | int() | float():
            return _cut(visible(str(value)))
        case {"amount": str() | int() | float() as amount, "currency": str(currency)}:
            return _cut(visible(f"{amount} {currency}"))
        case list() if value and all(isinstance(item, str | int | float) for item in value):
            more = " …" if len(value) > 3 else ""
            return _cut(visible(", ".join(str(item) for item in value[:3]))) + more
        case _:
            return "…"


def _cut(text: str) -> str:
    return text if len(text) <= _VALUE_LENGTH else text[: _VALUE_LENGTH - 1] + "…"


def visible(text: str) -> str:
    """Show controls, direction marks and zero-width characters as what they are."""
    return "".join(
        f"⟦U+{ord(c):04X}⟧" if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") else c
        for c in text
    )
