"""Is oversight working, is the queue healthy, is the agent improving: one page, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from governance import estimates
from governance.estimates import Share, percent
from handoffs.models import Workflow
from oversight import bins, gauges, shares, speeds, summary
from oversight.pages import weeks_drawn
from oversight.pages.weeks_drawn import Drawing
from oversight.summary import Figures, Part, Summary
from oversight.weeks import Scope
from reviews.pages import times

NOT_ENOUGH = "not enough data"
# an action type may be done without asking once so few corrections are certain
AUTOMATIC, WORTH_A_LOOK = 0.01, 0.05
_SCOPES = {
    Scope.WORKFLOW: "Workflow", Scope.QUEUE: "Queue", Scope.TIER: "Tier",
    Scope.ACTION: "Action type",
}  # fmt: skip
_STATES = {
    "response": "From opening to a person's answer",
    "waiting": "Waiting, until it ended",
    "needs_information": "Waiting for information",
    "review": "Looked at by whoever decided",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure: now with its interval, and in the period before."""

    what: str
    now: str
    before: str
    means: str


@dataclass(frozen=True, kw_only=True)
class Time:
    what: str
    count: str
    tenth: str
    half: str
    nine: str


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    came: str
    in_time: str
    late: str
    overridden: str
    escalation: str


@dataclass(frozen=True, kw_only=True)
class Table:
    title: str
    scope: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    name: str
    approved: str
    at_most: str
    missing: str


@dataclass(frozen=True, kw_only=True)
class Day:
    day: str
    came: int
    answered: int
    late: int
    open: int


@dataclass(frozen=True, kw_only=True)
class Choice:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    period: str
    periods: tuple[Choice, ...]
    workflows: tuple[Choice, ...]
    held_back: str
    working: tuple[Line, ...]
    healthy: tuple[Line, ...]
    improving: tuple[Line, ...]
    times: tuple[Time, ...]
    drawings: tuple[Drawing, ...]
    weeks: tuple[Row, ...]
    tables: tuple[Table, ...]
    candidates: tuple[Candidate, ...]
    days: tuple[Day, ...]
    csv_url: str
    json_url: str


def page(found: Summary, workflows: Sequence[Workflow], period: int, *, may_all: bool) -> Page:
    """Say all of it."""
    query = f"?weeks={period}"
    return Page(
        name=found.workflow.name if found.workflow else "All workflows",
        period=f"{_day(found.starts)} to {_day(found.ends)}",
        periods=tuple(
            Choice(
                name=f"{weeks} weeks",
                url=f"{_url(found.workflow)}?weeks={weeks}",
                current=weeks == period,
            )
            for weeks in summary.PERIODS
        ),
        workflows=tuple(_choices(found, workflows, query, may_all)),
        held_back=_held_back(found.now),
        working=tuple(_working(found.now, found.before)),
        healthy=tuple(_healthy(found.now, found.before)),
        improving=tuple(_improving(found)),
        times=tuple(_time(what, found.now) for what in _STATES),
        drawings=weeks_drawn.drawings(found),
        weeks=tuple(_row(_day(day), figures) for day, figures in sorted(found.by_week.items())),
        tables=tuple(_tables(found.parts)),
        candidates=tuple(_candidates(found.parts)),
        days=tuple(
            Day(
                day=_day(one.day), came=one.came, answered=one.answered, late=one.late,
                open=one.open,
            )
            for one in reversed(found.days)
        ),
        csv_url=_url(found.workflow, "-csv") + query,
        json_url=_url(found.workflow, "-json") + query,
    )  # fmt: skip


def _url(workflow: Workflow | None, form: str = "") -> str:
    if workflow is None:
        return reverse(f"oversight:all{form}")
    return reverse(f"oversight:workflow{form}", args=[workflow.slug])


def _choices(
    found: Summary, workflows: Sequence[Workflow], query: str, may_all: bool
) -> list[Choice]:
    known: list[Workflow | None] = [None] if may_all else []
    return [
        Choice(
            name=one.name if one else "All workflows",
            url=_url(one) + query,
            current=one == found.workflow,
        )
        for one in [*known, *workflows]
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


def _working(now: Figures, before: Figures) -> list[Line]:
    return [
        _share("Overridden", now.overridden, before.overridden,
               "Alone it says little: it moves with how often the agent is wrong."),
        _share("Approved with edits", now.edited, before.edited, "A part of the overridden."),
        _share("Changed after the reveal", now.changed, before.changed,
               "Of those who judged before they saw the recommendation."),
        Line(what="Decided too fast to have been read", now=_rapid(now), before=_rapid(before),
             means="Of the whole team; no figure here is about a person."),
        Line(what=f"Decided within {gauges.SPIKE_SECONDS} seconds", now=_spike(now),
             before=_spike(before), means="The usual mark of a rubber stamp."),
        Line(what="Wrong ones caught", now=f"{NOT_ENOUGH}: no blind tests are run",
             before=NOT_ENOUGH, means="The one figure that would say it; below, what it takes."),
    ]  # fmt: skip


def _healthy(now: Figures, before: Figures) -> list[Line]:
    return [
        Line(what="Came", now=f"{now.counts['came']:,}", before=f"{before.counts['came']:,}",
             means=f"{now.counts['open']:,} of them are open."),
        _share("Answered by people in time", now.in_time, before.in_time, "Of all that ended."),
        _share("Nobody answered", now.by_policy, before.by_policy,
               "What is stated for that case was done."),
        _share("Late at some level", now.late, before.late, "Moved up when a time was over."),
        _share("Handed up by people", Share(now.told["escalated"], now.told["came"]),
               Share(before.told["escalated"], before.told["came"]),
               "To the next level, before its time was up."),
        _share("Sent back with a question", Share(now.told["asked"], now.told["came"]),
               Share(before.told["asked"], before.told["came"]),
               "Something was missing in the brief."),
    ]  # fmt: skip


def _improving(found: Summary) -> list[Line]:
    now, before = found.now, found.before
    return [
        _share("Asked a person", now.escalation, before.escalation, _zone(now.escalation)),
        _share("Asked again", now.reopened, before.reopened,
               "The approval was stale when the agent came to act."),
        _share("Approved as proposed", _rest(now.overridden), _rest(before.overridden),
               "A candidate for doing without asking, if it were known to be right."),
        Line(what="Moves that were refused", now=f"{found.refused:,}", before="",
             means="Tried by a program in a state that does not allow them, since the start."),
    ]  # fmt: skip


def _zone(escalation: Share) -> str:
    return estimates.against_the_band(escalation)


def _rest(share: Share) -> Share:
    return Share(share.of - share.count, share.of)


def _share(what: str, now: Share, before: Share, means: str) -> Line:
    return Line(what=what, now=_said(now), before=_said(before), means=means)


def _said(share: Share) -> str:
    """Say a share with its interval; of too few that it is not enough, with the interval."""
    if not share.of:
        return NOT_ENOUGH
    if share.of < shares.ENOUGH:
        low, high = share.interval
        return f"{NOT_ENOUGH}: {share.count} of {share.of}, {percent(low)} to {percent(high)}"
    return str(share)


def _rapid(figures: Figures) -> str:
    looked = figures.times.get("review", {})
    total = sum(looked.values())
    if total < shares.ENOUGH:
        return NOT_ENOUGH
    found = speeds.rapid(bins.timed(looked))
    rule = "two kinds of decisions" if found.mixture else "a tenth of the mean"
    said = _said(Share(min(total, round(found.share * total)), total))
    return f"{said}; below {_seconds(found.cut)}, by {rule}"


def _spike(figures: Figures) -> str:
    looked = figures.times.get("review", {})
    return _said(Share(bins.below(looked, gauges.SPIKE_SECONDS), sum(looked.values())))


def _time(what: str, figures: Figures) -> Time:
    counted = figures.times.get(what, {})
    tenth, half, nine = (bins.quantile(counted, share) for share in (0.1, 0.5, 0.9))
    enough = sum(counted.values()) >= shares.ENOUGH
    return Time(
        what=_STATES[what],
        count=f"{sum(counted.values()):,}",
        tenth=_seconds(tenth) if enough and tenth else NOT_ENOUGH,
        half=_seconds(half) if enough and half else "",
        nine=_seconds(nine) if enough and nine else "",
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else times.span(seconds)


def _row(name: str, figures: Figures) -> Row:
    return Row(
        name=name,
        came=f"{figures.counts['came']:,}",
        in_time=_said(figures.in_time),
        late=f"{figures.counts['late']:,}",
        overridden=_said(figures.overridden),
        # proposals know their action type, and not where they would have come to
        escalation=_said(figures.escalation) if figures.proposed else "",
    )


def _tables(parts: Sequence[Part]) -> list[Table]:
    found = []
    for scope, title in _SCOPES.items():
        rows = tuple(_row(one.name, one.figures) for one in parts if one.scope == scope)
        if rows:
            found.append(Table(title=title, scope=scope.value, rows=rows))
    return found


def _candidates(parts: Sequence[Part]) -> list[Candidate]:
    """Name the action types that are hardly ever corrected, and the evidence still missing."""
    found = []
    for one in parts:
        corrected = one.figures.overridden
        if one.scope != Scope.ACTION or corrected.of < shares.ENOUGH:
            continue
        if corrected.share > WORTH_A_LOOK:
            continue
        most = shares.at_most(corrected.count, corrected.of)
        if most > WORTH_A_LOOK:
            continue
        found.append(
            Candidate(
                name=one.name,
                approved=str(_rest(corrected)),
                at_most=percent(most),
                missing=_missing(corrected, most),
            )
        )
    return found


def _missing(corrected: Share, most: float) -> str:
    untested = "whether wrong ones would be seen: no blind tests are run"
    if most <= AUTOMATIC:
        return f"Only {untested}"
    # with no further correction
    low, high = 0, 100_000
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        if shares.is_below(AUTOMATIC, corrected.count, corrected.of + middle):
            high = middle
        else:
            low = middle
    more = high
    return f"About {more:,} more without a correction, and {untested}"


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
