"""How much later an alarm is told because it has to be of five people, against teams drawn."""

import random
from collections import Counter

import pytest

from oversight.blind_tests import telling
from oversight.statistics import power, waiting_for_five
from oversight.statistics.power import Power, Team
from reviews import lots


def test_fewer_than_five_are_never_told() -> None:
    assert waiting_for_five.between_looks(4) == () and waiting_for_five.mean(4) is None
    found = power.reckon(Team(people=4))
    assert found.told is None and found.told_nine is None


@pytest.mark.parametrize("people", [5, 6, 12, 60])
def test_from_one_look_to_the_next_as_lots_are_looked_at(people: int) -> None:
    chance, found = random.Random(people), Counter[int]()
    chart = power.reckon(Team()).chart
    for _ in range(400):
        lot, tests = lots.empty(), 0
        while telling.look(lot, chart) is None:
            lot = lots.add(lot, person=chance.randrange(people), kind="x", caught=True)
            tests += 1
        found[tests] += 1
    told = waiting_for_five.between_looks(people)
    assert sum(told) == pytest.approx(1, abs=1e-4)
    mean = sum(tests * part for tests, part in enumerate(told))
    assert sum(tests * many for tests, many in found.items()) / 400 == pytest.approx(mean, rel=0.08)
    if people == 5:
        # all of them have to have met one, which takes 11.42 on average, and then none most of it
        assert mean == pytest.approx(12.15, abs=0.01)
    if people == 60:
        # nobody a second time, as good as
        assert told[5] == pytest.approx((59 * 58 * 57 * 56) / 60**4)


def told_after(found: Power, chance: random.Random) -> float:
    """Let a team that no longer catches much go on until it is told; return working days."""
    team, score, tests = found.team, 0.0, 0
    met, alarmed, fallen = Counter[int](), False, 0
    # the fall comes some time after looks have begun
    falls_at = 40 + chance.randrange(30)
    while True:
        tests += 1
        met[chance.randrange(team.people)] += 1
        if tests > falls_at:
            fallen += 1
            missed = chance.random() >= team.after
            score = found.chart.step(score, missed=missed)
            alarmed = alarmed or found.chart.alarms(score)
        if len(met) >= 5 and max(met.values()) <= 0.4 * met.total():
            if alarmed:
                return fallen / found.tests + chance.random()
            met.clear()


@pytest.mark.parametrize(("people", "rate", "after"), [(6, 0.02, 0.5), (12, 0.05, 0.3)])
def test_delays_until_it_is_told_agree_with_those_said(
    people: int, rate: float, after: float
) -> None:
    found = power.reckon(Team(people=people, rate=rate, after=after))
    chance = random.Random(8)
    delays = sorted(told_after(found, chance) for _ in range(1500))
    assert sum(delays) / 1500 == pytest.approx(found.told, rel=0.1)
    assert delays[1350] == pytest.approx(found.told_nine, rel=0.1)
    assert found.told is not None and found.told > found.mean
