"""The line after a decision: what was said, when it counts, and the way back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from handoffs.states import Verb
from reviews.pages import times, words
from reviews.pages.text import marked
from reviews.shell import Undoable

# what happens when the window has passed
_THEN: dict[str, str] = {
    Verb.REJECT: "The agent is told why",
    Verb.ANSWER: "The agent is told",
    Verb.REDIRECT: "The agent is told",
    Verb.REFRAME: "The agent is told",
    Verb.TAKE_OVER: "The agent stops",
    Verb.STOP: "The run ends",
    Verb.CONFIRM: "It is noted",
    Verb.WRONG: "It is noted",
    Verb.ROLL_BACK: "The agent undoes it",
    Verb.DEFINE: "The agent starts",
}


@dataclass(frozen=True, kw_only=True)
class UndoLine:
    """One decision that may be taken back; `key` is printed on the latest one only."""

    said: str
    ask: str
    then: str
    release: times.Moment
    url: str
    key: bool


def undo_lines(found: Iterable[Undoable], now: datetime) -> tuple[UndoLine, ...]:
    return tuple(_line(one, now, first=number == 0) for number, one in enumerate(found))


def _line(one: Undoable, now: datetime, *, first: bool) -> UndoLine:
    said = words.ANSWERED[one.verb][0] if one.verb in words.ANSWERED else "Answered"
    return UndoLine(
        said=said if one.alone else "Your answer is in",
        ask=marked(one.ask),
        then=_THEN.get(one.verb, "The agent goes on") if one.alone else "It counts",
        release=times.until(max(one.release_at, now), now),
        url=reverse("reviews:undo", args=[one.id]),
        key=first,
    )
