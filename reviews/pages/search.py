"""The search page: one box, a few ways to narrow it, what was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from handoffs.states import HandoffKind, HandoffState
from reviews.models import SavedFilter
from reviews.pages import times, words
from reviews.pages.text import marked
from reviews.search import READ, Choices, Found, Hit, Wanted

STATES = (("", "In any state"), ("open", "Open"), ("answered", "Answered"),
          ("withdrawn", "Withdrawn"))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class HitLine:
    ask: str
    url: str
    kind: str
    place: str
    tone: str
    state: str
    at: times.Moment


@dataclass(frozen=True, kw_only=True)
class FilterLink:
    name: str
    url: str
    forget_url: str


@dataclass(frozen=True, kw_only=True)
class SearchPage:
    words: str
    mine: bool
    selects: tuple[tuple[str, str, tuple[Option, ...]], ...]
    narrowed: bool
    hits: tuple[HitLine, ...]
    line: str
    next_url: str
    next_label: str
    saved: tuple[FilterLink, ...]
    save_url: str
    said: tuple[tuple[str, str], ...]
    error: str


def page(
    wanted: Wanted,
    found: Found,
    choices: Choices,
    saved: Iterable[SavedFilter],
    *,
    now: datetime,
    error: str = "",
) -> SearchPage:
    query = wanted.said
    further = urlencode({**query, "after": found.after})
    return SearchPage(
        words=wanted.words,
        mine=wanted.mine,
        selects=_selects(wanted, choices),
        narrowed=bool(query.keys() - {"words"}),
        hits=tuple(_hit(hit, now) for hit in found.hits),
        line=_line(found, asked=bool(query)),
        next_url=f"{reverse('reviews:search')}?{further}" if found.after else "",
        next_label="Search further back" if found.stopped else "Older ones",
        saved=links(saved),
        save_url=reverse("reviews:filter-save") if query else "",
        said=tuple(query.items()),
        error=error,
    )


def links(saved: Iterable[SavedFilter]) -> tuple[FilterLink, ...]:
    return tuple(
        FilterLink(
            name=one.name,
            url=f"{reverse('reviews:search')}?{one.query}",
            forget_url=reverse("reviews:filter-forget", args=[one.pk]),
        )
        for one in saved
    )


def _selects(wanted: Wanted, choices: Choices) -> tuple[tuple[str, str, tuple[Option, ...]], ...]:
    kinds = [("", "Of any kind"), *((kind.value, words.KINDS[kind]) for kind in HandoffKind)]
    offered = (
        ("state", "State", STATES, wanted.state),
        ("queue", "Queue", [("", "In any queue"), *choices.queues], wanted.queue),
        ("workflow", "Workflow", [("", "Of any workflow"), *choices.workflows], wanted.workflow),
        ("kind", "Kind", kinds, wanted.kind),
    )
    return tuple(
        (name, label, tuple(Option(value=v, label=t, chosen=v == said) for v, t in options))
        for name, label, options, said in offered
    )


def _line(found: Found, *, asked: bool) -> str:
    if found.hits:
        return ""
    if found.stopped:
        return f"Nothing among the newest {READ:,}."
    return "Nothing that you may see fits this." if asked else "There is nothing to find yet."


def _hit(hit: Hit, now: datetime) -> HitLine:
    if hit.answered_at is not None and hit.verb:
        state, tone = words.ANSWERED[hit.verb][0], words.ANSWERED[hit.verb][2]
        at, state = times.since(hit.answered_at, now), f"{state} by {marked(hit.role)}"
    elif hit.state == HandoffState.WITHDRAWN.value:
        at, state, tone = times.since(hit.opened_at, now), "Withdrawn, asked", "plain"
    elif hit.state == HandoffState.DECIDED.value:
        at, state, tone = (
            times.since(hit.opened_at, now),
            "Decided, told in a moment, asked",
            "plain",
        )
    else:
        at, state, tone = times.until(hit.deadline_at, now), "Due", "plain"
    return HitLine(
        ask=marked(hit.ask or "What should be done?"),
        url=reverse("reviews:handoff", args=[hit.id]),
        kind=words.KINDS[HandoffKind(hit.kind)],
        place=", ".join(dict.fromkeys([hit.workflow, hit.queue])),
        tone=tone,
        state=state,
        at=at,
    )
