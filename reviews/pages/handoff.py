"""The handoff page, from what the desk knows to what the template prints."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reviews.pages import brief as briefs
from reviews.pages import times
from reviews.pages.rail import Rail
from reviews.pages.text import Prose, prose
from reviews.pages.values import Value, value


@dataclass(frozen=True, kw_only=True)
class StripItem:
    """One cell of the strip under the question."""

    label: str
    text: str
    detail: str = ""
    moment: times.Moment | None = None
    live: str = ""


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    at: times.Moment
    text: str


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What is one click away: never in the way, never missing."""

    text: str
    input: Value | None
    turns: tuple[briefs.Turn, ...]
    checkpoint: Prose | None
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, kw_only=True)
class ActionView:
    """What will be done, exactly: shown from the stored arguments, not from the agent's words."""

    name: str
    title: str
    facts: tuple[briefs.Fact, ...]


@dataclass(frozen=True, kw_only=True)
class HandoffPage:
    id: str
    ask: str
    kind: str
    workflow: str
    queue: str
    queue_url: str
    role: str
    why: str
    strip: tuple[StripItem, ...]
    action: ActionView | None
    brief: briefs.BriefView
    behind: Behind
    rail: Rail | None
    urls: dict[str, str]


def behind(run_input: Any, checkpoint: str | None, history: tuple[HistoryLine, ...]) -> Behind:
    """Put the original words first; whatever else the agent sent along stays readable."""
    given = dict(run_input) if isinstance(run_input, dict) else {"text": run_input}
    text, transcript = given.pop("text", ""), given.pop("transcript", "")
    return Behind(
        text=prose(text, markdown=False).source if text else "",
        input=value(given) if given else None,
        turns=briefs.turns(transcript),
        checkpoint=prose(_pretty(checkpoint), markdown=False) if checkpoint else None,
        history=history,
    )


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def strip(
    *,
    lease_until: datetime | None,
    deadline_at: datetime,
    fallback: str,
    waits: str,
    opened_at: datetime,
    now: datetime,
) -> tuple[StripItem, ...]:
    """Say whose it is and until when, when it is due, what happens otherwise, and who waits."""
    due, since = times.until(deadline_at, now), times.since(opened_at, now)
    items = [
        StripItem(label="Due", text=due.phrase, detail=f"at {due.clock}", moment=due, live="until"),
        StripItem(label="If nobody answers", text=fallback),
        StripItem(label="Waiting", text=waits, detail=f"for {since.phrase.removesuffix(' ago')}"),
    ]
    if lease_until is not None:
        lease = times.until(lease_until, now)
        mine = StripItem(
            label="Yours until",
            text=lease.clock,
            detail="renewing",
            moment=replace(lease, state="calm"),
            live="lease",
        )
        items.insert(0, mine)
    return tuple(items)
