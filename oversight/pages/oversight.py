"""Is oversight working, is the queue healthy, is the agent improving: one page, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from handoffs.models import Workflow
from oversight.counted import subjects, summary
from oversight.counted.subjects import EVERYTHING, Subject
from oversight.counted.summary import Figures, Part, Summary, Today
from oversight.counted.weeks import Scope
from oversight.pages import (
    candidates,
    happened,
    in_short,
    lengths,
    lines,
    oversight_lines,
    tested_lines,
    weeks_drawn,
)
from oversight.pages.candidates import Candidate
from oversight.pages.happened import Happened
from oversight.pages.in_short import Answer
from oversight.pages.lengths import Looked, Time
from oversight.pages.lines import Line
from oversight.pages.weeks_drawn import Drawing

_SCOPES = {
    Scope.WORKFLOW: "Workflow", Scope.QUEUE: "Queue", Scope.TIER: "Tier",
    Scope.ACTION: "Action type", Scope.KIND: "Kind of handoff",
}  # fmt: skip
# how often an open page asks for the last days; they are counted every half minute
EVERY_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    url: str
    came: str
    in_time: str
    late: str
    overridden: str
    escalation: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """`listed`: its rows are named in a line of their own; workflows are at the top already."""

    title: str
    listed: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Day:
    day: str
    demo: bool
    came: int
    answered: int
    late: int
    open: int


@dataclass(frozen=True, kw_only=True)
class LastDays:
    """What moves while the page is open."""

    url: str
    every: int
    days: tuple[Day, ...]


@dataclass(frozen=True, kw_only=True)
class Choice:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    what: str
    whole: Choice | None
    period: str
    demo: bool
    periods: tuple[Choice, ...]
    workflows: tuple[Choice, ...]
    held_back: str
    working: tuple[Line, ...]
    healthy: tuple[Line, ...]
    improving: tuple[Line, ...]
    in_short: tuple[Answer, ...]
    more_working: tuple[Line, ...]
    more_healthy: tuple[Line, ...]
    more_improving: tuple[Line, ...]
    sensitivity: tuple[Line, ...]
    tested: tuple[Line, ...]
    untold: str
    times: tuple[Time, ...]
    times_beside: tuple[Time, ...]
    looked: Looked | None
    caught: Drawing | None
    overridden: Drawing
    in_time: Drawing
    escalation: Drawing | None
    weeks: tuple[Row, ...]
    tables: tuple[Table, ...]
    candidates: tuple[Candidate, ...]
    happened: tuple[Happened, ...]
    last: LastDays
    tests_url: str
    csv_url: str
    figures_url: str
    json_url: str


def page(found: Summary, workflows: Sequence[Workflow], period: int, *, may_all: bool) -> Page:
    """Say all of it."""
    subject, query = found.subject, f"?weeks={period}"
    overridden, in_time, escalation = weeks_drawn.drawings(found)
    return Page(
        name=subject.name,
        what=_SCOPES[subject.scope] if subject.is_part else "",
        whole=_whole(subject, query),
        period=f"{_day(found.starts)} to {_day(found.ends)}",
        demo=found.is_demo,
        periods=tuple(
            Choice(
                name=f"{weeks} weeks", url=f"{_url(subject)}?weeks={weeks}", current=weeks == period
            )
            for weeks in summary.PERIODS
        ),
        workflows=tuple(_choices(subject, workflows, query, may_all)),
        held_back=_held_back(found.now),
        working=tuple(oversight_lines.working(found)),
        healthy=tuple(oversight_lines.healthy(found.now, found.before)),
        improving=tuple(oversight_lines.improving(found)),
        in_short=in_short.answers(found),
        more_working=tuple(oversight_lines.more_working(found.now, found.before)),
        more_healthy=tuple(oversight_lines.more_healthy(found.now, found.before)),
        more_improving=tuple(oversight_lines.more_improving(found)),
        sensitivity=tuple(tested_lines.sensitivity(found.tested, found.now)),
        tested=tuple(tested_lines.by_what(found)),
        untold=tested_lines.why_untold(found.tested),
        times=lengths.lengths(found.now),
        times_beside=lengths.of_parts(found.parts),
        looked=lengths.looked(found.now, oversight_lines.rapid_of(found.now)),
        caught=weeks_drawn.caught(found),
        overridden=overridden,
        in_time=in_time,
        escalation=escalation if subject.knows_proposals else None,
        weeks=tuple(_row(_day(day), figures) for day, figures in sorted(found.by_week.items())),
        tables=tuple(_tables(subject, found.parts, query)),
        candidates=tuple(candidates.candidates(found.parts, found.tested)),
        happened=happened.rows(found.events),
        last=last_days(subject, found.days, period),
        tests_url=_tests_url(subject),
        csv_url=_url(subject, "-csv") + query,
        figures_url=_url(subject, "-csv") + query + "&rows=figures",
        json_url=_url(subject, "-json") + query,
    )


def last_days(subject: Subject, days: Sequence[Today], period: int) -> LastDays:
    return LastDays(
        url=f"{_url(subject)}?weeks={period}",
        every=EVERY_SECONDS,
        days=tuple(
            Day(
                day=f"{one.day:%a %-d %b}", demo=one.is_demo, came=one.came,
                answered=one.answered, late=one.late, open=one.open,
            )
            for one in reversed(days)
        ),
    )  # fmt: skip


def _url(subject: Subject, form: str = "") -> str:
    if subject.workflow is None:
        return reverse(f"oversight:all{form}")
    if not subject.is_part:
        return reverse(f"oversight:workflow{form}", args=[subject.workflow.slug])
    part = [subject.workflow.slug, subject.scope.value, subject.slug]
    return reverse(f"oversight:part{form}", args=part)


def _tests_url(subject: Subject) -> str:
    if subject.workflow is None:
        return ""
    return reverse("oversight:tests", args=[subject.workflow.slug])


def _whole(subject: Subject, query: str) -> Choice | None:
    """Return the way back from a part to its workflow."""
    if subject.workflow is None or not subject.is_part:
        return None
    whole = subjects.of_workflow(subject.workflow)
    return Choice(name=whole.name, url=_url(whole) + query, current=False)


def _choices(
    subject: Subject, workflows: Sequence[Workflow], query: str, may_all: bool
) -> list[Choice]:
    known = [EVERYTHING] if may_all else []
    known += [subjects.of_workflow(one) for one in workflows]
    return [
        Choice(name=one.name, url=_url(one) + query, current=one.workflow == subject.workflow)
        for one in known
    ]


def _held_back(now: Figures) -> str:
    left = now.weeks - now.weeks_told
    if not left:
        return ""
    return (
        f"What people decided is told of {now.weeks_told} of {now.weeks} weeks. In the others "
        "fewer than five people decided, fewer than twenty times, or one of them more than "
        "40\xa0% of it: their figures would be figures about them."
    )


def _row(name: str, figures: Figures, url: str = "") -> Row:
    return Row(
        name=name,
        url=url,
        came=f"{figures.counts['came']:,}",
        in_time=lines.said(figures.in_time),
        late=f"{figures.counts['late']:,}",
        overridden=lines.said(figures.overridden),
        # proposals know their action type, and not where they would have come to
        escalation=lines.said(figures.escalation) if figures.proposed else "",
    )


def _tables(subject: Subject, parts: Sequence[Part], query: str) -> list[Table]:
    found = []
    for scope, title in _SCOPES.items():
        rows = tuple(
            _row(one.name, one.figures, _closer(subject, one, query))
            for one in parts
            if one.scope == scope
        )
        if rows:
            found.append(Table(title=title, listed=scope != Scope.WORKFLOW, rows=rows))
    return found


def _closer(subject: Subject, part: Part, query: str) -> str:
    """Return where a part is shown by itself; what is of no tier has no page."""
    if part.scope == Scope.WORKFLOW:
        return reverse("oversight:workflow", args=[part.slug]) + query
    if subject.workflow is None or not part.slug:
        return ""
    return reverse("oversight:part", args=[subject.workflow.slug, part.scope, part.slug]) + query


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
