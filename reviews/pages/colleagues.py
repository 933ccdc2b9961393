"""What colleagues said to one another, as a page shows it."""

from dataclasses import dataclass
from datetime import datetime

from reviews.desk import HandoffDetail
from reviews.pages import times
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class Line:
    at: times.Moment
    who: str
    to: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Thread:
    """`note` says why others' words are not here; it is the same whether there are any."""

    lines: tuple[Line, ...]
    note: str


def thread(detail: HandoffDetail, now: datetime) -> Thread:
    """Show what this reader may read of it."""
    found = detail.thread
    return Thread(
        lines=tuple(
            Line(
                at=times.since(one.said_at, now),
                who=one.author.name,
                to=one.asked.name if one.asked else "",
                text=marked(one.text),
            )
            for one in found.comments
        ),
        note="What others say here is shown once you have said yours." if found.closed else "",
    )
