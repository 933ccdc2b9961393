"""Read what a page about oversight says: from weeks and days alone, in as many queries always."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, cast

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from governance.estimates import Share
from handoffs.models import Queue, RefusedDay, Workflow
from handoffs.states import ASKED_TIERS
from oversight import beginnings, bins, events, known, subjects, weeks
from oversight.events import Event
from oversight.models import FigureDay, FigureWeek, ProposalDay
from oversight.subjects import Subject
from oversight.switches import Switches
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
    known: dict[str, int] = field(default_factory=dict)
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
        bins.add(self.known, week.known)
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

    @property
    def challenged(self) -> Share:
        """Return on how many actions somebody did other than agree: decided, asked, or passed on."""
        return Share(self.told["challenged"], self.told["acted"])

    @property
    def gave_in(self) -> Share:
        """Return how many judged otherwise at first and then did what was recommended."""
        return Share(self.told["gave_in"], self.told["against"])

    @property
    def turned(self) -> Share:
        """Return how many had agreed before they saw that it was recommended, and then did not."""
        return Share(self.told["turned"], self.told["agreed"])

    @property
    def switches(self) -> Switches:
        """Say of those actions that were audited later what was caught, and what advice did."""
        return known.count(self.known)

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

    @property
    def resisted(self) -> Share:
        """Return how many that were taken somebody put down, let run out or passed on."""
        return Share(self.told["resisted"], self.told["taken"])

    @property
    def accepted(self) -> Share:
        return Share(self.told["taken"] - self.told["resisted"], self.told["taken"])

    @property
    def at_once(self) -> Share:
        """Return how many were answered without a question in between and were not asked again."""
        return Share(self.told["at_once"], self.told["by_people"])

    @property
    def escalated(self) -> Share:
        return Share(self.told["escalated"], self.told["came"])

    @property
    def asked(self) -> Share:
        return Share(self.told["asked"], self.told["came"])

    # is the agent improving?
    @property
    def escalation(self) -> Share:
        return Share(self.asked_about, self.proposed)

    @property
    def reopened(self) -> Share:
        return Share(self.counts["reopened"], self.counts["came"])

    @property
    def approved(self) -> Share:
        return Share(self.told["approvals"] - self.told["overridden"], self.told["approvals"])

    @property
    def untouched(self) -> Share:
        """Return how many actions were answered as proposed, at once, and nobody minded.

        No more than these could have been automatic; whether they should have been is not known.
        """
        return Share(self.told["untouched"], self.told["settled"])


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
        days=_days(subject, now, is_demo=period.is_demo),
        events=events.between(subject.workflow, period.starts, now=now),
        refused=refused,
        refused_before=refused_before,
    )


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
    rows = (
        _within(these, period)
        .filter(monday__gte=period.starts)
        .values("scope", "workflow_id", "key")
        .annotate(**sums, **told)
        .order_by("scope", "key")
    )
    found = [_part(cast(dict[str, Any], row), named) for row in rows]
    return sorted(found, key=lambda one: (one.scope, -one.figures.counts["came"]))


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
