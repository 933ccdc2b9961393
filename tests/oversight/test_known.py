"""What audits said later, counted: what was caught, and what the recommendation did to people."""

import pytest

from governance.estimates import Share
from oversight.statistics import known, switches
from oversight.statistics.known import AGAINST, NOTHING, RIGHT, WITH, WRONG
from oversight.statistics.switches import Trial

KNOWN = {
    # well advised: put right, stayed wrong, stayed right, talked out of nothing
    known.name(RIGHT, AGAINST, WITH): 7,
    known.name(RIGHT, AGAINST, AGAINST): 3,
    known.name(RIGHT, WITH, WITH): 50,
    known.name(RIGHT, WITH, AGAINST): 2,
    # badly advised: talked out of being right, resisted, never saw it, saw it late
    known.name(WRONG, AGAINST, WITH): 4,
    known.name(WRONG, AGAINST, AGAINST): 12,
    known.name(WRONG, WITH, WITH): 5,
    known.name(WRONG, WITH, AGAINST): 1,
    # nothing was withheld
    known.name(RIGHT, NOTHING, AGAINST): 6,
    known.name(WRONG, NOTHING, AGAINST): 8,
}


def test_helpful_and_harmful_switches_by_hand() -> None:
    found = known.count(KNOWN)
    assert found.helpful == Share(7, 10)
    assert found.harmful == Share(4, 16) and found.resisted == Share(12, 16)
    assert found.caught == Share(21, 30)
    assert found.challenged_right == Share(11, 68)
    assert found.overridden == Share(32, 98)


def test_counts_are_the_same_as_trials_one_by_one() -> None:
    trials = [
        Trial(before_right=True, advice_right=False, after_right=False, followed=True),
        Trial(before_right=None, advice_right=False, after_right=True, followed=False),
        Trial(before_right=False, advice_right=None, after_right=None, followed=None),
    ]  # fmt: skip
    many = [one for one in trials for _ in range(5)]
    assert switches.count(many) == switches.weigh({one: 5 for one in trials})


def test_of_nothing_nothing_is_known() -> None:
    found = known.count({})
    assert found.helpful.of == found.harmful.of == found.caught.of == 0


def test_d_prime_takes_tests_for_wrong_ones_and_audits_for_right_ones() -> None:
    found = known.detection(40, 50, KNOWN)
    assert (found.false_alarms, found.noises) == (11, 68) and not found.is_enough
    enough = known.detection(40, 50, {known.name(RIGHT, NOTHING, WITH): 45,
                                      known.name(RIGHT, NOTHING, AGAINST): 5})  # fmt: skip
    # 40/50 and 5/50 by Hautus' rule
    assert enough.sensitivity.d_prime == pytest.approx(2.05887, abs=1e-5)
    assert enough.sensitivity.criterion == pytest.approx(0.20864, abs=1e-5)
