"""Close the lots: each day their charts are looked at, and after each week they are told of many.

What is told goes into `Tally`, which points at nobody, and the lot begins anew. One cohort after
the other, each in one transaction; then what still waits is told of several at once, in one. What
could not be told in 13 weeks is emptied.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from handoffs.failpoints import failpoint
from oversight.blind_tests import charts, cohorts, pooling, telling
from oversight.blind_tests.pooling import Waiting
from oversight.blind_tests.telling import Told
from oversight.models import Chart, Tally
from reviews import lots, sealed
from reviews.lots import Lot
from reviews.models import SealedLot

WEEK = timedelta(weeks=1)


def close(*, now: datetime) -> int:
    """Look at what was not looked at today, and tell what a week that is over left to be told."""
    today = now.astimezone(UTC).date()
    _know(today)
    due = Chart.objects.exclude(looked_on=today).order_by("cohort")
    closed = sum(_close_one(cohort, today) for cohort in due.values_list("cohort", flat=True))
    _close_together(today)
    return closed


def _know(today: date) -> None:
    """Give each new lot its chart; what came this week is told at its end at the earliest."""
    known = Chart.objects.values("cohort")
    fresh = SealedLot.objects.exclude(cohort__in=known).values_list("cohort", flat=True)
    Chart.objects.bulk_create((_new(cohort, today) for cohort in fresh), ignore_conflicts=True)


def _new(cohort: str, today: date) -> Chart:
    workflow, team = cohorts.words(cohort)
    monday = telling.week_of(today)
    return Chart(cohort=cohort, workflow=workflow, team=team, begun_on=today, closed=monday)


@transaction.atomic
def _close_one(cohort: str, today: date) -> int:
    found = Chart.objects.select_for_update(skip_locked=True).exclude(looked_on=today)
    chart = found.filter(cohort=cohort).first()
    if chart is None:
        return 0
    lot = charts.look(chart, sealed.take(cohort), today=today)
    chart.looked_on = today
    monday = telling.week_of(today)
    if chart.closed is None or chart.closed < monday:
        chart.closed = monday
        lot = _tell(chart, lot, today)
    sealed.write(cohort, lot)
    chart.save()
    failpoint("releases.close.before_commit")
    return 1


def _tell(chart: Chart, lot: Lot, today: date) -> Lot:
    """Tell what may be told of the week that is over, and return what is kept on."""
    rows, kept = telling.close(lot)
    if rows:
        _store(rows, today, workflow=chart.workflow, team=chart.team)
        chart.begun_on = today
    elif telling.is_old(chart.begun_on, today):
        chart.begun_on = today
        return lots.emptied(kept)
    return kept


def _store(rows: Iterable[Told], today: date, *, workflow: str, team: str) -> None:
    week = telling.week_of(today) - WEEK
    Tally.objects.bulk_create(
        Tally(
            workflow=workflow, team=team, week=week, kind=one.kind, difficulty=one.difficulty,
            harm=one.harm, tests=one.tests, caught=one.caught,
        )
        for one in rows
    )  # fmt: skip


@transaction.atomic
def _close_together(today: date) -> None:
    """Once each cohort's week is closed, tell of several what none of them lets tell by itself."""
    monday = telling.week_of(today)
    if Chart.objects.exclude(closed=monday).exists():
        return
    found = list(Chart.objects.exclude(pooled=monday).select_for_update().order_by("cohort"))
    pooled = pooling.close(list(_waiting(found, today)))
    for workflow, rows in pooled.told.items():
        _store(rows, today, workflow=workflow, team="")
    for cohort, lot in pooled.lots.items():
        sealed.write(cohort, lot)
    for chart in found:
        chart.pooled = monday
        if chart.cohort in pooled.told_of:
            chart.begun_on = today
    Chart.objects.bulk_update(found, ["pooled", "begun_on"])
    failpoint("releases.close_together.before_commit")


def _waiting(found: Iterable[Chart], today: date) -> Iterator[Waiting]:
    """Read the lots that wait, of those in which people have the same names."""
    for chart in found:
        weeks = (today - chart.begun_on) // WEEK
        if weeks < pooling.WITH_ITS_WORKFLOW:
            continue
        lot = sealed.take(chart.cohort)
        if lot.salt == sealed.names():
            yield Waiting(cohort=chart.cohort, workflow=chart.workflow, weeks=weeks, lot=lot)
