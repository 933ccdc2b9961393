"""Counting: against counting by hand, broken off anywhere, in any order, in bounded memory."""

import json
import random
from collections import Counter

import hypothesis.strategies as st
from hypothesis import given

from governance.tally import EXAMPLES, Tally
from governance.trial import Verdict
from handoffs.states import ASKED_TIERS, Tier

VERDICTS = st.lists(
    st.tuples(
        st.builds(
            Verdict,
            id=st.text(min_size=1, max_size=8),
            line=st.none() | st.integers(1, 99),
            action_type=st.sampled_from(["refund", "cancel"]),
            then=st.none() | st.sampled_from(list(Tier)),
            now=st.sampled_from(list(Tier)),
            rules=st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(tuple),
            weight=st.integers(0, 5),
            step=st.integers(0, 4),
        ),
        st.none() | st.booleans(),
    ),
    max_size=60,
)
Counted = list[tuple[Verdict, bool | None]]


def tallied(counted: Counted) -> Tally:
    made = Tally()
    for verdict, wrong in counted:
        made.add(verdict, wrong)
    return made


@given(VERDICTS)
def test_the_counts_are_those_of_counting_by_hand(counted: Counted) -> None:
    made = tallied(counted)

    verdicts = [verdict for verdict, _ in counted]
    assert made.count == len(verdicts)
    assert made.tiers == Counter(f"{v.then or ''}>{v.now}" for v in verdicts)
    assert made.rules == Counter(rule for v in verdicts for rule in v.rules)
    for name, one in made.types.items():
        own = [v for v in verdicts if v.action_type == name]
        both = [v for v in own if v.then is not None]
        assert one.asked_now == sum(v.now in ASKED_TIERS for v in own)
        assert one.newly_asked == sum(
            v.now in ASKED_TIERS and v.then not in ASKED_TIERS for v in both
        )
        assert one.no_longer_asked == sum(
            v.then in ASKED_TIERS and v.now not in ASKED_TIERS for v in both
        )
        changed = sum(v.then is not v.now for v in both)
        kinds = one.newly_asked + one.no_longer_asked + one.raised + one.lowered
        assert kinds == changed
        wrongs = [v for v, wrong in counted if wrong and v.action_type == name]
        assert (one.wrong, one.wrong_passed) == (
            len(wrongs),
            sum(v.now not in ASKED_TIERS for v in wrongs),
        )


@given(VERDICTS, st.integers(0, 60))
def test_broken_off_anywhere_and_gone_on_it_counts_the_same(counted: Counted, at: int) -> None:
    stored = json.dumps(tallied(counted[:at]).to_json())

    made = Tally.from_json(json.loads(stored))
    for verdict, wrong in counted[at:]:
        made.add(verdict, wrong)

    assert made.to_json() == tallied(counted).to_json()


@given(VERDICTS, st.randoms(use_true_random=False))
def test_examples_do_not_depend_on_the_order(counted: Counted, chance: random.Random) -> None:
    shuffled = list(counted)
    chance.shuffle(shuffled)

    # two of one id may differ in what they were
    def ids(made: Tally) -> object:
        return {
            (kind, name): sorted((one[0], one[1]) for one in kept)
            for kind, by_type in made.examples.items()
            for name, kept in by_type.items()
        }

    assert ids(tallied(counted)) == ids(tallied(shuffled))


def test_what_is_kept_does_not_grow_with_what_is_counted() -> None:
    made, sizes = Tally(), []
    for number in range(20_000):
        made.add(
            Verdict(
                id=f"prop-{number}",
                line=number,
                action_type=f"type-{number % 5}",
                then=Tier.AUTONOMOUS,
                now=Tier.HARD_STOP,
                rules=("a", "b"),
                weight=number % 7,
                step=number % 3,
            ),
            number % 2 == 0,
        )
        made.add_unread(number, "not JSON")
        made.add_unknown_type(f"unknown-{number}")
        if number in (1_000, 19_999):
            sizes.append(len(json.dumps(made.to_json())))

    assert sizes[1] < 1.1 * sizes[0]
    kept = made.examples["newly_asked"]
    assert all(len(one) == EXAMPLES for one in kept.values())
    assert made.seen == 60_000


def test_a_hostile_id_is_cut() -> None:
    made = Tally()
    made.add(
        Verdict(
            id="x" * 10_000,
            line=1,
            action_type="refund",
            then=Tier.AUTONOMOUS,
            now=Tier.HARD_STOP,
            rules=(),
            weight=0,
            step=0,
        ),
        None,
    )

    assert len(made.examples["newly_asked"]["refund"][0][1]) == 120
