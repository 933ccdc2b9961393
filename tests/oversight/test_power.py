"""How soon a fall is noticed: the published table, and teams that are drawn."""

import random

import numpy as np
import pytest

from oversight.statistics import pacing, power
from oversight.statistics.power import Team

# reviews a day, rate, threshold, then mean and nine in ten for three falls
TABLE = [
    (20, 0.02, 2.20, (31.6, 60), (15.6, 25), (7.9, 10)),
    (20, 0.10, 3.64, (10.6, 19.5), (4.6, 7.5), (2.1, 2.5)),
    (60, 0.02, 3.14, (15.0, 28.3), (6.7, 10.8), (2.7, 3.3)),
    (60, 0.05, 4.00, (7.8, 14.3), (3.3, 5.3), (1.4, 1.7)),
    (200, 0.02, 4.28, (6.3, 11.5), (2.7, 4.2), (1.1, 1.5)),
    (200, 0.05, 5.19, (3.1, 5.6), (1.3, 2.0), (0.5, 0.6)),
    (600, 0.02, 5.34, (2.7, 4.8), (1.1, 1.7), (0.5, 0.6)),
]


def team(reviews: float, rate: float, after: float) -> Team:
    # so many people that nobody's limit is reached
    return Team(reviews=reviews, rate=rate, after=after, people=1000)


@pytest.mark.parametrize("row", TABLE)
def test_the_published_table(row: tuple[object, ...]) -> None:
    reviews, rate, threshold, *known = row
    for after, (mean, nine) in zip((0.7, 0.5, 0.05), known, strict=True):  # type: ignore[misc]
        found = power.reckon(team(reviews, rate, after))  # type: ignore[arg-type]
        assert found.chart.threshold == pytest.approx(threshold, abs=0.02)
        assert found.mean == pytest.approx(mean, rel=0.02, abs=0.06)
        assert found.nine == pytest.approx(nine, rel=0.02, abs=0.06)


@pytest.mark.parametrize(("before", "usual"), [(0.9, 0.1), (0.8, 0.2), (0.95, 0.05)])
def test_what_is_usual_is_what_was_missed_before(before: float, usual: float) -> None:
    chart = power.reckon(Team(before=before, after=0.4)).chart
    assert (chart.usual, chart.noticed) == pytest.approx((usual, usual + 0.2))


def test_a_small_team_cannot_have_both() -> None:
    assert power.reckon(team(20, 0.01, 0.5)).mean == pytest.approx(22.7, abs=0.06)


def noticed_after(found: power.Power, after: float, chance: random.Random, drawn: bool) -> float:
    """Let a team review until the chart alarms; return working days."""
    score, reviews, waited = 0.0, 0, 0.0
    while not found.chart.alarms(score):
        reviews += 1
        waited += found.rate
        if chance.random() < found.rate if drawn else waited >= 1 - 1e-9:
            waited -= 1
            score = found.chart.step(score, missed=chance.random() >= after)
    return reviews / found.team.reviews


@pytest.mark.parametrize(("reviews", "rate", "after"), [(60, 0.05, 0.5), (20, 0.10, 0.7)])
def test_simulated_delays_agree_with_those_told(reviews: int, rate: float, after: float) -> None:
    found = power.reckon(team(reviews, rate, after))
    chance = random.Random(19)
    for drawn, nine in ((False, found.nine), (True, found.nine_drawn)):
        delays = sorted(noticed_after(found, after, chance, drawn) for _ in range(1000))
        assert sum(delays) / 1000 == pytest.approx(found.mean, rel=0.1)
        assert delays[900] == pytest.approx(nine, rel=0.1)


def waits(found: power.Power, after: float, runs: int, *, drawn: bool) -> np.ndarray:
    """Many teams at once: the working days of each until its chart alarms, in order."""
    chance = np.random.default_rng(23)
    score, tests = np.zeros(runs), np.zeros(runs, dtype=int)
    waiting = np.ones(runs, dtype=bool)
    while waiting.any():
        missed = chance.random(runs) >= after
        score = np.maximum(0, score + np.where(missed, found.chart.up, -found.chart.down))
        tests += waiting
        waiting &= score < found.chart.threshold
    reviews = tests + chance.negative_binomial(tests, found.rate) if drawn else tests / found.rate
    return np.sort(reviews / found.team.reviews)


@pytest.mark.parametrize("after", [0.7, 0.5, 0.05])
@pytest.mark.parametrize(("reviews", "rate"), [row[:2] for row in TABLE])
def test_every_delay_of_the_table_is_drawn_within_a_tenth(
    reviews: float, rate: float, after: float
) -> None:
    found = power.reckon(team(reviews, rate, after))
    for drawn, nine in ((False, found.nine), (True, found.nine_drawn)):
        delays = waits(found, after, 4000, drawn=drawn)
        assert delays.mean() == pytest.approx(found.mean, rel=0.1)
        # one test more or less is as exact as nine in ten can be where a few tests do
        assert delays[3600] == pytest.approx(nine, rel=0.1, abs=1.01 / found.tests)
        assert (delays <= nine).mean() > 0.88


@pytest.mark.parametrize(
    ("before", "after"), [(0.95, 0.6), (0.8, 0.4), (0.6, 0.3), (0.9, 0.85), (0.99, 0.5)]
)
def test_so_are_the_delays_of_other_falls(before: float, after: float) -> None:
    found = power.reckon(Team(reviews=120, people=500, rate=0.03, before=before, after=after))
    for drawn, nine in ((False, found.nine), (True, found.nine_drawn)):
        delays = waits(found, after, 4000, drawn=drawn)
        assert delays.mean() == pytest.approx(found.mean, rel=0.1)
        assert delays[3600] == pytest.approx(nine, rel=0.1)


@pytest.mark.parametrize(
    ("reviews", "rate", "after"), [(60, 0.02, 0.5), (20, 0.10, 0.7), (200, 0.05, 0.05)]
)
def test_tests_that_come_as_the_product_paces_them_keep_the_promise(
    reviews: float, rate: float, after: float
) -> None:
    """Neither evenly nor by luck alone: one in each stretch, at a place that is drawn."""
    found = power.reckon(team(reviews, rate, after))
    draw, days = random.Random(12), []
    for cohort in range(1500):
        score, tests = 0.0, 0
        while not found.chart.alarms(score):
            score = found.chart.step(score, missed=draw.random() >= after)
            tests += 1
        days.append(pacing.drawn(b"secret", str(cohort), tests - 1, rate) / reviews)
    # the last stretch is half over on average: half a test's time sooner
    assert sum(days) / 1500 == pytest.approx(found.mean - 0.5 / found.tests, rel=0.1)
    assert sorted(days)[1350] == pytest.approx(found.nine, rel=0.1, abs=1.01 / found.tests)


@pytest.mark.parametrize("a_year", [0.5, 1, 4])
@pytest.mark.parametrize(("reviews", "rate"), [(20, 0.02), (60, 0.05), (200, 0.05)])
def test_false_alarms_of_drawn_years_are_no_more_than_asked(
    reviews: float, rate: float, a_year: float
) -> None:
    one = Team(reviews=reviews, rate=rate, people=1000, false_alarms=a_year)
    found = power.reckon(one)
    days = waits(found, found.team.before, 1500, drawn=False)
    asked = power.WORKING_YEAR / a_year
    # three errors of the mean of times that are nearly exponential
    assert days.mean() > asked * (1 - 3 / 1500**0.5)
    assert days.mean() == pytest.approx(found.false_alarm_days, rel=0.1)


def test_false_alarms_are_no_more_often_than_stated() -> None:
    found = power.reckon(team(60, 0.05, 0.5))
    assert found.false_alarm_days >= 250
    # drawn: days until one, without any fall
    chance = random.Random(5)
    days = [noticed_after(found, 0.9, chance, False) for _ in range(100)]
    assert sum(days) / 100 > 200


def test_limits_on_people_come_before_the_rate() -> None:
    # twenty reviews a day of one person: two tests a day are one in ten
    assert power.reckon(Team(reviews=100, people=1, rate=0.05)).limit == power.DAILY
    assert power.reckon(Team(rate=0.10)).limit == power.RATE
    assert power.reckon(Team(rate=0.40)).limit == power.CAP
    borne = power.reckon(Team(reviews=60, people=6, rate=0.05, bearable=1))
    assert borne.limit == power.BEARABLE and borne.weekly == pytest.approx(1)
    assert borne.rate == pytest.approx(0.02)


def test_what_it_asks_of_people() -> None:
    found = power.reckon(Team(reviews=60, people=6, rate=0.05, review_minutes=4))
    assert found.weekly == pytest.approx(2.5)
    assert found.weekly_minutes == pytest.approx(10)


def test_worse_falls_and_more_tests_are_noticed_sooner() -> None:
    means = [fall.power.mean for fall in power.falls(Team())]
    assert means == sorted(means, reverse=True)
    means = [one.mean for one in power.rates(Team(people=1000))]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("before", [0.5, 0.8, 0.99])
@pytest.mark.parametrize("reviews", [1, 5000])
def test_any_team_gets_an_answer(before: float, reviews: float) -> None:
    found = power.reckon(Team(reviews=reviews, before=before, after=before - 0.1, rate=0.01))
    assert found.mean > 0 and 0 < found.nine <= found.nine_drawn * 1.2
