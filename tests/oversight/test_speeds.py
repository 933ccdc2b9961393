"""Decisions that were too fast: the mixture against its oracle, and when it is not used."""

import math

import numpy as np
import pytest

from oversight.statistics import bins, speeds


def oracle() -> list[tuple[float, float]]:
    chance = np.random.default_rng(7)
    fast = chance.lognormal(math.log(6), 0.4, 300)
    slow = chance.lognormal(math.log(120), 0.6, 700)
    return [(float(seconds), 1.0) for seconds in np.concatenate([fast, slow])]


def in_bins(times: list[tuple[float, float]], per_e: int = 10) -> list[tuple[float, float]]:
    found: dict[int, float] = {}
    for seconds, count in times:
        number = math.floor(math.log(seconds) * per_e)
        found[number] = found.get(number, 0) + count
    return [(math.exp((number + 0.5) / per_e), count) for number, count in found.items()]


def test_a_mixture_is_found_again() -> None:
    found = speeds.fit(oracle())
    assert found is not None
    assert found.rapid.share == pytest.approx(0.300, abs=0.0006)
    assert found.engaged.share == pytest.approx(0.700, abs=0.0006)
    assert found.rapid.median == pytest.approx(5.7, abs=0.06)
    assert found.engaged.median == pytest.approx(116.7, abs=0.06)
    assert found.rapid.sigma == pytest.approx(0.369, abs=0.0006)
    assert found.engaged.sigma == pytest.approx(0.569, abs=0.0006)
    assert found.cut == pytest.approx(18.1, abs=0.06)
    assert found.engaged.quantile(0.05) == pytest.approx(45.7, abs=0.1)


@pytest.mark.parametrize("share", [0.05, 0.15, 0.4])
def test_the_share_of_the_rapid_is_found_in_the_bins_of_a_day(share: float) -> None:
    """Thirty teams of a thousand decisions, kept as the product keeps them."""
    chance = np.random.default_rng(3)
    found = []
    for _ in range(30):
        fast = int(chance.binomial(1000, share))
        times = [
            *chance.lognormal(math.log(4), 0.35, fast),
            *chance.lognormal(math.log(90), 0.6, 1000 - fast),
        ]
        kept: dict[str, int] = {}
        for seconds in times:
            bins.add(kept, {bins.of(float(seconds)): 1})
        rapid = speeds.rapid(bins.timed(kept))
        assert rapid.mixture is not None
        found.append(rapid.share)
    assert sum(found) / 30 == pytest.approx(share, abs=0.01)
    # a single team's is off by little more than which decisions were drawn
    assert max(abs(one - share) for one in found) < 3.5 * math.sqrt(share * (1 - share) / 1000)


def test_percentiles_from_bins_are_within_5_percent() -> None:
    chance = np.random.default_rng(5)
    times = sorted(float(one) for one in chance.lognormal(math.log(60), 1.1, 4001))
    kept: dict[str, int] = {}
    for seconds in times:
        bins.add(kept, {bins.of(seconds): 1})
    for part in (0.1, 0.5, 0.9):
        assert bins.quantile(kept, part) == pytest.approx(times[int(part * 4000)], rel=0.055)


def test_a_histogram_tells_the_same() -> None:
    found = speeds.rapid(in_bins(oracle()))
    assert found.mixture is not None and found.of == 1000
    assert found.share == pytest.approx(0.3, abs=0.01)
    assert found.cut == pytest.approx(18.1, rel=0.05)


def test_with_few_a_tenth_of_the_mean_is_the_cut() -> None:
    times = [(1.0, 19.0), (100.0, 180.0)]
    found = speeds.rapid(times)
    assert found.mixture is None
    assert found.cut == pytest.approx(0.1 * (19 + 18000) / 199)
    assert found.share == pytest.approx(19 / 199)


def test_200_are_enough_and_199_are_not() -> None:
    # 60 fast and 140 slow ones
    times = oracle()[240:440]
    assert speeds.rapid(times).mixture is not None
    assert speeds.rapid(times[1:]).mixture is None


def test_one_hump_is_no_mixture() -> None:
    chance = np.random.default_rng(2)
    times = [(float(x), 1.0) for x in chance.lognormal(math.log(60), 0.7, 1000)]
    found = speeds.rapid(times)
    assert found.mixture is None and found.share < 0.02


def test_who_works_up_to_a_limit_makes_nobody_else_rapid() -> None:
    """A page that closes after a minute and a half gathers its slowest there."""
    chance = np.random.default_rng(6)
    times = [(min(90.0, float(x)), 1.0) for x in chance.lognormal(math.log(35), 0.8, 1000)]
    found = speeds.rapid(times)
    assert found.mixture is None and found.share < 0.02


def test_a_team_most_of_which_does_not_read_is_seen_for_what_it_is() -> None:
    chance = np.random.default_rng(6)
    times = [(float(x), 1.0) for x in chance.lognormal(math.log(3), 0.4, 850)]
    times += [(float(x), 1.0) for x in chance.lognormal(math.log(60), 0.6, 150)]
    found = speeds.rapid(times)
    assert found.mixture is not None and found.share == pytest.approx(0.85, abs=0.02)


def test_nothing_and_always_the_same_are_no_error() -> None:
    assert speeds.rapid([]).share == 0
    assert speeds.rapid([(5.0, 500.0)]).mixture is None


def test_the_partner_of_the_mixture() -> None:
    # the fastest guess one of four, from the eighth on they know
    guessed = [(float(number), number % 4 == 0) for number in range(1, 9)]
    known = [(float(number), True) for number in range(9, 30)]
    assert speeds.cumulative_cut(guessed + known, 0.25) == 8
    assert speeds.cumulative_cut(known, 0.25) is None


def test_the_least_that_reading_takes() -> None:
    assert speeds.least_seconds(150, None, most=600) == 30
    mixture = speeds.fit(oracle())
    assert speeds.least_seconds(150, mixture, most=600) == pytest.approx(45.7, abs=0.1)
    assert speeds.least_seconds(9000, mixture, most=600) == 600
