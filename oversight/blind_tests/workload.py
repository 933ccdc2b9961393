"""What tests would be made of and asked of: how much a workflow's people decide, and how many."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Sum

from accounts.models import User
from accounts.roles import Role
from handoffs import queries
from handoffs.models import Workflow
from oversight.blind_tests import library
from oversight.counted import beginnings, weeks
from oversight.models import FigureWeek

WEEKS, WORKING_DAYS = 4, 5


@dataclass(frozen=True, kw_only=True)
class Workload:
    """`reviews` a working day; None: no whole week was counted yet.

    Of the `people` who are asked first, `knowing` may read the library and so meet no test.
    """

    reviews: float | None
    people: int
    knowing: int

    @property
    def tested(self) -> int:
        return self.people - self.knowing


def of(workflow: Workflow, *, now: datetime) -> Workload:
    people = _people(workflow, now)
    return Workload(
        reviews=_reviews(workflow, now),
        people=len(people),
        knowing=len(people & library.readers(workflow)),
    )


def _people(workflow: Workflow, now: datetime) -> frozenset[int]:
    """Return who is asked first: a test stands at no other level."""
    teams = {row.role_id for row in queries.rows_from(workflow, now)}
    roles = [Role.REVIEWER.value, Role.APPROVER.value]
    found = User.objects.filter(is_active=True, groups__in=teams, roles__overlap=roles)
    return frozenset(found.values_list("pk", flat=True))


def _reviews(workflow: Workflow, now: datetime) -> float | None:
    """Return what people answered in a working day of the last whole weeks that are real."""
    this = weeks.monday(now.date())
    since = max(this - timedelta(weeks=WEEKS), beginnings.real_since(workflow) or this)
    counted = (this - since).days // 7
    if counted < 1:
        return None
    return _answered(workflow, since, this) / (counted * WORKING_DAYS)


def _answered(workflow: Workflow, since: date, until: date) -> float:
    found = FigureWeek.objects.filter(
        workflow=workflow, scope=FigureWeek.Scope.WORKFLOW, monday__gte=since, monday__lt=until
    )
    return float(found.aggregate(all=Sum("by_people"))["all"] or 0)
