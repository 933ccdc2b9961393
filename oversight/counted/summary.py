"""Read what a page about oversight says: from weeks and days alone, in as many queries always."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from handoffs.models import Queue, RefusedDay, Workflow
from handoffs.states import ASKED_TIERS
from oversight.counted import beginnings, events, subjects, tested, weeks
from oversight.counted.events import Event
from oversight.counted.subjects import Subject
from oversight.counted.tested import Tested
from oversight.counted.totals import Figures as Figures
from oversight.counted.weeks import Scope
from oversight.models import FigureDay, FigureWeek, ProposalDay
from oversight.statistics import bins

# whole weeks that a page may look back
PERIODS = (4, 12, 52)
DAYS_SHOWN = 10
# parts whose times are shown beside one another
_TIMED = (Scope.WORKFLOW, Scope.QUEUE, Scope.TIER)


@dataclass(frozen=True, kw_only=True)
class Part:
    """One queue, tier or action type of a workflow, or one workflow of all."""

    scope: str
    key: str
    slug: str
    name: str
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Today:
    """One day until now, of everything that came: nothing of who decided."""

    day: date
    is_demo: bool
    came: int
    answered: int
    late: int
    open: int


class Period(NamedTuple):
    """Whole weeks from one Monday to before another, and as many before them.

    Only what lies from `first` to before `last` is read: demo history, or what is real.
    """

    earlier: date
    starts: date
    ends: date
    first: date
    last: date
    is_demo: bool


@dataclass(frozen=True, kw_only=True)
class Summary:
    subject: Subject
    # from the first Monday to the last Sunday
    starts: date
    ends: date
    # the weeks did not happen: they were simulated so that the page has something to show
    is_demo: bool
    now: Figures
    before: Figures
    by_week: dict[date, Figures]
    parts: list[Part]
    tested: Tested
    days: list[Today]
    events: list[Event]
    # moves that no handoff or run may make and that were tried; None: of a part it is not known
    refused: int | None
    refused_before: int | None


def of(subject: Subject, weeks_back: int, *, now: datetime) -> Summary:
    """Read the last whole weeks of a workflow, a part of it, or of all, and those before them."""
    period = _period(subject, weeks_back, now)
    this, before = Figures(), Figures()
    by_week: dict[date, Figures] = {}
    for week in _within(_whole(subject), period).order_by("monday"):
        (this if week.monday >= period.starts else before).add(week)
        if week.monday >= period.starts:
            by_week.setdefault(week.monday, Figures()).add_counts(week)
    parts = [] if subject.is_part else _parts(subject.workflow, period)
    if subject.knows_proposals:
        _add_proposals(subject, this, before, by_week, parts, period)
    refused, refused_before = _refused(subject, period)
    return Summary(
        subject=subject,
        starts=period.starts,
        ends=period.ends - timedelta(days=1),
        is_demo=period.is_demo,
        now=this,
        before=before,
        by_week=by_week,
        parts=parts,
        tested=_tested(subject, period, this),
        days=_days(subject, now, is_demo=period.is_demo),
        events=events.between(subject.workflow, period.starts, now=now),
        refused=refused,
        refused_before=refused_before,
    )


def _tested(subject: Subject, period: Period, now: Figures) -> Tested:
    """Read what tests showed of the whole workflow: of a part of it that is not kept."""
    since = None if period.is_demo else beginnings.real_since(subject.workflow)
    lots = tested.read(subject.workflow, since=since, last=period.last)
    decided = None if subject.is_part else now.told["decisions"]
    return tested.of(lots, earlier=period.earlier, starts=period.starts, decided=decided)


def _refused(subject: Subject, period: Period) -> tuple[int | None, int | None]:
    if subject.is_part or period.is_demo:
        return None, None
    found = RefusedDay.objects.filter(day__gte=period.first, day__lt=period.last)
    if subject.workflow:
        found = found.filter(workflow=subject.workflow)
    now = Q(day__gte=period.starts)
    times = found.aggregate(
        now=Sum("times", filter=now, default=0), before=Sum("times", filter=~now, default=0)
    )
    return times["now"], times["before"]


def _period(subject: Subject, weeks_back: int, now: datetime) -> Period:
    """Leave demo history out once a week is over in which something real was counted."""
    ends = weeks.monday(now.astimezone(UTC).date())
    starts = ends - timedelta(weeks=weeks_back)
    earlier = starts - timedelta(weeks=weeks_back)
    real = beginnings.real_since(subject.workflow) or ends
    real = min(max(real, earlier), ends)
    whole = Period(earlier, starts, ends, real, ends, is_demo=False)
    if real == earlier or _within(_whole(subject), whole).exists():
        return whole
    if subject.knows_proposals and _proposals(subject, whole).exists():
        return whole
    demo = Period(earlier, starts, ends, earlier, real, is_demo=True)
    return demo if _within(_whole(subject), demo).exists() else whole


def _whole(subject: Subject) -> QuerySet[FigureWeek]:
    return FigureWeek.objects.filter(
        scope=subject.scope, workflow=subject.workflow, key=subject.key if subject.is_part else ""
    )


def _within(found: QuerySet[FigureWeek], period: Period) -> QuerySet[FigureWeek]:
    return found.filter(monday__gte=period.first, monday__lt=period.last)


def _parts(workflow: Workflow | None, period: Period) -> list[Part]:
    """Add each part up in the database: there may be many, and of them only counts are shown."""
    if workflow is None:
        these = FigureWeek.objects.filter(scope=Scope.WORKFLOW)
        named = {str(one.pk): (one.slug, one.name) for one in Workflow.objects.all()}
    else:
        these = FigureWeek.objects.filter(scope__in=subjects.PARTS, workflow=workflow)
        named = {str(one.pk): (one.slug, one.name) for one in Queue.objects.all()}
    sums = {f"all_{name}": Sum(name) for name in weeks.COUNTS}
    told = {f"told_{name}": Sum(name, filter=Q(told=True)) for name in weeks.COUNTS}
    these = _within(these, period).filter(monday__gte=period.starts)
    rows = these.values("scope", "workflow_id", "key").annotate(**sums, **told).order_by("scope")
    found = [_part(cast(dict[str, Any], row), named) for row in rows]
    _add_times({(one.scope, one.key): one.figures for one in found}, these)
    return sorted(found, key=lambda one: (one.scope, -one.figures.counts["came"]))


def _add_times(
    of_part: dict[tuple[str, str], Figures], these: QuerySet[FigureWeek]
) -> None:  # fmt: skip
    """Add how long it took, where it is shown beside one another and may be told."""
    timed = these.filter(scope__in=_TIMED, told=True)
    rows = timed.values_list(
        "scope", "workflow_id", "key", "times__response", "times__review", named=False
    )
    for scope, workflow_id, key, response, review in rows:
        figures = of_part[(scope, str(workflow_id) if scope == Scope.WORKFLOW else key)]
        for what, counted in (("response", response), ("review", review)):
            bins.add(figures.times.setdefault(what, {}), counted or {})


def _part(row: dict[str, Any], named: dict[str, tuple[str, str]]) -> Part:
    key = str(row["workflow_id"]) if row["scope"] == Scope.WORKFLOW else str(row["key"])
    found = Figures()
    for name in weeks.COUNTS:
        found.counts[name] = row[f"all_{name}"] or 0
        found.told[name] = row[f"told_{name}"] or 0
    slug, name = key, subjects.in_words(key)
    if row["scope"] in (Scope.WORKFLOW, Scope.QUEUE):
        slug, name = named.get(key, (key, key))
    return Part(scope=str(row["scope"]), key=key, slug=slug, name=name, figures=found)


def _proposals(subject: Subject, period: Period) -> QuerySet[ProposalDay]:
    found = ProposalDay.objects.filter(day__gte=period.first, day__lt=period.last)
    if subject.workflow:
        found = found.filter(workflow=subject.workflow)
    return found.filter(action_type=subject.key) if subject.scope == Scope.ACTION else found


def _add_proposals(
    subject: Subject, this: Figures, before: Figures, by_week: dict[date, Figures],
    parts: list[Part], period: Period,
) -> None:  # fmt: skip
    rows = (
        _proposals(subject, period)
        .annotate(monday=TruncWeek("day"))
        .values_list("monday", "workflow_id", "action_type", "tier")
        .annotate(Sum("proposed"))
    )
    of_part = {(one.scope, one.key): one.figures for one in parts}
    for monday, workflow_id, action, tier, proposed in rows:
        asked = proposed if tier in ASKED_TIERS else 0
        into = [this if monday >= period.starts else before]
        if monday >= period.starts:
            into += [by_week.setdefault(monday, Figures())]
            part = (
                (Scope.ACTION, action) if subject.workflow else (Scope.WORKFLOW, str(workflow_id))
            )
            into += [of_part[part]] if part in of_part else []
        for figures in into:
            figures.proposed += proposed
            figures.asked_about += asked


def last_days(subject: Subject, weeks_back: int, *, now: datetime) -> list[Today]:
    """Read what moves while a page is open."""
    return _days(subject, now, is_demo=_period(subject, weeks_back, now).is_demo)


def _days(subject: Subject, now: datetime, *, is_demo: bool) -> list[Today]:
    """Read the last days until a minute ago; those of demo history only beside its weeks."""
    today = now.astimezone(UTC).date()
    real = beginnings.real_since(subject.workflow) or today
    since = today - timedelta(days=DAYS_SHOWN - 1)
    found = FigureDay.objects.filter(day__gte=since if is_demo else max(since, real))
    if subject.workflow:
        found = found.filter(workflow=subject.workflow)
    if subject.is_part:
        column = subjects.COLUMNS.get(subject.scope, "queue_id")
        found = found.filter(**{column: subject.key})
    rows = found.values("day").annotate(
        came=Sum("came"), people=Sum("by_people"), policy=Sum("by_policy"), late=Sum("late"),
        open=Sum("open"),
    ).order_by("day")  # fmt: skip
    return [
        Today(
            day=row["day"], is_demo=row["day"] < real, came=row["came"],
            answered=row["people"] + row["policy"], late=row["late"], open=row["open"],
        )
        for row in rows
    ]  # fmt: skip
