"""Around a page: what was just said and the way back, and how far the session is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from handoffs.states import Verb
from reviews.pages import times, words
from reviews.pages.text import marked
from reviews.shell import Around, Session, Stopped, Undoable

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


@dataclass(frozen=True, kw_only=True)
class SessionBar:
    """How far a running session is."""

    queue: str
    line: str
    paused: bool
    url: str
    pause_url: str
    step_url: str
    end_url: str


@dataclass(frozen=True, kw_only=True)
class StoppedLine:
    """What people have stopped, told on every page while it lasts."""

    what: str
    by: str
    reason: str
    since: times.Moment
    drill: bool


@dataclass(frozen=True, kw_only=True)
class AroundPage:
    undo: tuple[UndoLine, ...]
    session: SessionBar | None
    stopped: tuple[StoppedLine, ...] = ()


def around(found: Around, now: datetime) -> AroundPage:
    running = found.session is not None and found.session.live
    return AroundPage(
        stopped=tuple(_stopped(one, now) for one in found.stopped),
        undo=undo_lines(found.undoable, now),
        session=_bar(found.session) if found.session and running else None,
    )


def _stopped(one: Stopped, now: datetime) -> StoppedLine:
    return StoppedLine(
        what=f"{one.what} is stopped" if one.what else "Everything is stopped",
        by=one.role,
        reason=marked(one.reason),
        since=times.since(one.since, now),
        drill=one.drill,
    )


def undo_lines(found: Iterable[Undoable], now: datetime) -> tuple[UndoLine, ...]:
    return tuple(_line(one, now, first=number == 0) for number, one in enumerate(found))


def _bar(session: Session) -> SessionBar:
    urls = {name: reverse(f"reviews:session-{name}") for name in ("pause", "step", "end")}
    return SessionBar(
        queue=session.queue,
        line=progress(session),
        paused=session.paused,
        url=reverse("reviews:session"),
        pause_url=urls["pause"],
        step_url=urls["step"],
        end_url=urls["end"],
    )


def progress(session: Session) -> str:
    """Say how far it is: 3 of 12 done, or 3 done, 22 min left."""
    if session.items is not None:
        return f"{session.done} of {session.items} done"
    left = max(0.0, (session.seconds or 0) - session.worked)
    return f"{session.done} done, {times.span(left)} left"


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
