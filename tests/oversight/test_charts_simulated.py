"""Years of a team, looked at each day: found when it stops to look, left alone while it does."""

import random
from datetime import date
from statistics import mean
from typing import Any

from bench.collapse.alone import Alone
from oversight.blind_tests import charts, telling
from oversight.models import Chart
from oversight.statistics import cusum, power
from reviews import lots

KIND = telling.key("wrong amount", "easy", "wrongly allows")
A_DAY, PEOPLE, YEAR = 4, 10, power.WORKING_YEAR
BETWEEN = float(A_DAY * YEAR)
LIMIT = cusum.threshold(charts.USUAL, charts.USUAL + power.RISE, BETWEEN)
LINE = cusum.Chart(usual=charts.USUAL, noticed=charts.USUAL + power.RISE, threshold=LIMIT)


def fresh() -> Chart:
    return Chart(cohort="c", workflow="w", team="t", begun_on=date(2026, 1, 1))


def live(chart: Chart, lot: lots.Lot, caught: float, chance: random.Random) -> lots.Lot:
    """Let a day pass: as many tests, each met by anybody of the team, and then a look."""
    for _ in range(A_DAY):
        was_caught = chance.random() < caught
        lot = lots.add(lot, person=chance.randrange(PEOPLE), kind=KIND, caught=was_caught)
    return charts.move(chart, lots.begun_anew(lot), usual=charts.USUAL, between=BETWEEN)


def test_a_team_that_looks_is_alarmed_for_no_oftener_than_stated() -> None:
    """By what was told of it, which is never quite what is so; an alarm begins it half way."""
    years = 80
    team = Alone(chance=random.Random(1), people=6, tests_a_day=3)
    team.live(years * YEAR)

    assert 0.5 < team.alarms / years < 1


def test_fewer_misses_than_were_told_are_never_taken_for_usual() -> None:
    assert charts.usual(charts.ENOUGH - 1, 0) == charts.USUAL
    assert charts.usual(700, 629) == 0.11 and charts.usual(700, 630) == 0.10
    assert (charts.usual(700, 700), charts.usual(700, 0)) == (charts.LEAST, charts.MOST)


def test_a_team_that_stops_to_look_is_found_when_it_was_said() -> None:
    delays = [_until_raised(0.5, seed) for seed in range(300)]
    said = cusum.mean_tests(LINE, 0.5) / A_DAY

    # and until five people have met one, at most a few days more
    assert said < mean(delays) < said + 2.5


def test_a_team_that_approves_everything_is_found_in_days() -> None:
    assert mean(_until_raised(0.0, seed) for seed in range(100)) < 4


def _until_raised(caught: float, seed: int) -> int:
    chance, chart, lot = random.Random(seed), fresh(), lots.empty()
    for day in range(1, 200):
        lot = live(chart, lot, caught, chance)
        if chart.raised:
            return day
    raise AssertionError("it was never found")


def test_once_it_looks_again_the_alarm_is_over_and_while_it_does_not_it_stays() -> None:
    mended, still = _days_raised(0.9), _days_raised(0.5)

    assert mean(mended) * A_DAY < 40
    assert mean(still) > 20 * mean(mended)


def _days_raised(caught: float) -> list[int]:
    found = []
    for seed in range(40):
        chance, chart, lot = random.Random(seed), fresh(), lots.empty()
        chart.raised = True
        for day in range(1, 1001):
            lot = live(chart, lot, caught, chance)
            if not chart.raised or day == 1000:
                found.append(day)
                break
    return found


def test_the_chart_keeps_nothing_but_that_it_is_raised() -> None:
    kept: dict[str, Any] = {field.name: field for field in Chart._meta.get_fields()}

    assert set(kept) == {
        *("cohort", "workflow", "team", "raised"),
        *("looked_on", "closed", "pooled", "begun_on"),
    }
    assert not any(field.is_relation for field in kept.values())
