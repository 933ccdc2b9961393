"""The decision rail: which answers there are, in words that name their object and effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoffs.states import HandoffKind, Tier, Verb

ASK = "ask"
HAND_UP = "escalate"

# The order is the order on screen. Edits are offered only where there are arguments or a draft.
SURFACES: dict[HandoffKind, tuple[Verb, ...]] = {
    HandoffKind.APPROVAL: (Verb.APPROVE, Verb.APPROVE_WITH_EDITS, Verb.CHOOSE, Verb.REJECT),
    HandoffKind.SIGN_OFF: (Verb.APPROVE, Verb.REJECT),
    HandoffKind.AMBIGUITY: (Verb.CHOOSE, Verb.ANSWER),
    HandoffKind.EXCEPTION: (Verb.ANSWER, Verb.CHOOSE, Verb.TAKE_OVER),
    HandoffKind.RECOVERY: (Verb.REDIRECT, Verb.CHOOSE, Verb.TAKE_OVER),
    HandoffKind.TASK_DEFINITION: (Verb.ANSWER,),
    HandoffKind.TAKEOVER: (Verb.TAKE_OVER, Verb.REDIRECT),
    HandoffKind.AUDIT: (Verb.CONFIRM, Verb.ROLL_BACK),
}
TENTATIVE = (Verb.CONFIRM, Verb.ROLL_BACK)


@dataclass(frozen=True, kw_only=True)
class Words:
    """How one verb is said: on its button, by key, and afterwards."""

    label: str
    key: str
    effect: str
    done: str
    icon: str
    needs_words: bool = False


WORDS: dict[str, Words] = {
    Verb.APPROVE: Words(
        label="Approve",
        key="a",
        effect="The agent goes on with exactly this.",
        done="Approved. The agent goes on.",
        icon="check",
    ),
    Verb.APPROVE_WITH_EDITS: Words(
        label="Approve with changes",
        key="e",
        effect="You change it first and see what changed.",
        done="Approved with your changes. The agent goes on.",
        icon="pencil-line",
    ),
    Verb.REJECT: Words(
        label="Reject and return",
        key="r",
        effect="The agent does not do it and reads why.",
        done="Rejected. The agent reads why.",
        icon="undo-2",
        needs_words=True,
    ),
    Verb.CHOOSE: Words(
        label="Go with the chosen option",
        key="c",
        effect="The agent goes on with that option.",
        done="Chosen. The agent goes on with that option.",
        icon="circle-dot",
    ),
    Verb.ANSWER: Words(
        label="Send the answer",
        key="s",
        effect="The agent goes on with what you wrote.",
        done="Answered. The agent goes on.",
        icon="arrow-right",
        needs_words=True,
    ),
    Verb.REDIRECT: Words(
        label="Send a new instruction",
        key="n",
        effect="The agent goes on as you wrote.",
        done="Sent back with your instruction. The agent goes on.",
        icon="signpost",
        needs_words=True,
    ),
    Verb.TAKE_OVER: Words(
        label="Take the task over",
        key="t",
        effect="The agent stops here; a person does the rest by hand.",
        done="Taken over. The agent has stopped.",
        icon="hand",
    ),
    Verb.CONFIRM: Words(
        label="Confirm",
        key="a",
        effect="What the agent did stays as it is.",
        done="Confirmed. What the agent did stays.",
        icon="check",
    ),
    Verb.ROLL_BACK: Words(
        label="Roll back",
        key="r",
        effect="The agent undoes what it did and reads why.",
        done="Rolled back. The agent undoes it.",
        icon="rotate-ccw",
        needs_words=True,
    ),
    ASK: Words(
        label="Ask for information",
        key="i",
        effect="The agent looks it up; this comes back with the answer.",
        done="Asked. It comes back when the agent has the answer.",
        icon="message-circle-question-mark",
        needs_words=True,
    ),
    HAND_UP: Words(
        label="Hand up",
        key="u",
        effect="They decide instead of you, with a fresh deadline.",
        done="Handed up.",
        icon="chevrons-up",
        needs_words=True,
    ),
}


@dataclass(frozen=True, kw_only=True)
class VerbView:
    """One button: `href` where it opens a page, `url` where its form goes elsewhere."""

    verb: str
    label: str
    object: str
    effect: str
    key: str
    icon: str
    needs_words: bool
    href: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Needed:
    """Something that is still needed; `ready_at` where only time is missing."""

    code: str
    sentence: str
    ready_at: str = ""


@dataclass(frozen=True, kw_only=True)
class Rail:
    """Everything the reviewer can do here; `first` and `second` are also the phone's bar."""

    lead: tuple[VerbView, ...]
    other: tuple[VerbView, ...]
    chooses: bool
    words_first: bool
    words_label: str
    words: str
    chosen: str
    needed: tuple[Needed, ...]
    saved: str
    error: str

    @property
    def bar(self) -> tuple[VerbView, ...]:
        submits = [verb for verb in (*self.lead, *self.other) if not verb.href]
        return tuple(submits[:1] + [verb for verb in submits[1:] if verb in self.other][:1])


def verbs(
    kind: HandoffKind, tier: str, *, has_action: bool, has_draft: bool, has_options: bool
) -> tuple[Verb, ...]:
    """Return the answers that make sense here, likeliest first."""
    surface = TENTATIVE if tier == Tier.SOFT_REVIEW else SURFACES[kind]
    return tuple(
        verb
        for verb in surface
        if (verb is not Verb.CHOOSE or has_options)
        and (verb is not Verb.APPROVE_WITH_EDITS or has_action or has_draft)
    )


def filled(title: str, arguments: Mapping[str, Any]) -> str:
    """Fill "Refund {amount} for {order_id}"; "" when a name has no argument."""
    try:
        return title.format_map({key: _said(item) for key, item in arguments.items()})
    except (KeyError, ValueError, IndexError, AttributeError):
        return ""


def _said(item: Any) -> str:
    if isinstance(item, Mapping) and set(item) == {"amount", "currency"}:
        return f"{item['amount']} {item['currency']}"
    if isinstance(item, list):
        return f"{len(item)} items" if len(item) != 1 else str(item[0])
    return str(item)
