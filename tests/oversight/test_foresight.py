"""What is said beforehand, against queues that somebody else simulates."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import ciw
import pytest

from oversight.statistics import foresight, plans
from oversight.statistics.foresight import Known
from oversight.statistics.plans import Work

HOUR = 3600.0


@dataclass(frozen=True)
class Hour:
    wait: float
    in_time: float


def simulated(known: Known, servers: int, *, hours: int, seed: int) -> Iterator[Hour]:
    """Let ciw run the queue: gamma handling, and whoever is not taken by the deadline leaves."""
    ciw.seed(seed)
    shape = 1 / known.spread**2
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(known.arrivals / HOUR)],
        service_distributions=[ciw.dists.Gamma(shape, known.handling_seconds / shape)],
        number_of_servers=[servers],
        reneging_time_distributions=[ciw.dists.Deterministic(known.deadline_seconds)],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time((hours + 4) * HOUR)
    records = simulation.get_all_records()
    for number in range(2, hours + 2):
        came = [one for one in records if number <= one.arrival_date / HOUR < number + 1]
        taken = [one for one in came if one.record_type == "service"]
        done = [
            one for one in taken
            if one.waiting_time + one.service_time <= known.deadline_seconds
        ]  # fmt: skip
        wait = sum(one.waiting_time for one in taken) / len(taken)
        yield Hour(wait=wait, in_time=len(done) / len(came))


# sixty an hour, four minutes each; five people are hardly enough, six are
BUSY = Known(
    arrivals=60, hours_seen=1000, handling_seconds=240, spread=0.8, hands=5,
    deadline_seconds=1200,
)  # fmt: skip


@pytest.mark.parametrize(("hands", "deadline", "seed"), [(5, 1200, 1), (6, 900, 2), (7, 600, 3)])
def test_nine_of_ten_hours_are_as_was_said(hands: int, deadline: float, seed: int) -> None:
    known = replace(BUSY, hands=hands, deadline_seconds=deadline, lead_seconds=2 * HOUR)
    said = foresight.foresee(known, seed="said")
    assert said is not None

    hours = list(simulated(known, hands, hours=120, seed=seed))

    waits = sum(said.wait.holds(hour.wait) for hour in hours) / len(hours)
    shares = sum(said.in_time.holds(hour.in_time) for hour in hours) / len(hours)
    assert 0.82 <= waits <= 0.97
    assert shares >= 0.82
    # and it is no interval that says nothing: half of it would be wrong far more often
    middle, reach = said.wait.middle, (said.wait.high - said.wait.low) / 4
    narrow = sum(abs(hour.wait - middle) <= reach for hour in hours) / len(hours)
    assert narrow < waits - 0.1


def test_on_average_it_is_what_erlang_says() -> None:
    known = replace(BUSY, hands=6, spread=1.0, deadline_seconds=4 * HOUR)
    hours = list(simulated(known, 6, hours=200, seed=5))
    mean = sum(hour.wait for hour in hours) / len(hours)
    work = Work(arrivals=60, handling_seconds=240, deadline_seconds=4 * HOUR)

    assert mean == pytest.approx(plans.outlook(work, 6).wait, rel=0.15)
    said = foresight.foresee(replace(known, lead_seconds=2 * HOUR), seed="long")
    assert said is not None and said.wait.middle == pytest.approx(mean, rel=0.15)


def test_what_is_known_worse_is_said_more_widely() -> None:
    sure = foresight.foresee(BUSY, seed="same")
    unsure = foresight.foresee(replace(BUSY, hours_seen=1), seed="same")

    assert sure and unsure
    assert unsure.wait.high - unsure.wait.low > sure.wait.high - sure.wait.low


def test_those_who_wait_already_are_worked_first() -> None:
    fresh = foresight.foresee(BUSY, seed="same")
    behind = foresight.foresee(replace(BUSY, waiting=30, deadline_seconds=4 * HOUR), seed="same")

    assert fresh and behind
    # thirty of four minutes by five hands: the first who comes waits for about 24 minutes
    assert behind.wait.middle > fresh.wait.middle + 600


def test_nobody_there_and_nothing_to_come() -> None:
    alone = foresight.foresee(replace(BUSY, hands=0), seed="same")
    assert alone is not None
    assert alone.in_time.middle == 0 and alone.wait.middle == BUSY.deadline_seconds
    assert foresight.foresee(replace(BUSY, arrivals=0.01), seed="same") is None


def test_the_same_is_said_of_the_same() -> None:
    assert foresight.foresee(BUSY, seed="a") == foresight.foresee(BUSY, seed="a")


def test_a_flood_does_not_take_minutes() -> None:
    flood = replace(BUSY, arrivals=5000, hands=400, waiting=2000)
    assert foresight.foresee(flood, seed="flood") is not None


def test_whoever_holds_one_past_its_deadline_is_free_when_it_moves_on() -> None:
    """One pair of hands, and work that is twice as long as any deadline on average."""
    slow = replace(
        BUSY, arrivals=30, hands=1, handling_seconds=240, spread=1, deadline_seconds=120,
        lead_seconds=2 * HOUR,
    )  # fmt: skip
    said = foresight.foresee(slow, seed="held")

    # a long day of it, one after the other: each is there until it is done or has moved on
    chance, came, free_at, in_time = random.Random(1), 0.0, 0.0, 0
    for _ in range(20_000):
        came += chance.expovariate(30 / HOUR)
        ends = max(came, free_at) + chance.expovariate(1 / 240)
        free_at = min(ends, came + 120)
        in_time += ends <= came + 120
    assert said is not None
    assert said.in_time.middle == pytest.approx(in_time / 20_000, abs=0.02)
