"""Look at each cohort's chart once a day: has what people catch fallen, and is it mended again?

Only whether it is alarmed leaves the sealed lot; where the score stands stays in it. Every lot is
written anew on every look, so that nobody sees whether anything came.
"""

import math
from datetime import date, timedelta
from functools import lru_cache

from django.db.models import Sum

from handoffs import ids
from oversight.blind_tests import cohorts, telling
from oversight.models import Chart, Cohort, Tally
from oversight.statistics import acceptance, cusum, power
from reviews import lots
from reviews.lots import Lot
from reviews.models import Plant

# misses that are usual as long as too little was told to know better
USUAL = 0.10
LEAST, MOST = 0.05, 0.40
ENOUGH = 60
_LATELY, _PAST = timedelta(weeks=4), timedelta(weeks=52)
_WEEKS = 8
# fewer tests a day than this are too few to reckon with
_FEWEST = 0.2


def look(chart: Chart, lot: Lot, *, today: date) -> Lot:
    """Move the chart by what came since, if many made it; return the lot as it is kept on."""
    usual, between = _usual(chart, today), _between(chart.cohort, today)
    return move(chart, lot, usual=usual, between=between)


def move(chart: Chart, lot: Lot, *, usual: float, between: float) -> Lot:
    """Do so where so many misses are usual, and so many tests lie between two false alarms."""
    noticed, limit = usual + power.RISE, _limit(usual, between)
    line = cusum.Chart(usual=usual, noticed=noticed, threshold=limit)
    plan = acceptance.Plan(good=usual, bad=noticed)
    found = telling.rearm(lot, plan, line) if chart.raised else telling.look(lot, line)
    if found is None:
        return lot
    # from an alarm on it is another question, which begins at nothing
    begins = found.alarm and not chart.raised
    chart.raised = found.alarm
    return lots.looked_at(lot, score=0.0 if begins else found.score)


def _usual(chart: Chart, today: date) -> float:
    """Return the share of misses that this cohort is used to, by what was told of it."""
    since, until = learned_from(today)
    told = Tally.objects.filter(
        workflow=chart.workflow, team=chart.team, kind="", difficulty="", harm="",
        week__gte=since, week__lt=until,
    ).aggregate(tests=Sum("tests"), caught=Sum("caught"))  # fmt: skip
    return usual(told["tests"] or 0, told["caught"] or 0)


def learned_from(today: date) -> tuple[date, date]:
    """Return from when on, and until when, what was told says what is usual: not lately."""
    return today - _PAST, today - _LATELY


def usual(tests: int, caught: int) -> float:
    """Return the share of misses to reckon with, rounded up.

    Below what it really is by luck, alarms would come oftener than stated.
    """
    if tests < ENOUGH:
        return USUAL
    percent = math.ceil(100 * (tests - caught) / tests)
    return min(MOST, max(LEAST, percent / 100))


def _between(cohort: str, today: date) -> float:
    """Return how many tests are met in a working year: once in so many it may alarm for nothing.

    By what came in in the last weeks, less what is spared; rounded, so that it does not move from
    day to day.
    """
    since = today - timedelta(weeks=_WEEKS)
    made = Plant.objects.filter(
        cohort=cohort, handoff__isnull=False, pk__gte=ids.at("run", cohorts.midnight(since))
    )
    first = made.order_by("pk").values_list("run__created_at", flat=True).first()
    if first is None:
        return power.WORKING_YEAR * _FEWEST
    days = max(1.0, (today - first.date()).days * 5 / 7)
    a_day = max(_FEWEST, made.count() * _part_met(cohort) / days)
    return power.WORKING_YEAR * _rounded(a_day)


def _part_met(cohort: str) -> float:
    found = Cohort.objects.filter(name=cohort).first()
    return 1.0 if found is None else found.rate / found.let_in


def _rounded(number: float) -> float:
    return float(f"{number:.1g}")


@lru_cache(maxsize=512)
def _limit(usual: float, between: float) -> float:
    return cusum.threshold(usual, usual + power.RISE, max(between, 2.0))
