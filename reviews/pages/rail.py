"""The decision rail: the answers there are, in the place a tired hand expects them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handoffs.states import Verb
from reviews import safeguards
from reviews.errors import Unmet
from reviews.pages.challenge import ChallengeView
from reviews.pages.text import marked
from reviews.verbs import ASK_INFORMATION, ESCALATE, VerbOption
from reviews.ways import Way

CHOOSE_KEY = "c"
ICONS: dict[str, str] = {
    Verb.APPROVE: "check",
    Verb.APPROVE_WITH_EDITS: "pencil-line",
    Verb.REJECT: "undo-2",
    Verb.CHOOSE: "circle-dot",
    Verb.ANSWER: "arrow-right",
    Verb.REDIRECT: "signpost",
    Verb.TAKE_OVER: "circle-check",
    Verb.CONFIRM: "check",
    Verb.ROLL_BACK: "rotate-ccw",
    Verb.WRONG: "x",
    Verb.REFRAME: "message-circle-question-mark",
    Verb.ACCEPT_UNCERTAINTY: "circle-dot",
    Verb.RETRY: "refresh-cw",
    Verb.PATCH_INPUT: "pencil-line",
    Verb.SWITCH_TOOL: "settings",
    Verb.REROUTE: "route",
    Verb.NARROW_SCOPE: "chevrons-down-up",
    Verb.STOP: "octagon-x",
    Verb.DEFINE: "check",
    Verb.HAND_BACK: "undo-2",
    Way.TAKE_ON: "hand",
    Way.ADD_CONTEXT: "plus",
    Way.ASK_COLLEAGUE: "message-square",
    Way.SEND_ON: "signpost",
    Way.HAND_OVER: "user-round",
    Way.RETURN: "inbox",
    ASK_INFORMATION: "message-circle-question-mark",
    ESCALATE: "chevrons-up",
}
# what the verb is called where there is no room for its object
SHORT: dict[str, str] = {
    Verb.APPROVE: "Approve",
    Verb.APPROVE_WITH_EDITS: "Change first",
    Verb.REJECT: "Reject",
    Verb.CHOOSE: "Choose",
    Verb.ANSWER: "Answer",
    Verb.REDIRECT: "Instruct",
    Verb.TAKE_OVER: "Finish by hand",
    Verb.CONFIRM: "Confirm",
    Verb.ROLL_BACK: "Roll back",
    Verb.WRONG: "Mark wrong",
    Verb.REFRAME: "Reframe",
    Verb.ACCEPT_UNCERTAINTY: "Go on so",
    Verb.RETRY: "Try again",
    Verb.PATCH_INPUT: "Mend input",
    Verb.SWITCH_TOOL: "Other tool",
    Verb.REROUTE: "Other route",
    Verb.NARROW_SCOPE: "Narrow",
    Verb.STOP: "Stop",
    Verb.DEFINE: "Define",
    Verb.HAND_BACK: "Hand back",
    Way.TAKE_ON: "Take it on",
    Way.ADD_CONTEXT: "Add",
    Way.ASK_COLLEAGUE: "Ask a colleague",
    Way.SEND_ON: "Send on",
    Way.HAND_OVER: "Hand over",
    Way.RETURN: "Give back",
    ASK_INFORMATION: "Ask",
    ESCALATE: "Hand up",
}
DONE: dict[str, str] = {
    Verb.APPROVE: "Approved. The agent goes on.",
    Verb.APPROVE_WITH_EDITS: "Approved with your changes. The agent goes on.",
    Verb.REJECT: "Rejected. The agent is told why.",
    Verb.CHOOSE: "Chosen. The agent goes on with that option.",
    Verb.ANSWER: "Answered. The agent goes on.",
    Verb.REDIRECT: "Sent back with your instruction.",
    Verb.TAKE_OVER: "Taken over. The agent has stopped; the task is yours.",
    Verb.CONFIRM: "Confirmed. What the agent did stays.",
    Verb.ROLL_BACK: "Rolled back. The agent undoes it.",
    Verb.WRONG: "Noted as wrong. What the agent did stays.",
    Verb.REFRAME: "Put differently. The agent goes on with your question.",
    Verb.ACCEPT_UNCERTAINTY: "Accepted. The agent goes on without knowing.",
    Verb.RETRY: "The agent tries it again.",
    Verb.PATCH_INPUT: "The agent tries it again with your input.",
    Verb.SWITCH_TOOL: "The agent goes on with the other tool.",
    Verb.REROUTE: "The agent goes on by the other route.",
    Verb.NARROW_SCOPE: "The agent goes on with the part you kept.",
    Verb.STOP: "Stopped. The run has ended.",
    Verb.DEFINE: "Defined. The agent starts on it.",
    Verb.HAND_BACK: "Handed back. The agent does the rest.",
    Way.TAKE_ON: "It is yours to work on. The requester is told.",
    Way.ADD_CONTEXT: "Added. It stands on the brief, marked as yours.",
    Way.ASK_COLLEAGUE: "Asked. They get a mail; it stays with you.",
    Way.SEND_ON: "Sent on. The other team decides it.",
    Way.HAND_OVER: "Handed over. They are told by mail.",
    Way.RETURN: "Given back, with your note.",
    ASK_INFORMATION: "Asked. It comes back when the agent has the answer.",
    ESCALATE: "Handed up. The next level decides.",
}


@dataclass(frozen=True, kw_only=True)
class VerbView:
    """One button: `href` where it opens a page, `url` where its form goes elsewhere.

    `held` says that it cannot be pressed with effect yet; it can be reached, and says why not.
    """

    verb: str
    short: str
    label: str
    object: str
    effect: str
    key: str
    icon: str
    asks: bool
    first: bool = False
    held: bool = False
    href: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something still needed; `ready_in` where only time is missing, `holds` where no words do."""

    code: str
    sentence: str
    ready_in: int = 0
    holds: bool = False


@dataclass(frozen=True, kw_only=True)
class Rail:
    """Everything the reviewer can do here; `bar` is the likeliest for a thumb, `more` folded."""

    lead: tuple[VerbView, ...]
    other: tuple[VerbView, ...]
    more: tuple[VerbView, ...]
    bar: tuple[VerbView, ...]
    needs: tuple[Need, ...]
    challenge: ChallengeView | None
    chooses: bool
    chosen: str
    words: str
    words_first: bool
    words_label: str
    words_hint: str
    error: str
    saved: str


def build(
    options: Iterable[VerbOption],
    *,
    urls: Mapping[str, str],
    unmet: Iterable[Unmet],
    reason_always: bool,
    challenge: ChallengeView | None = None,
    words: str,
    chosen: str,
    saved: str,
    error: str = "",
) -> Rail:
    """Arrange the answers: what needs no words first, the text box, then what needs them."""
    options, lacking = list(options), list(unmet)
    held = safeguards.holds_back(lacking)
    views = _views([one for one in options if not one.aside], urls, held=held)
    lead = tuple(view for view in views if not view.asks)
    other = tuple(view for view in views if view.asks)
    words_first = reason_always or bool(views and views[0].asks)
    if words_first:
        lead, other = views[:1], views[1:]
    shown = (*lead, *other)
    return Rail(
        lead=lead,
        other=other,
        more=_views([one for one in options if one.aside], urls, first=False, held=held),
        bar=(*shown[:1], *[view for view in shown[1:] if view.asks][:1]),
        needs=needs(lacking),
        challenge=challenge,
        chooses=any(view.verb == Verb.CHOOSE for view in views),
        chosen=chosen,
        words=words,
        words_first=words_first,
        words_label=_words_label(other, reason_always=reason_always, words_first=words_first),
        words_hint="Kept with the decision. The agent reads it.",
        error=error,
        saved=saved,
    )


def needs(unmet: Iterable[Unmet]) -> tuple[Need, ...]:
    return tuple(
        Need(
            code=one.code,
            sentence=one.sentence,
            ready_in=one.seconds or 0,
            holds=safeguards.holds_back([one]),
        )
        for one in unmet
    )


def _views(
    options: list[VerbOption], urls: Mapping[str, str], *, held: bool, first: bool = True
) -> tuple[VerbView, ...]:
    """One button for each answer; all options of a choice share one, the radios say which."""
    views: list[VerbView] = []
    for option in options:
        if option.verb == Verb.CHOOSE:
            if any(view.verb == Verb.CHOOSE for view in views):
                continue
            views.append(_choose(held=held))
            continue
        views.append(_view(option, urls, first=first and not views, held=held))
    return tuple(views)


def _view(option: VerbOption, urls: Mapping[str, str], *, first: bool, held: bool) -> VerbView:
    named = option.verb == Verb.APPROVE
    return VerbView(
        verb=option.verb,
        short=SHORT[option.verb],
        label="Approve" if named else marked(option.label),
        object=marked(option.label) if named else "",
        effect=marked(option.consequence),
        key=option.key,
        icon=ICONS[option.verb],
        asks=bool(option.asks),
        first=first,
        held=held and not (option.form or safeguards.is_free(option.verb)),
        href=f"{urls['handoff']}/as/{option.verb}" if option.form else "",
        url={ASK_INFORMATION: urls["ask"], ESCALATE: urls["hand_up"]}.get(option.verb, ""),
    )


def _choose(*, held: bool) -> VerbView:
    return VerbView(
        verb=Verb.CHOOSE.value,
        short=SHORT[Verb.CHOOSE],
        label="Go with the chosen option",
        object="",
        effect="Mark one of the options considered, or press its number.",
        key=CHOOSE_KEY,
        icon=ICONS[Verb.CHOOSE],
        asks=False,
        held=held,
    )


def _words_label(other: tuple[VerbView, ...], *, reason_always: bool, words_first: bool) -> str:
    if reason_always:
        return "Your reason"
    if words_first:
        return "Your words to the agent"
    verbs = [view.short.lower() for view in other if view.asks]
    joined = f"{', '.join(verbs[:-1])} or {verbs[-1]}" if len(verbs) > 1 else "".join(verbs)
    return f"In your words, to {joined}" if joined else "A remark"
