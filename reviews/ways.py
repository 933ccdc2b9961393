"""What a reviewer can do with a handoff beside answering it, and the form of each.

Pure. None of these tells the run anything, so no safeguard stands in their way.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from handoffs.levels import Place
from reviews.surfaces import Surface, form, text
from reviews.verbs import VerbOption

# what a person adds to a brief, and how much at a time
MOST_ADDED = 10
_FACT_KINDS = ("text", "money", "number", "date", "time", "person", "id", "link")


class Way(StrEnum):
    TAKE_ON = "take_on"
    ADD_CONTEXT = "add_context"
    ASK_COLLEAGUE = "ask_colleague"
    HAND_OVER = "hand_over"
    RETURN = "return_with_note"
    SEND_ON = "send_on"


_WORDS: dict[Way, tuple[str, str, str]] = {
    Way.TAKE_ON: (
        "Take it on",
        "You work on it for as long as you say, and the requester is told. It stays yours.",
        "s",
    ),
    Way.ADD_CONTEXT: (
        "Add what you found out",
        "It stands on the brief, marked as yours, for whoever decides.",
        "g",
    ),
    Way.ASK_COLLEAGUE: (
        "Ask a colleague",
        "They get a mail with the address of this page. It stays with you.",
        "q",
    ),
    Way.HAND_OVER: (
        "Hand it to a colleague",
        "It waits two hours for them, then for anybody. They get a mail.",
        "p",
    ),
    Way.RETURN: (
        "Give it back with a note",
        "It goes back to the queue; whoever takes it next reads your note.",
        "j",
    ),
    Way.SEND_ON: (
        "Send it to another queue",
        "Another team decides it, in what is left of the time. It leaves your desk.",
        "k",
    ),
}


_HOURS = {
    1: "within an hour",
    4: "within 4 hours",
    8: "within 8 hours",
    24: "by this time tomorrow",
    72: "within three days",
}
HOURS = tuple(_HOURS)


def taking_on(*, again: bool) -> VerbOption:
    """Return the way to take a task on; `again`: it is taken on, and needs more time."""
    if not again:
        return replace(_button(Way.TAKE_ON), aside=False)
    return replace(_button(Way.TAKE_ON), label="Say anew when you will be done")


def offered(*, places: bool) -> list[VerbOption]:
    """Return the ways there are here; `places` says that the matrix names other queues."""
    elsewhere = [Way.SEND_ON] if places else []
    ways = [Way.ASK_COLLEAGUE, Way.ADD_CONTEXT, Way.HAND_OVER, *elsewhere, Way.RETURN]
    return [_button(way) for way in ways]


def _button(way: Way) -> VerbOption:
    label, consequence, key = _WORDS[way]
    return VerbOption(
        verb=way.value, label=label, consequence=consequence, key=key, form=True, aside=True
    )


def surface(
    way: Way, *, colleagues: Iterable[tuple[int, str]] = (), places: Iterable[Place] = ()
) -> Surface:
    """Return the form of a way."""
    heading = _WORDS[way][0]
    match way:
        case Way.TAKE_ON:
            hours = {
                "title": "You will be done",
                "description": "Then it is offered to others, unless you say more by then.",
                "oneOf": [{"const": number, "title": said} for number, said in _HOURS.items()],
            }
            return Surface(verb=way, heading=heading, schema=form(hours=hours, required=["hours"]))
        case Way.ADD_CONTEXT:
            return Surface(verb=way, heading=heading, schema=_context())
        case Way.HAND_OVER:
            people = _people("Who may decide it as well.", colleagues)
            note = text("A word to them", "Colleagues read it beside the brief.", 1)
            schema = form(colleague=people, note=note, required=["colleague", "note"])
            return Surface(verb=way, heading=heading, schema=schema)
        case Way.ASK_COLLEAGUE:
            people = _people("Who works this queue as well.", colleagues)
            question = text("Your question", "They find it here, beside the brief.", 1)
            schema = form(colleague=people, question=question, required=["colleague", "question"])
            return Surface(verb=way, heading=heading, schema=schema)
        case Way.RETURN:
            note = text("Your note", "Colleagues read it beside the brief.", 1)
            return Surface(verb=way, heading=heading, schema=form(note=note, required=["note"]))
        case Way.SEND_ON:
            named = {
                "title": "To whom",
                "oneOf": [
                    {"const": address(place), "title": f"{place.role} in {place.queue_name}"}
                    for place in places
                ],
            }
            note = text("Why there", "Whoever takes it there reads this.", 1)
            schema = form(place=named, note=note, required=["place", "note"])
            return Surface(verb=way, heading=heading, schema=schema)


def _people(hint: str, colleagues: Iterable[tuple[int, str]]) -> dict[str, object]:
    named = [{"const": id, "title": name} for id, name in colleagues]
    if not named:
        return {"title": "Colleague", "description": "There is nobody else.", "enum": [""]}
    return {"title": "Colleague", "description": hint, "oneOf": named}


def address(place: Place) -> str:
    return f"{place.queue}:{place.role}"


def _context() -> dict[str, object]:
    fact = form(
        label={"type": "string", "title": "What", "minLength": 1, "maxLength": 120},
        value={"type": "string", "title": "Is", "minLength": 1, "maxLength": 4_000},
        kind={"title": "Kind", "enum": list(_FACT_KINDS)},
        source={"type": "string", "title": "From where", "maxLength": 200},
        required=["label", "value"],
    )
    evidence = form(
        title={"type": "string", "title": "Title", "minLength": 1, "maxLength": 300},
        url={"type": "string", "title": "Link", "pattern": "^https?://[^\\s]+$", "maxLength": 2000},
        snippet={"type": "string", "title": "What it says", "maxLength": 4_000},
        required=["title"],
    )
    return form(
        facts={"type": "array", "title": "Facts", "items": fact, "maxItems": MOST_ADDED},
        evidence={"type": "array", "title": "Evidence", "items": evidence, "maxItems": MOST_ADDED},
    )
