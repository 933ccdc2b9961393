"""When an answer comes, from what was measured: known quantiles, limits, and simulated queues."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from handoffs.rates import Rate
from reviews import forecast

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RATE = Rate(
    queue_id=1,
    measured_at=NOW,
    read_at=NOW,
    finished_per_hour=30,
    handling_seconds=240,
    handling_count=500,
    reviewers_present=2,
    hands=2,
    busy_since=None,
)


@pytest.mark.parametrize(
    ("share", "shape", "expected"),
    [
        # exponential, and chi-squared tables halved: 2, 10, 20 and 100 degrees of freedom
        (0.8, 1, -math.log(0.2)),
        (0.95, 5, 18.307038 / 2),
        (0.90, 10, 28.411981 / 2),
        (0.50, 50, 99.334129 / 2),
        (0.99, 0.5, 6.634897 / 2),
    ],
)
def test_the_quantiles_are_those_of_the_tables(share: float, shape: float, expected: float) -> None:
    assert forecast.gamma_quantile(share, shape) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [0.2, 1, 7.5, 300, 5000])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.8, 0.999])
def test_what_is_below_a_quantile_is_its_share(share: float, shape: float) -> None:
    found = forecast.gamma_quantile(share, shape)

    assert forecast.gamma_share(found, shape) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize(
    "unknown",
    [
        None,
        replace(RATE, handling_count=9),
        replace(RATE, reviewers_present=0),
        replace(RATE, finished_per_hour=0, hands=0),
        replace(RATE, measured_at=datetime(2026, 11, 21, 11, 45, tzinfo=UTC)),
    ],
)
def test_nothing_is_said_where_nothing_was_measured_or_nobody_is_there(
    unknown: Rate | None,
) -> None:
    assert forecast.forecast(unknown, ahead=0, in_hand=False) is None


def test_behind_very_many_nothing_is_said() -> None:
    assert forecast.forecast(RATE, ahead=forecast.MOST_AHEAD, in_hand=False) is not None
    assert forecast.forecast(RATE, ahead=forecast.MOST_AHEAD + 1, in_hand=False) is None


def test_more_ahead_takes_longer_and_less_measured_is_less_sure() -> None:
    told = [forecast.forecast(RATE, ahead=n, in_hand=False) for n in (0, 1, 10, 100)]
    little = forecast.forecast(replace(RATE, handling_count=10), ahead=10, in_hand=False)

    bys = [one.by for one in told if one]
    assert bys == sorted(bys) and len(set(bys)) == 4
    assert told[2] and little and little.by > told[2].by


def test_what_is_in_hand_takes_one_handling() -> None:
    found = forecast.forecast(RATE, ahead=0, in_hand=True)

    assert found is not None
    assert found.by == pytest.approx(240 * math.log(5), rel=0.01)


@pytest.mark.parametrize(
    ("seconds", "told"), [(1, 300), (300, 300), (301, 600), (3601, 4500), (30_000, 30_600)]
)
def test_times_are_told_as_people_say_them(seconds: float, told: int) -> None:
    assert forecast.rounded(seconds) == told


@pytest.mark.parametrize("ahead", [0, 3, 20])
@pytest.mark.parametrize("people", [1, 4])
def test_in_a_simulated_queue_so_many_come_by_then_as_were_promised(
    ahead: int, people: int
) -> None:
    """Everybody busy, exponential handling: what is told holds in about eight of ten."""
    draw, handling = random.Random(f"{ahead}/{people}"), 240.0
    rate = replace(RATE, finished_per_hour=people * 15.0, hands=people, handling_count=10_000)
    found = forecast.forecast(rate, ahead=ahead, in_hand=False)
    assert found is not None

    def wait() -> float:
        free = [draw.expovariate(1 / handling) for _ in range(people)]
        for _ in range(ahead):
            free.sort()
            free[0] += draw.expovariate(1 / handling)
        return min(free) + draw.expovariate(1 / handling)

    times = 4000
    waits = [wait() for _ in range(times)]

    kept = sum(one <= found.by for one in waits) / times
    sooner = sum(one <= found.median for one in waits) / times
    assert kept == pytest.approx(forecast.CONFIDENCE, abs=0.03)
    assert sooner == pytest.approx(0.5, abs=0.05)
