"""A session's own pages: how to begin one, where it stands, and what it came to."""

from dataclasses import dataclass

from django.urls import reverse

from reviews.pages import times
from reviews.pages.shell import progress
from reviews.shell import Session

_HEADINGS = {
    "done": "That was all you had set out to do",
    "time": "Your time is up",
    "empty": "Nothing more waits that you may take",
    "stopped": "You ended it here",
}


@dataclass(frozen=True, kw_only=True)
class StartPage:
    queue: str
    url: str
    number: str
    unit: str
    error: str


@dataclass(frozen=True, kw_only=True)
class SessionPage:
    """Where it stands; counts only of what was done, and nothing to compare oneself with."""

    heading: str
    queue: str
    line: str
    counts: tuple[tuple[str, str], ...]
    over: bool
    step_url: str
    end_url: str
    start_url: str
    desk_url: str


def start_page(
    name: str, slug: str, *, number: str = "12", unit: str = "items", error: str = ""
) -> StartPage:
    url = reverse("reviews:session-start", args=[slug])
    return StartPage(queue=name, url=url, number=number, unit=unit, error=error)


def page(session: Session) -> SessionPage:
    return SessionPage(
        heading=_HEADINGS.get(session.ended, "Paused" if session.paused else "Your session"),
        queue=session.queue,
        line=_line(session),
        counts=_counts(session),
        over=not session.live,
        step_url=reverse("reviews:session-step"),
        end_url=reverse("reviews:session-end"),
        start_url=reverse("reviews:session-start", args=[session.slug]),
        desk_url=reverse("reviews:desk"),
    )


def _line(session: Session) -> str:
    if session.live:
        return f"{progress(session)}. What you hold is kept for a moment, your text for good."
    if session.items is not None and session.done < session.items:
        return f"{session.done} of {session.items} done."
    return f"{session.done} done."


def _counts(session: Session) -> tuple[tuple[str, str], ...]:
    counted = (
        ("Decided", session.decided),
        ("Asked the agent", session.asked),
        ("Handed up", session.handed_up),
        ("Given back", session.given_back),
    )
    lines = [(label, str(number)) for label, number in counted if number]
    return (*lines, ("Time at it", times.span(session.worked)))
