"""What the requester said on their page, as those who decide read it."""

from dataclasses import dataclass
from datetime import datetime

from handoffs.models import RequesterWord
from reviews.desk import HandoffDetail
from reviews.pages import times
from reviews.pages.text import marked

Kind = RequesterWord.Kind
SAID: dict[str, str] = {
    Kind.INFORMATION: "The requester wrote",
    Kind.NOT_NEEDED: "The requester says that it is no longer needed",
    Kind.NEEDED: "The requester says that it is needed after all",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    at: times.Moment
    said: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Said:
    """All of it, oldest first; `not_needed` is since when, as they said last."""

    lines: tuple[Line, ...]
    not_needed: times.Moment | None


def said(detail: HandoffDetail, now: datetime) -> Said:
    """Show their words as words: whoever has the link of their page can have written them."""
    lines = tuple(
        Line(at=times.since(one.said_at, now), said=SAID[one.kind], text=marked(one.text))
        for one in detail.requester_said
    )
    turns = [one for one in detail.requester_said if one.kind != Kind.INFORMATION]
    off = bool(turns) and turns[-1].kind == Kind.NOT_NEEDED
    return Said(lines=lines, not_needed=times.since(turns[-1].said_at, now) if off else None)
