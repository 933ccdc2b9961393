"""Everything that was sent, as it was sent: the last word on what any page made of it."""

import json
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from handoffs import canonical
from handoffs.texts import mark_invisible
from reviews.desk import HandoffDetail
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class Part:
    """One text, with its hidden characters written out and counted."""

    id: str
    title: str
    note: str
    text: str
    characters: int
    hidden: int


@dataclass(frozen=True, kw_only=True)
class SourcePage:
    ask: str
    queue: str
    back_url: str
    parts: tuple[Part, ...]


def page(detail: HandoffDetail) -> SourcePage:
    """Show what may be sent of it now: nothing that is withheld, no evidence still to be opened."""
    arguments = detail.proposal.arguments if detail.proposal else None
    version = f"version {detail.brief_version}"
    parts = [
        _part("brief", "Brief", version, _written(_readable(detail))),
        _part("arguments", "Arguments", "what the agent acts with", _exact(arguments)),
        _part("input", "What the run was started with", "", _written(detail.input)),
        _part("checkpoint", "What the agent stored", "byte for byte", detail.checkpoint or ""),
    ]
    return SourcePage(
        ask=marked(detail.brief.get("ask") or ""),
        queue=detail.handoff.queue.name,
        back_url=reverse("reviews:handoff", args=[detail.handoff.id]),
        parts=tuple(part for part in parts if part.text),
    )


def _readable(detail: HandoffDetail) -> dict[str, Any]:
    """Leave out the text of evidence that counts as read only once it was opened on the brief."""
    closed = {gate.id for gate in detail.gates} - detail.opened
    pieces = [
        {**item, "snippet": "not shown before it is opened on the brief"}
        if str(item.get("id")) in closed
        else item
        for item in detail.brief.get("evidence") or ()
    ]
    return detail.brief | ({"evidence": pieces} if pieces else {})


def _exact(arguments: Any) -> str:
    return "" if arguments is None else canonical.encode(arguments).decode()


def _written(found: Any) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) if found else ""


def _part(id: str, title: str, note: str, text: str) -> Part:
    shown = mark_invisible(text)
    return Part(
        id=id,
        title=title,
        note=note,
        text=marked(shown.text),
        characters=len(text),
        hidden=shown.hidden,
    )
