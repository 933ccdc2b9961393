"""The formulas against figures of others, against one another, and against what they promise."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oversight.statistics import erlang

MINUTE, HOUR = 60.0, 3600.0
# 100 calls in half an hour, three minutes each
CALLS = {"arrivals": 100 / 30 / MINUTE, "handling": 3 * MINUTE}


def near(found: float, known: float, places: int) -> None:
    assert found == pytest.approx(known, abs=0.5 * 10**-places), (found, known)


def test_a_call_centre_of_fourteen() -> None:
    found = erlang.patient(**CALLS, servers=14)

    near(found.wait_chance, 0.17413, 5)
    near(erlang.taken_within(20, **CALLS, servers=14), 0.88835, 5)
    near(found.utilisation, 0.7143, 4)


def test_the_same_with_thirteen_who_wait_for_five_minutes() -> None:
    found = erlang.impatient(**CALLS, servers=13, patience=5 * MINUTE)

    near(found.wait_chance, 0.2258, 4)
    near(found.missed, 0.02496, 5)
    near(found.mean_wait / MINUTE, 0.1248, 4)
    near(found.utilisation, 0.7500, 4)


def test_fifty_people_and_forty_eight_calls_a_minute() -> None:
    calls = {"arrivals": 48 / MINUTE, "handling": MINUTE, "servers": 50}
    without, with_patience = (
        erlang.patient(**calls),  # type: ignore[arg-type]
        erlang.impatient(**calls, patience=2 * MINUTE),  # type: ignore[arg-type]
    )

    near(without.mean_wait, 20.8, 1)
    near(erlang.taken_by(0.9, **calls), 58.1, 1)  # type: ignore[arg-type]
    near(without.waiting, 16.7, 1)
    near(without.utilisation, 0.960, 3)
    near(with_patience.missed, 0.031, 3)
    near(with_patience.mean_wait, 3.7, 1)
    near(with_patience.waiting, 2.97, 2)
    near(with_patience.utilisation, 0.930, 3)


@pytest.mark.parametrize(
    ("load", "servers", "chance"),
    [(2, 3, 0.4444), (6, 10, 0.1013), (8, 10, 0.4092), (20, 22, 0.5679), (100, 110, 0.2370)],
)
def test_the_share_that_waits(load: float, servers: int, chance: float) -> None:
    near(erlang.wait_chance(load, servers), chance, 4)


@pytest.mark.parametrize(
    ("beta", "chance"),
    [(0.25, 0.7209), (0.5, 0.5045), (1, 0.2234), (1.5, 0.0847), (2, 0.0269), (3, 0.0015)],
)
def test_the_square_root_rule(beta: float, chance: float) -> None:
    near(erlang.square_root_chance(beta), chance, 4)
    # which is what a large queue comes to
    staff = erlang.square_root_staff(10_000, beta)
    assert erlang.wait_chance(10_000, round(staff)) == pytest.approx(chance, rel=0.05)


def test_the_square_root_rule_with_patience() -> None:
    # β = 0, equal rates: half of them wait
    assert erlang.square_root_chance_impatient(0, handling=60, patience=60) == pytest.approx(0.5)
    large = erlang.impatient(arrivals=10_000, handling=1, servers=10_100, patience=4)
    found = erlang.square_root_chance_impatient(1, handling=1, patience=4)
    assert found == pytest.approx(large.wait_chance, rel=0.03)


@pytest.mark.parametrize(("servers", "wait", "in_time"), [(5, 2.2, 0.84), (6, 0.57, 0.98)])
def test_sixty_handoffs_an_hour(servers: int, wait: float, in_time: float) -> None:
    load = {"arrivals": 60 / HOUR, "handling": 4 * MINUTE, "servers": servers}
    found = erlang.patient(**load)  # type: ignore[arg-type]

    assert found.mean_wait / MINUTE == pytest.approx(wait, abs=0.05)
    near(erlang.taken_within(5 * MINUTE, **load), in_time, 2)  # type: ignore[arg-type]


RATES = {
    "arrivals": st.floats(1e-6, 1),
    "handling": st.floats(1, 5_000),
    "servers": st.integers(1, 60),
    "time": st.floats(1, 1e5),
}


@given(**RATES)
def test_whoever_is_not_missed_keeps_somebody_busy(
    arrivals: float, handling: float, servers: int, time: float
) -> None:
    """λ(1 − P_ab) = μE[busy], which a figure printed elsewhere does not hold."""
    rates = {"arrivals": arrivals, "handling": handling, "servers": servers}
    for found in (
        erlang.impatient(**rates, patience=time),  # type: ignore[arg-type]
        erlang.until_deadline(**rates, deadline=time),  # type: ignore[arg-type]
    ):
        assert 0 <= found.missed <= 1 and 0 <= found.utilisation <= 1 + 1e-9
        busy = found.utilisation * servers
        assert arrivals * (1 - found.missed) * handling == pytest.approx(busy, rel=1e-6)


@given(**RATES)
def test_one_more_person_never_makes_anybody_wait_longer(
    arrivals: float, handling: float, servers: int, time: float
) -> None:
    rates = {"arrivals": arrivals, "handling": handling}
    for fewer, more in (
        [erlang.patient(**rates, servers=servers + extra) for extra in (0, 1)],
        [erlang.impatient(**rates, servers=servers + extra, patience=time) for extra in (0, 1)],
        [
            erlang.until_deadline(**rates, servers=servers + extra, deadline=time)
            for extra in (0, 1)
        ],
    ):
        assert more.mean_wait <= fewer.mean_wait * (1 + 1e-6) + 1e-9
        assert more.missed <= fewer.missed * (1 + 1e-6) + 1e-12


@given(st.floats(0.01, 0.97), st.integers(1, 40))
def test_with_all_the_patience_in_the_world_everything_is_erlang_c(
    busy: float, servers: int
) -> None:
    rates = {"arrivals": busy * servers / 100, "handling": 100.0, "servers": servers}
    known = erlang.patient(**rates)  # type: ignore[arg-type]
    # so long that a queue would have to grow beyond all measure
    for found in (
        erlang.impatient(**rates, patience=1e9),  # type: ignore[arg-type]
        erlang.until_deadline(**rates, deadline=1e6),  # type: ignore[arg-type]
    ):
        assert found.wait_chance == pytest.approx(known.wait_chance, rel=1e-3)
        assert found.mean_wait == pytest.approx(known.mean_wait, rel=1e-3)


def test_little_holds() -> None:
    found = erlang.until_deadline(arrivals=0.02, handling=240, servers=5, deadline=300)

    assert found.waiting == pytest.approx(0.02 * found.mean_wait)
    assert (
        0
        < found.missed
        < erlang.impatient(arrivals=0.02, handling=240, servers=5, patience=300).missed + 0.1
    )


def test_nothing_to_do_and_nobody_there_are_no_errors() -> None:
    assert erlang.patient(arrivals=0, handling=60, servers=2).mean_wait == 0
    assert math.isinf(erlang.patient(arrivals=1, handling=60, servers=2).mean_wait)
    assert erlang.impatient(arrivals=0, handling=60, servers=2, patience=60).missed == 0
    assert erlang.impatient(arrivals=1, handling=60, servers=0, patience=60).missed == 1
    assert erlang.until_deadline(arrivals=1, handling=60, servers=0, deadline=60).mean_wait == 60
    flood = erlang.until_deadline(arrivals=10, handling=60, servers=1, deadline=3600)
    assert flood.missed == pytest.approx(1 - 1 / 600)
    assert erlang.taken_by(0.5, arrivals=0.01, handling=60, servers=5) == 0
