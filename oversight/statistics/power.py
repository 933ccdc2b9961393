"""How soon would it be noticed that people stopped catching what is wrong?"""

import math
from dataclasses import dataclass, replace

from oversight.statistics import cusum, waiting_for_five
from oversight.statistics.cusum import Chart

# binding defaults: 2 % of reviews are tests, at most 10 %, at most two a person and day
USUAL_RATE, MOST_RATE, MOST_A_DAY = 0.02, 0.10, 2
WORKING_YEAR = 250
DAYS_A_WEEK = 5
# the chart looks for misses that rise by so much: from 10 % to 30 %
RISE = 0.20
NINE = 0.9
# beyond so many what is likely is no longer looked through test by test
MANY_TESTS = 500
FALLS = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
OTHER_RATES = (0.01, 0.02, 0.03, 0.05, 0.10)


@dataclass(frozen=True, kw_only=True)
class Team:
    """What a team does in a working day, and what it would bear and wants to know."""

    reviews: float = 60.0
    people: int = 6
    rate: float = USUAL_RATE
    # tests that one person would bear in a week; None: as many as the rate makes
    bearable: float | None = None
    review_minutes: float = 4.0
    false_alarms: float = 1.0
    before: float = 0.90
    after: float = 0.50


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a fall would take to be noticed, in working days, and what that costs."""

    team: Team
    # after all limits
    rate: float
    limit: str
    tests: float
    chart: Chart
    mean: float
    nine: float
    # the same where luck decides which reviews are tests
    nine_drawn: float
    # the same until it is told: the chart waits for five people; None: they are fewer
    told: float | None
    told_nine: float | None
    false_alarm_days: float

    @property
    def weekly(self) -> float:
        """Return the tests that a person meets in a week."""
        return self.tests / self.team.people * DAYS_A_WEEK

    @property
    def weekly_minutes(self) -> float:
        return self.weekly * self.team.review_minutes

    @property
    def reviews_displaced(self) -> float:
        """Return how many hours of the team's day go into tests."""
        return self.tests * self.team.review_minutes / 60


RATE, BEARABLE, DAILY, CAP = "rate", "bearable", "daily", "cap"


def reckon(team: Team) -> Power:
    """Reckon how soon the fall from `before` to `after` is noticed."""
    rate, limit = _rate(team)
    tests = max(team.reviews * rate, 1e-9)
    usual = 1 - team.before
    between = WORKING_YEAR / team.false_alarms * tests
    chart = _chart(usual, between)
    miss = 1 - team.after
    by_tests, mean = cusum.tests_of(NINE, chart, miss), cusum.mean_tests(chart, miss)
    chances = _chances(chart, miss, by_tests)
    late = waiting_for_five.mean(team.people)
    return Power(
        team=team,
        rate=rate,
        limit=limit,
        tests=tests,
        chart=chart,
        mean=mean / tests,
        nine=by_tests / tests,
        nine_drawn=_drawn(by_tests, chances) / tests,
        # whenever in a day it comes, it is told at its end
        told=None if late is None else (mean + late) / tests + 0.5,
        told_nine=_told(team.people, by_tests, chances, tests),
        false_alarm_days=cusum.mean_tests(chart, usual) / tests,
    )


def _chart(usual: float, between: float) -> Chart:
    noticed = min(usual + RISE, 0.95)
    score = cusum.threshold(usual, noticed, round(max(between, 2.0), 3))
    return Chart(usual=usual, noticed=noticed, threshold=score)


def _rate(team: Team) -> tuple[float, str]:
    """Return the rate that is left after every limit, and which one it was."""
    a_day = team.people / max(team.reviews, 1e-9)
    limits = [(team.rate, RATE), (MOST_RATE, CAP), (MOST_A_DAY * a_day, DAILY)]
    if team.bearable is not None:
        limits.append((team.bearable / DAYS_A_WEEK * a_day, BEARABLE))
    return min(limits, key=lambda one: one[0])


def _chances(chart: Chart, miss: float, by_tests: float) -> list[float]:
    """Return how likely the n-th test alarms; nothing where that takes too many to look through."""
    if by_tests > MANY_TESTS:
        return []
    return cusum.chances(chart, miss, tests=int(by_tests * 4) + 40)


def _told(people: int, by_tests: float, chances: list[float], tests: float) -> float | None:
    if chances:
        return waiting_for_five.days_within(NINE, chances, people, tests)
    late = waiting_for_five.mean(people)
    return None if late is None else (by_tests + late) / tests + 0.5


def _drawn(by_tests: float, chances: list[float]) -> float:
    """Return the nine in ten if each review is a test by chance: tests then come unevenly.

    With n tests to come on average so many have come, by Poisson; each by its chance of alarm.
    """
    if not chances:
        return by_tests + 1.2815515655446004 * math.sqrt(by_tests) * 0.1

    def noticed(expected: float) -> float:
        term, below, total = math.exp(-expected), math.exp(-expected), 0.0
        for tests in range(1, len(chances)):
            # below: fewer than `tests` came
            total += chances[tests] * (1 - below)
            term *= expected / tests
            below += term
        return total

    low, high = 0.0, by_tests * 3 + 20
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if noticed(middle) < NINE else (low, middle)
    return high


@dataclass(frozen=True, kw_only=True)
class Fall:
    after: float
    power: Power


def falls(team: Team) -> list[Fall]:
    """Return how soon other falls would be noticed, from slight to complete."""
    return [
        Fall(after=after, power=reckon(replace(team, after=after)))
        for after in FALLS
        if after < team.before - 0.05
    ]


def rates(team: Team) -> list[Power]:
    """Return the same fall at other rates, as far as the limits let them."""
    return [
        reckon(replace(team, rate=rate, bearable=None)) for rate in (0.01, 0.02, 0.03, 0.05, 0.10)
    ]
