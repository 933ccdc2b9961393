"""How well an agent's briefs can be read: for whoever leads the workflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from governance import estimates
from handoffs.models import Workflow
from reviews import measures
from reviews.measures import FirstAction, Length, Week
from reviews.pages import times
from reviews.pages.text import marked

WIDTH, HEIGHT, LEFT, TOP = 560, 160, 56, 16


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One week: the share inside the budget as a bar, and as figures."""

    label: str
    x: str
    y: str
    width: str
    height: str
    label_x: str
    said: str
    briefs: int
    inside: int
    share: str


@dataclass(frozen=True, kw_only=True)
class Line:
    y: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Part:
    about: str
    briefs: int
    inside: int
    share: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    version: str
    median: str
    readings: int


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    budget: str
    strict: bool
    now: str
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    parts: tuple[Part, ...]
    readings: tuple[Reading, ...]
    hidden: str
    edits: int
    edits_url: str
    back_url: str


def page(workflow: Workflow, *, edits: int, now: datetime) -> Page:
    """Gather the figures of one workflow."""
    weeks = measures.weeks(workflow, now)
    limits = measures.BUDGET
    return Page(
        name=workflow.name,
        budget=f"{limits.words} words, {limits.seconds} seconds at {limits.words_per_minute} words "
        "a minute",
        strict=workflow.strict_briefs,
        now=_this_week(weeks, now),
        bars=_bars(weeks),
        lines=tuple(Line(y=_number(_y(share)), label=f"{share:.0%}") for share in (0, 0.5, 1)),
        parts=tuple(map(_part, measures.lengths(workflow, now))),
        readings=tuple(map(_reading, measures.first_actions(workflow, now))),
        hidden=f"Shown for the last {measures.TIMED_WEEKS} whole weeks, where at least "
        f"{measures.PEOPLE} people read a version and none of them more than "
        f"{measures.SHARE:.0%} of it; nobody can be found in it.",
        edits=edits,
        edits_url=reverse("governance:brief-edits", args=[workflow.slug]),
        back_url=reverse("governance:workflow", args=[workflow.slug]),
    )


def _this_week(weeks: Sequence[Week], now: datetime) -> str:
    last = weeks[-1] if weeks else None
    if last is None or now - last.starts >= timedelta(weeks=1):
        return ""
    return _share(last.inside, last.briefs)


def _bars(weeks: Sequence[Week]) -> tuple[Bar, ...]:
    step = WIDTH / measures.WEEKS
    first = measures.WEEKS - len(weeks)
    return tuple(
        Bar(
            label=f"{week.starts:%-d %b}",
            x=_number(LEFT + step * (first + place) + step * 0.15),
            y=_number(_y(week.inside / week.briefs)),
            width=_number(step * 0.7),
            height=_number(HEIGHT * week.inside / week.briefs),
            label_x=_number(LEFT + step * (first + place) + step / 2),
            said=f"Week of {week.starts:%-d %B}: {week.inside} of {week.briefs}",
            briefs=week.briefs,
            inside=week.inside,
            share=_share(week.inside, week.briefs),
        )
        for place, week in enumerate(weeks)
    )


def _y(share: float) -> float:
    return TOP + HEIGHT * (1 - share)


def _part(one: Length) -> Part:
    share = _share(one.inside, one.briefs)
    return Part(about=marked(one.about), briefs=one.briefs, inside=one.inside, share=share)


def _reading(one: FirstAction) -> Reading:
    version = "as first sent" if one.version == 1 else f"version {one.version}, with more facts"
    return Reading(version=version, median=times.span(one.median_seconds), readings=one.readings)


def _share(inside: int, briefs: int) -> str:
    return estimates.percent(inside / briefs)


def _number(value: float) -> str:
    return f"{value:.1f}"
