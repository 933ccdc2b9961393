"""The rule of docs/sharing.md in a simulated queue: what waits how long, with turns and without."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import mean
from typing import Any

import ciw
import pytest

from reviews import sharing
from reviews.sharing import Waiting

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
# minutes from arrival to deadline: the bulk is always due first
DUE = {"Class 0": 60, "Class 1": 240}
WORKFLOW = {"Class 0": 1, "Class 1": 2}
LENGTH = 600


class Desk:
    """One queue as ciw asks for it: which of those waiting is served next."""

    def __init__(self, rule: Callable[..., Any]) -> None:
        self.rule, self.number, self.after = rule, 0, None
        # how many takes in a row passed the rare workflow by while it waited
        self.passed, self.longest = 0, 0

    def choose(self, individuals: list[Any], _time: float) -> Any:
        self.number += 1
        line = {str(one.id_number): one for one in individuals}
        waiting = [
            Waiting(
                id=name,
                queue=1,
                workflow=WORKFLOW[one.customer_class],
                urgent=False,
                due=NOON + timedelta(minutes=one.arrival_date + DUE[one.customer_class]),
                tier="hard_approval",
            )
            for name, one in line.items()
        ]
        found, by_turn = self.rule(waiting, number=self.number, after=self.after)
        self.after = found.workflow if by_turn else self.after
        if any(one.workflow == 2 for one in waiting):
            self.passed = 0 if found.workflow == 2 else self.passed + 1
            self.longest = max(self.longest, self.passed)
        return line[found.id]


def by_deadline(waiting: list[Waiting], **_: Any) -> tuple[Waiting, bool]:
    return min(waiting, key=lambda one: one.place), False


def simulate(rule: Callable[..., Any], seed: int = 7) -> tuple[Desk, dict[str, float]]:
    """Ten hours of one person at a queue that gets a third more than they can do."""
    desk = Desk(rule)
    ciw.seed(seed)
    network = ciw.create_network(
        arrival_distributions={
            "Class 0": [ciw.dists.Exponential(1.25)],
            "Class 1": [ciw.dists.Exponential(0.08)],
        },
        service_distributions={
            "Class 0": [ciw.dists.Exponential(1.0)],
            "Class 1": [ciw.dists.Exponential(1.0)],
        },
        number_of_servers=[1],
        service_disciplines=[desk.choose],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(LENGTH)
    waits = {
        name: mean(
            record.waiting_time
            for record in simulation.get_all_records()
            if record.customer_class == name
        )
        for name in DUE
    }
    return desk, waits


def turns(waiting: list[Waiting], **place: Any) -> tuple[Waiting, bool]:
    found = sharing.next_one(waiting, **place)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_with_turns_no_workflow_is_passed_by_for_longer_than_is_promised(seed: int) -> None:
    desk, _ = simulate(turns, seed)
    assert 0 < desk.longest <= sharing.TURN * len(DUE)


def test_by_deadline_alone_the_same_bound_does_not_hold() -> None:
    desk, _ = simulate(by_deadline)
    assert desk.longest > 10 * sharing.TURN * len(DUE)


def test_the_rare_workflow_waits_a_fraction_and_the_bulk_hardly_longer() -> None:
    _, fair = simulate(turns)
    _, unfair = simulate(by_deadline)
    assert fair["Class 1"] < unfair["Class 1"] / 4
    assert fair["Class 0"] < unfair["Class 0"] * 1.3
