"""d′ and criterion against published examples; what advice did to those who judged first."""

import random
from collections.abc import Sequence

import pytest

from governance.estimates import wilson
from oversight.statistics import detection, switches
from oversight.statistics.detection import Detection
from oversight.statistics.switches import Trial


def near(found: float, known: float, places: int) -> None:
    assert found == pytest.approx(known, abs=0.6 * 10**-places), (found, known)


def test_statpsychs_signal() -> None:
    found = Detection(hits=82, signals=100, false_alarms=46, noises=100)

    near(found.hit_rate, 0.8168317, 7)
    near(found.false_rate, 0.460396, 6)
    near(found.sensitivity.d_prime, 1.002793, 6)
    near(found.sensitivity.criterion, -0.4019603, 7)
    near(found.error, 0.19242, 5)
    assert found.interval() == pytest.approx((0.626, 1.380), abs=0.0006)


def test_raw_rates() -> None:
    found = detection.of_rates(0.7, 0.4)
    near(found.d_prime, 0.78, 2)
    near(found.beta, 0.90, 2)
    found = detection.of_rates(0.7, 0.1)
    near(found.d_prime, 1.806, 3)
    near(found.beta, 1.981, 3)
    found = detection.of_rates(40 / 50, 5 / 50)
    near(found.d_prime, 2.12317, 5)
    near(found.criterion, 0.21997, 5)


def test_rates_of_all_and_of_few() -> None:
    found = Detection(hits=40, signals=50, false_alarms=5, noises=50)
    near(found.sensitivity.d_prime, 2.05887, 5)
    near(found.sensitivity.criterion, 0.20864, 5)
    found = Detection(hits=30, signals=30, false_alarms=3, noises=100)
    near(found.sensitivity.d_prime, 3.95761, 5)
    near(found.sensitivity.criterion, -0.16239, 5)
    near(found.error, 0.61853, 5)


def test_little_is_not_enough() -> None:
    def enough(signals: int, noises: int) -> bool:
        return Detection(hits=1, signals=signals, false_alarms=1, noises=noises).is_enough

    assert [enough(30, 100), enough(29, 100), enough(30, 99)] == [True, False, False]


@pytest.mark.parametrize(
    ("prevalence", "known"), [(0.01, 0.278), (0.05, 0.529), (0.10, 0.645), (0.5, 0.894)]
)
def test_what_is_rare_is_missed_by_the_best(prevalence: float, known: float) -> None:
    near(detection.best_hit_rate(2.5, prevalence), known, 3)


def test_the_interval_of_d_prime_holds_it() -> None:
    chance, held = random.Random(3), 0
    true = detection.of_rates(0.8, 0.15).d_prime
    for _ in range(1000):
        hits = sum(chance.random() < 0.8 for _ in range(60))
        false = sum(chance.random() < 0.15 for _ in range(120))
        low, high = Detection(hits=hits, signals=60, false_alarms=false, noises=120).interval()
        held += low <= true <= high
    assert held / 1000 == pytest.approx(0.955, abs=0.02)


def test_people_who_differ_make_the_interval_wider() -> None:
    people = [[1] * 20, [0] * 20] * 10

    def share(found: object) -> float:
        flat = [x for person in found for x in person]  # type: ignore[attr-defined]
        return sum(flat) / len(flat)

    low, high = detection.by_person(people, share, seed=1)
    # as wide as twenty coin throws, not as four hundred
    assert high - low == pytest.approx(0.44, abs=0.06)


def test_the_interval_over_people_holds_the_share_where_theirs_does_not() -> None:
    """Thirty people, each with a rate of their own: the interval over trials is far too sure."""
    draw, over_people, over_trials = random.Random(8), 0, 0

    def share(found: Sequence[list[bool]]) -> float:
        return sum(map(sum, found)) / sum(map(len, found))

    for number in range(300):
        people = [
            [draw.random() < rate for _ in range(20)]
            for rate in (draw.betavariate(2.4, 1.6) for _ in range(30))
        ]
        low, high = detection.by_person(people, share, seed=number, rounds=200)
        over_people += low <= 0.6 <= high
        low, high = wilson(sum(map(sum, people)), 600)
        over_trials += low <= 0.6 <= high
    assert over_people / 300 == pytest.approx(0.94, abs=0.03)
    assert over_trials / 300 < 0.70


def test_rates_that_are_never_0_or_1_keep_d_prime_finite_and_near() -> None:
    """Hautus' rule: few trials pull towards 0 a little, many do not."""
    draw, true = random.Random(9), detection.of_rates(0.9, 0.1).d_prime
    for signals, noises, off in ((30, 100, 0.2), (400, 1200, 0.03)):
        found = [
            Detection(
                hits=sum(draw.random() < 0.9 for _ in range(signals)), signals=signals,
                false_alarms=sum(draw.random() < 0.1 for _ in range(noises)), noises=noises,
            ).sensitivity.d_prime
            for _ in range(200)
        ]  # fmt: skip
        assert sum(found) / 200 == pytest.approx(true, abs=off)


def test_switches_are_told_apart() -> None:
    def trial(before: bool, advice: bool, after: bool, followed: bool) -> Trial:
        return Trial(before_right=before, advice_right=advice, after_right=after, followed=followed)

    found = switches.count(
        [
            # wrong, well advised: taken twice, once not
            *[trial(False, True, True, True)] * 2, trial(False, True, False, False),
            # right, badly advised: resisted three times, once not
            *[trial(True, False, True, False)] * 3, trial(True, False, False, True),
            # wrong, badly advised: something third, wrong as well
            trial(False, False, False, False),
            # right and well advised
            *[trial(True, True, True, True)] * 4,
        ]
    )  # fmt: skip

    assert (found.helpful.count, found.helpful.of) == (2, 3)
    assert (found.resisted.count, found.resisted.of) == (3, 4)
    assert (found.harmful.count, found.harmful.of) == (1, 4)
    assert (found.caught.count, found.caught.of) == (4, 5)
    assert (found.agreed_with_wrong.count, found.agreed_with_wrong.of) == (1, 5)
    assert (found.challenged_right.count, found.challenged_right.of) == (1, 7)
    # the override rate is made of these, exactly
    assert found.expected_override == pytest.approx(found.overridden.share)


def test_the_override_rate_hardly_moves_when_nobody_looks_any_more() -> None:
    assert switches.override(0.02, 0.9, 0.02) == pytest.approx(0.0376)
    assert switches.override(0.02, 0.5, 0.02) == pytest.approx(0.0296)
