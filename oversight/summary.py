"""Read what a page about oversight says: from weeks and days alone, in as many queries always."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from governance.estimates import Share
from handoffs.models import Queue, RefusedTransition, Workflow
from handoffs.states import ASKED_TIERS
from oversight import bins, weeks
from oversight.models import FigureDay, FigureWeek, ProposalDay
from oversight.weeks import Scope

# whole weeks that a page may look back
PERIODS = (4, 12, 52)
DAYS_SHOWN = 14


@dataclass(kw_only=True)
class Figures:
    """What was counted, added up: everything that came, and of what may be told the decisions."""

    counts: Counter[str] = field(default_factory=Counter)
    # the same of those weeks whose decisions may be told
    told: Counter[str] = field(default_factory=Counter)
    verbs: dict[str, int] = field(default_factory=dict)
    times: dict[str, dict[str, int]] = field(default_factory=dict)
    weeks: int = 0
    weeks_told: int = 0
    proposed: int = 0
    asked_about: int = 0

    def add(self, week: FigureWeek) -> None:
        self.add_counts(week)
        if not week.told:
            return
        bins.add(self.verbs, week.verbs)
        for what, counted in week.times.items():
            bins.add(self.times.setdefault(what, {}), counted)

    def add_counts(self, week: FigureWeek) -> None:
        """Leave out times and verbs: of a single week they are not shown."""
        self.weeks += 1
        self._count(self.counts, week)
        if week.told:
            self.weeks_told += 1
            self._count(self.told, week)

    def _count(self, into: Counter[str], week: FigureWeek) -> None:
        for name in weeks.COUNTS:
            into[name] += getattr(week, name)

    # is oversight working?
    @property
    def overridden(self) -> Share:
        return Share(self.told["overridden"], self.told["approvals"])

    @property
    def edited(self) -> Share:
        return Share(self.told["edited"], self.told["approvals"])

    @property
    def changed(self) -> Share:
        return Share(self.told["changed"], self.told["judged"])

    # is the queue healthy?
    @property
    def in_time(self) -> Share:
        """Return how many were answered by people before any time was up, of all that ended."""
        ended = self.counts["by_people"] + self.counts["by_policy"]
        return Share(self.counts["in_time"], ended)

    @property
    def by_policy(self) -> Share:
        ended = self.counts["by_people"] + self.counts["by_policy"]
        return Share(self.counts["by_policy"], ended)

    @property
    def late(self) -> Share:
        return Share(self.counts["late"], self.counts["came"])

    # is the agent improving?
    @property
    def escalation(self) -> Share:
        return Share(self.asked_about, self.proposed)

    @property
    def reopened(self) -> Share:
        return Share(self.counts["reopened"], self.counts["came"])


@dataclass(frozen=True, kw_only=True)
class Part:
    """One queue, tier or action type of a workflow, or one workflow of all."""

    scope: str
    key: str
    name: str
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Today:
    """One day until now, of everything that came: nothing of who decided."""

    day: date
    came: int
    answered: int
    late: int
    open: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    workflow: Workflow | None
    # from the first Monday to the last Sunday
    starts: date
    ends: date
    now: Figures
    before: Figures
    by_week: dict[date, Figures]
    parts: list[Part]
    days: list[Today]
    refused: int


def of(workflow: Workflow | None, period: int, *, now: datetime) -> Summary:
    """Read the last whole weeks of a workflow, or of all, and those before them."""
    ends = weeks.monday(now.astimezone(UTC).date())
    starts = ends - timedelta(weeks=period)
    earlier = starts - timedelta(weeks=period)
    this, before = Figures(), Figures()
    by_week: dict[date, Figures] = {}
    for week in _whole(workflow).filter(monday__gte=earlier, monday__lt=ends).order_by("monday"):
        (this if week.monday >= starts else before).add(week)
        if week.monday >= starts:
            by_week.setdefault(week.monday, Figures()).add_counts(week)
    parts = _parts(workflow, starts, ends)
    _add_proposals(workflow, this, before, by_week, parts, (earlier, starts, ends))
    refused = RefusedTransition.objects.aggregate(times=Sum("times"))["times"]
    return Summary(
        workflow=workflow,
        starts=starts,
        ends=ends - timedelta(days=1),
        now=this,
        before=before,
        by_week=by_week,
        parts=parts,
        days=_days(workflow, now),
        refused=refused or 0,
    )


def _whole(workflow: Workflow | None) -> QuerySet[FigureWeek]:
    scope = Scope.WORKFLOW if workflow else Scope.ALL
    return FigureWeek.objects.filter(scope=scope, workflow=workflow)


def _parts(workflow: Workflow | None, starts: date, ends: date) -> list[Part]:
    """Add each part up in the database: there may be many, and of them only counts are shown."""
    if workflow is None:
        these = FigureWeek.objects.filter(scope=Scope.WORKFLOW)
        names = {str(one.pk): one.name for one in Workflow.objects.all()}
    else:
        scopes = (Scope.QUEUE, Scope.TIER, Scope.ACTION)
        these = FigureWeek.objects.filter(scope__in=scopes, workflow=workflow)
        names = {str(one.pk): one.name for one in Queue.objects.all()}
    sums = {f"all_{name}": Sum(name) for name in weeks.COUNTS}
    told = {f"told_{name}": Sum(name, filter=Q(told=True)) for name in weeks.COUNTS}
    rows = (
        these.filter(monday__gte=starts, monday__lt=ends)
        .values("scope", "workflow_id", "key")
        .annotate(**sums, **told)
        .order_by("scope", "key")
    )
    found = [_part(cast(dict[str, Any], row), names) for row in rows]
    return sorted(found, key=lambda one: (one.scope, -one.figures.counts["came"]))


def _part(row: dict[str, Any], names: dict[str, str]) -> Part:
    key = str(row["workflow_id"]) if row["scope"] == Scope.WORKFLOW else str(row["key"])
    found = Figures()
    for name in weeks.COUNTS:
        found.counts[name] = row[f"all_{name}"] or 0
        found.told[name] = row[f"told_{name}"] or 0
    is_named = row["scope"] in (Scope.WORKFLOW, Scope.QUEUE)
    name = names.get(key, key) if is_named else key.replace("_", " ") or "none"
    return Part(scope=str(row["scope"]), key=key, name=name, figures=found)


def _add_proposals(
    workflow: Workflow | None, this: Figures, before: Figures, by_week: dict[date, Figures],
    parts: list[Part], bounds: tuple[date, date, date],
) -> None:  # fmt: skip
    earlier, starts, ends = bounds
    found = ProposalDay.objects.filter(day__gte=earlier, day__lt=ends)
    if workflow:
        found = found.filter(workflow=workflow)
    rows = (
        found.annotate(monday=TruncWeek("day"))
        .values_list("monday", "workflow_id", "action_type", "tier")
        .annotate(Sum("proposed"))
    )
    of_part = {(one.scope, one.key): one.figures for one in parts}
    for monday, workflow_id, action, tier, proposed in rows:
        asked = proposed if tier in ASKED_TIERS else 0
        into = [this if monday >= starts else before]
        if monday >= starts:
            into += [by_week.setdefault(monday, Figures())]
            part = (Scope.ACTION, action) if workflow else (Scope.WORKFLOW, str(workflow_id))
            into += [of_part[part]] if part in of_part else []
        for figures in into:
            figures.proposed += proposed
            figures.asked_about += asked


def _days(workflow: Workflow | None, now: datetime) -> list[Today]:
    since = now.astimezone(UTC).date() - timedelta(days=DAYS_SHOWN - 1)
    found = FigureDay.objects.filter(day__gte=since)
    if workflow:
        found = found.filter(workflow=workflow)
    rows = found.values("day").annotate(
        came=Sum("came"), people=Sum("by_people"), policy=Sum("by_policy"), late=Sum("late"),
        open=Sum("open"),
    ).order_by("day")  # fmt: skip
    return [
        Today(
            day=row["day"], came=row["came"], answered=row["people"] + row["policy"],
            late=row["late"], open=row["open"],
        )
        for row in rows
    ]  # fmt: skip
