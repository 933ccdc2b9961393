"""The chart's waits: exact against published figures, a lattice, and drawing.

The lattice solver is the second method. It is proven on normal data first, where Montgomery's
table is known, and then used on what the product reckons without a lattice.
"""

import random
from statistics import NormalDist

import numpy as np
import pytest

from oversight.statistics import cusum
from oversight.statistics.cusum import Chart

CELLS = {
    (0.10, 0.30): [(73.7, 10.5), (239, 16.6), (772, 23.5), (2175, 29.9)],
    (0.20, 0.40): [(79.6, 14.1), (275, 23.3), (837, 32.8), (2377, 42.3)],
    (0.20, 0.50): [(58.1, 8.0), (161, 11.7), (433, 15.8), (1339, 20.7)],
    (0.05, 0.25): [(95.5, 8.9), (246, 12.5), (681, 16.5), (2000, 21.2)],
}


def one_sided(shift: float, threshold: float, steps: int = 90) -> float:
    """Brook and Evans' lattice for normal data with k = 1/2."""
    width = 2 * threshold / (2 * steps - 1)
    middles = np.arange(steps) * width
    edges = np.arange(steps) * width + width / 2
    below = np.vectorize(NormalDist(shift - 0.5).cdf)
    upper = below(edges[None, :] - middles[:, None])
    matrix = np.diff(upper, axis=1, prepend=0)
    return float(np.linalg.solve(np.eye(steps) - matrix, np.ones(steps))[0])


@pytest.mark.parametrize(
    ("threshold", "known"),
    [
        (4, [167.7, 74.2, 26.6, 13.3, 8.38, 4.75, 3.34, 2.62, 2.19]),
        (5, [465.4, 139.5, 38.0, 17.1, 10.4, 5.75, 4.01, 3.11, 2.57]),
    ],
)
def test_the_lattice_knows_montgomerys_table(threshold: float, known: list[float]) -> None:
    for shift, expected in zip((0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3), known, strict=True):
        up, down = one_sided(shift, threshold), one_sided(-shift, threshold)
        assert 1 / (1 / up + 1 / down) == pytest.approx(expected, rel=0.005)
    assert one_sided(0, threshold) == pytest.approx(335.4 if threshold == 4 else 930.9, rel=0.003)


def by_lattice(chart: Chart, miss: float, steps: int = 2000) -> float:
    """The same chart with scores rounded to a grid."""
    width = chart.threshold / steps
    up, down = round(chart.up / width), round(chart.down / width)
    now, total, alive = np.zeros(steps), 0.0, 1.0
    now[0] = 1.0
    for _ in range(20 * steps):
        total += alive
        after = np.zeros(steps)
        after[up:] += miss * now[: steps - up]
        after[: steps - down] += (1 - miss) * now[down:]
        after[0] += (1 - miss) * now[:down].sum()
        before, alive = alive, float(after.sum())
        change = 0 if alive == 0 else np.abs(after / alive - now / before).sum()
        if alive < 1e-12 or change < 1e-7:
            break
        now = after
    return total + alive / (1 - alive / before)


@pytest.mark.parametrize("shares", CELLS)
def test_published_waits(shares: tuple[float, float]) -> None:
    usual, noticed = shares
    for threshold, known in zip((2, 3, 4, 5), CELLS[shares], strict=True):
        chart = Chart(usual=usual, noticed=noticed, threshold=threshold)
        for miss, published in zip((usual, noticed), known, strict=True):
            assert by_lattice(chart, miss) == pytest.approx(published, rel=0.02)
            # rounding to the grid moves scores across the threshold: up to 4 % of the wait
            found = cusum.mean_tests(chart, miss)
            assert found == pytest.approx(published, rel=0.04)
            assert found == pytest.approx(by_lattice(chart, miss, 40_001), rel=0.02)


def runs(chart: Chart, miss: float, times: int, *, start: float = 0.0) -> list[int]:
    chance, found = random.Random(7), []
    for _ in range(times):
        score, tests = start, 0
        while not chart.alarms(score):
            score = chart.step(score, missed=chance.random() < miss)
            tests += 1
        found.append(tests)
    return sorted(found)


@pytest.mark.parametrize("start", [0.0, 1.5])
@pytest.mark.parametrize("miss", [0.1, 0.3, 0.5])
def test_waits_drawn_and_reckoned_agree(miss: float, start: float) -> None:
    chart = Chart(usual=0.1, noticed=0.3, threshold=3)
    found = runs(chart, miss, 1500 if miss > 0.1 else 600, start=start)

    mean = cusum.mean_tests(chart, miss, start=start)
    assert sum(found) / len(found) == pytest.approx(mean, rel=0.09)
    nine = cusum.tests_of(0.9, chart, miss, start=start)
    assert found[int(0.9 * len(found))] == pytest.approx(nine, rel=0.12, abs=1)


@pytest.mark.parametrize(
    ("usual", "noticed", "threshold", "miss", "known", "error"),
    [
        (0.10, 0.30, 3, 0.10, 237.4, 3.6),
        (0.10, 0.30, 3, 0.30, 16.47, 0.08),
        (0.20, 0.50, 3, 0.20, 162.0, 2.6),
        (0.20, 0.50, 3, 0.50, 11.67, 0.05),
    ],
)
def test_waits_that_others_drew(
    usual: float, noticed: float, threshold: float, miss: float, known: float, error: float
) -> None:
    """Published drawings, held to three of their errors."""
    found = cusum.mean_tests(Chart(usual=usual, noticed=noticed, threshold=threshold), miss)
    assert found == pytest.approx(known, abs=3 * error)


def test_the_chances_add_up_to_the_mean() -> None:
    chart = Chart(usual=0.1, noticed=0.3, threshold=3)
    found = cusum.chances(chart, 0.3, tests=400)
    assert sum(found) == pytest.approx(1, abs=1e-6)
    mean = sum(tests * chance for tests, chance in enumerate(found))
    assert mean == pytest.approx(cusum.mean_tests(chart, 0.3), rel=1e-4)


def test_a_head_start_is_sooner_if_it_is_so_and_hardly_if_it_is_not() -> None:
    chart = Chart(usual=0.1, noticed=0.3, threshold=4)
    assert chart.head_start == 2
    sooner = cusum.mean_tests(chart, 0.5, start=2) / cusum.mean_tests(chart, 0.5)
    hardly = cusum.mean_tests(chart, 0.1, start=2) / cusum.mean_tests(chart, 0.1)
    assert sooner < 0.62 and hardly > 0.85


@pytest.mark.parametrize("between", [12, 100, 300, 1000])
def test_the_threshold_is_the_lowest_that_keeps_the_promise(between: float) -> None:
    score = cusum.threshold(0.1, 0.3, between)
    at = Chart(usual=0.1, noticed=0.3, threshold=score)
    below = Chart(usual=0.1, noticed=0.3, threshold=score - 0.0051)
    assert cusum.mean_tests(at, 0.1) >= between > cusum.mean_tests(below, 0.1)


def test_a_long_wait_is_reckoned_without_going_there() -> None:
    chart = Chart(usual=0.1, noticed=0.3, threshold=5.34)
    mean = cusum.mean_tests(chart, 0.1)
    # so far out it is a matter of luck alone
    assert cusum.tests_of(0.9, chart, 0.1) == pytest.approx(2.3026 * mean, rel=0.03)
