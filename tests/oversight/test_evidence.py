"""The bet that may be looked at every day, and the test that lets a workflow start again."""

import math
import random

import pytest

from oversight.blind_tests import telling
from oversight.statistics import cells, evidence
from oversight.statistics.acceptance import Plan, Verdict
from oversight.statistics.evidence import Bet


def mean(found: list[float]) -> float:
    return sum(tests * chance for tests, chance in enumerate(found))


def test_who_looks_every_day_is_seldom_misled() -> None:
    found = sum(Bet().crossings(0.10, tests=400))
    # 4,000 drawings gave 4.0 %: twice their error is 0.6
    assert found == pytest.approx(0.040, abs=0.006) and found <= 0.05
    assert sum(Bet().crossings(0.05, tests=400)) < 0.001


@pytest.mark.parametrize(("miss", "known"), [(0.30, 23.7), (0.50, 9.8)])
def test_how_soon_it_is_proof(miss: float, known: float) -> None:
    found = Bet().crossings(miss, tests=400)
    assert sum(found) == pytest.approx(1, abs=1e-4)
    assert mean(found) == pytest.approx(known, rel=0.02)


def test_the_evidence_is_fair_as_long_as_misses_are_as_usual() -> None:
    bet = Bet()
    assert 0.1 * bet.step(1, missed=True) + 0.9 * bet.step(1, missed=False) == pytest.approx(1)
    assert not bet.is_proof(19.9) and bet.is_proof(20)


def test_the_example_of_the_nist_handbook() -> None:
    plan = Plan(good=0.01, bad=0.10)
    accepts, refuses, slope = plan.lines
    assert accepts == pytest.approx(0.939, abs=0.0006)
    assert refuses == pytest.approx(1.205, abs=0.0006)
    assert slope == pytest.approx(0.0397, abs=0.00006)
    # k, in the handbook's units
    assert (plan.up + plan.down) / 2.302585 == pytest.approx(1.0414, abs=0.00006)


def test_how_many_tests_it_takes_to_start_again() -> None:
    plan = Plan(good=0.10, bad=0.30)
    assert (plan.upper, plan.lower) == pytest.approx((2.8904, -2.2513), abs=0.00006)
    assert plan.tests_if_good == pytest.approx(17.1, abs=0.06)
    assert plan.tests_if_bad == pytest.approx(15.5, abs=0.06)
    plan = Plan(good=0.20, bad=0.50)
    assert plan.tests_if_good == pytest.approx(10.3, abs=0.06)
    assert plan.tests_if_bad == pytest.approx(10.6, abs=0.06)


def drawn(plan: Plan, miss: float, rounds: int) -> tuple[float, float]:
    """Return how often it was refused, and the mean number of tests."""
    draw, refused, met = random.Random(7), 0, 0
    for _ in range(rounds):
        misses = tests = 0
        while (found := plan.verdict(misses, tests)) is Verdict.GO_ON:
            misses += draw.random() < miss
            tests += 1
        refused += found is Verdict.REFUSED
        met += tests
    return refused / rounds, met / rounds


@pytest.mark.parametrize(("good", "bad"), [(0.10, 0.30), (0.20, 0.50)])
def test_it_is_mistaken_no_oftener_than_it_says(good: float, bad: float) -> None:
    plan = Plan(good=good, bad=bad)
    refused_though_good, met = drawn(plan, good, 4000)
    assert refused_though_good <= plan.refused_though_good
    # Wald leaves out by how much the last test overshoots: it takes a little longer
    assert plan.tests_if_good * 0.98 < met < plan.tests_if_good * 1.35
    refused, met = drawn(plan, bad, 4000)
    # within three errors of 4,000 drawings
    assert 1 - refused <= plan.accepted_though_bad + 0.014
    assert plan.tests_if_bad * 0.98 < met < plan.tests_if_bad * 1.35


@pytest.mark.parametrize("miss", [0.10, 0.30])
def test_drawn_evidence_crosses_as_often_as_is_summed(miss: float) -> None:
    draw, bet = random.Random(2), Bet()
    crossed = 0
    for _ in range(2000):
        evidence = 1.0
        for _ in range(60):
            evidence = bet.step(evidence, missed=draw.random() < miss)
            if bet.is_proof(evidence):
                crossed += 1
                break
    known = sum(bet.crossings(miss, tests=60))
    assert crossed / 2000 == pytest.approx(known, abs=3 * (known * (1 - known) / 2000) ** 0.5)


def test_the_verdict() -> None:
    plan = Plan(good=0.10, bad=0.30)
    found = [plan.verdict(misses, tests) for misses, tests in ((0, 8), (0, 9), (2, 5), (3, 3))]
    assert found == [Verdict.GO_ON, Verdict.ACCEPTED, Verdict.GO_ON, Verdict.REFUSED]


def _told_or_emptied(miss: float, a_week: int, bet: Bet) -> tuple[float, float]:
    """Let a lot fill up week by week; return what its evidence is worth, and how likely it is told.

    Exactly: by how many misses there are at the end of each week, until it is told or emptied.
    """
    live, worth, told = {0: 1.0}, 0.0, 0.0
    for week in range(1, telling.KEPT_WEEKS + 1):
        tests, after = week * a_week, dict[int, float]()
        for before, chance in live.items():
            for more in range(a_week + 1):
                part = chance * math.comb(a_week, more) * miss**more * (1 - miss) ** (a_week - more)
                misses = before + more
                if tests >= cells.TESTS and 0 < misses < tests:
                    worth += part * bet.of_lot(misses, tests)
                    told += part
                else:
                    after[misses] = after.get(misses, 0.0) + part
        live = after
    # of one that is emptied nothing is known: it counts as if there had been none
    return worth + sum(live.values()), told


@pytest.mark.parametrize("a_week", [2, 3, 5, 8, 25])
@pytest.mark.parametrize("miss", [0.01, 0.03, 0.05, 0.08, 0.10])
def test_lots_that_are_not_told_make_it_no_easier_to_claim(miss: float, a_week: int) -> None:
    worth, told = _told_or_emptied(miss, a_week, Bet())
    assert worth <= 1 + 1e-9
    assert told > 0.15 or miss < 0.05


def test_they_would_if_it_was_not_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bet, "_gained", lambda self, tests: 1.0)
    worth, _ = _told_or_emptied(0.10, 2, Bet())
    assert worth > 1.05


def test_what_is_proven_to_be_caught_at_least_is_seldom_more_than_is_caught() -> None:
    chance, wrong = random.Random(11), 0
    for _ in range(200):
        lots = [(sum(chance.random() < 0.8 for _ in range(24)), 24) for _ in range(12)]
        told = [one for one in lots if 0 < one[0] < one[1]]
        # all looks count: whoever looks after each lot claims the most they ever saw
        wrong += any(evidence.at_least(told[:upto]) > 0.8 for upto in range(1, len(told) + 1))
    assert wrong <= 0.08 * 200


def test_a_year_of_catching_is_proof_of_something_and_nothing_is_of_nothing() -> None:
    assert evidence.at_least([]) == 0
    # years of it are no number too large to reckon with
    assert evidence.at_least([(299, 300)] * 500) > 0.98
    assert evidence.course(Bet(), [(299, 300)] * 500).proven_by == 0
    assert evidence.at_least([(22, 24)] * 12) == pytest.approx(0.84, abs=0.03)
    assert evidence.at_least([(12, 24)] * 12) == pytest.approx(0.40, abs=0.04)
    # it was proof, and is not any more: it is claimed of all of them, and of their average
    good, bad = [(22, 24)] * 6, [(6, 24)] * 6
    assert evidence.at_least(good + bad) < 28 / 48 < evidence.at_least(good)


def test_when_it_became_proof() -> None:
    found = evidence.course(Bet(), [(2, 22), (9, 24), (10, 25), (3, 20)])
    assert found.proven_by == 1 or found.proven_by == 2
    # the last lot was good: evidence fell, and the most it ever was is what counts
    assert found.most >= 20 and found.now < found.most and evidence.course(Bet(), []).most == 1
