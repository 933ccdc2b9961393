"""The figures of the detector: silent over ordinary traffic, awake to what is planted."""

import json
import math
import random
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoffs import anomalies, histories, robust
from handoffs.anomalies import THRESHOLDS, Sensitivity
from handoffs.histories import History, Seen
from tests.handoffs import traffic

NORMAL = THRESHOLDS[Sensitivity.NORMAL]
# months of four action types at 200 a day: what false alarms and finds are counted over
SEEDS = range(4)
DAYS, PER_DAY = 30, 200


def watch(
    seen: Iterable[Seen],
    *,
    known: dict[str, History] | None = None,
    storms: dict[Sensitivity, set[str]],
) -> None:
    """Look at proposals in their order, as the job does; note what each sensitivity alarms at.

    The highest is asked first and the others only about what it found: they find no more.
    """
    known = {} if known is None else known
    for one in seen:
        total = sum(history.total for history in known.values())
        history = known.get(one.action_type)
        if alarms(history, one, total, Sensitivity.HIGH):
            for sensitivity, keys in storms.items():
                keys |= alarms(history, one, total, sensitivity)
        histories.learn(known.setdefault(one.action_type, History()), one)


def alarms(history: History | None, one: Seen, total: int, sensitivity: Sensitivity) -> set[str]:
    limits = THRESHOLDS[sensitivity]
    return {figure.key for figure in anomalies.judge(history, one, others=total, limits=limits)}


@pytest.fixture(scope="module")
def ordinary() -> list[list[Seen]]:
    return [list(traffic.ordinary(seed, days=DAYS, per_day=PER_DAY)) for seed in SEEDS]


@pytest.mark.slow
def test_ordinary_traffic_hardly_ever_alarms(ordinary):
    """Over four months of ordinary days: storms, of about 24,000 actions.

    None at normal sensitivity: with 95 % confidence fewer than three in four months.
    """
    storms: dict[Sensitivity, set[str]] = {sensitivity: set() for sensitivity in THRESHOLDS}
    for month in ordinary:
        watch(month, storms=storms)

    assert sum(len(month) for month in ordinary) > 23_000
    assert storms[Sensitivity.LOW] == storms[Sensitivity.NORMAL] == set()
    assert len(storms[Sensitivity.HIGH]) <= 6


def test_each_sensitivity_alarms_at_least_where_the_one_below_does():
    low, normal, high = (THRESHOLDS[one] for one in Sensitivity)

    for calmer, keener in ((low, normal), (normal, high)):
        assert calmer.deviations > keener.deviations and calmer.reach > keener.reach
        assert calmer.unseen < keener.unseen and calmer.repeats > keener.repeats


def planted(month: list[Seen], chance: random.Random) -> dict[str, list[Seen]]:
    """Put each kind of anomaly into a copy of what came before; ordinary but for one thing."""
    last = {one.action_type: one for one in month}
    refund, voucher, lookup = (last[name] for name in ("issue_refund", "send_voucher", "look_up"))
    noon = max(one.at for one in month if one.at.hour == 12)
    return {
        "number": [with_arguments(refund, amount=4_900 + chance.randrange(3_000))],
        "constant": [with_arguments(lookup, limit=100)],
        "length": [with_arguments(voucher, items=["x"] * 4_000)],
        "value": [with_arguments(voucher, value={"amount": 10, "currency": "XBT"})],
        "new": [replace(refund, action_type="wire_money")],
        "repeats": [replace(lookup, digest="again", run="run_x") for _ in range(8)],
        "rate": [
            replace(refund, at=noon, digest=str(n), run=f"run_{n}", id=str(n)) for n in range(80)
        ],
    }


def with_arguments(seen: Seen, **changes: Any) -> Seen:
    return replace(seen, arguments={**seen.arguments, **changes}, digest=str(changes))


@pytest.mark.slow
def test_what_is_planted_is_found(ordinary):
    """Each kind in each of the months, found by the figure that it is for."""
    starts = {"constant": "number", "length": "number"}
    missed = []
    for seed, month in zip(SEEDS, ordinary, strict=True):
        before: dict[datetime, dict[str, History]] = {}
        for kind, anomaly in planted(month, random.Random(seed)).items():
            last, storms = anomaly[0].at, {Sensitivity.NORMAL: set[str]()}
            if last not in before:
                before[last] = learnt(one for one in month if one.at <= last)
            watch(anomaly, known=deepcopy(before[last]), storms=storms)
            keys = storms[Sensitivity.NORMAL]
            if not any(key.startswith(starts.get(kind, kind) + ":") for key in keys):
                missed.append((seed, kind, keys))

    assert missed == []


def learnt(seen: Iterable[Seen]) -> dict[str, History]:
    known: dict[str, History] = {}
    for one in seen:
        histories.learn(known.setdefault(one.action_type, History()), one)
    return known


def refunds(amounts: Iterable[float], **changes: Any) -> History:
    history = History()
    for number, amount in enumerate(amounts):
        histories.learn(history, refund(amount, number=number, **changes))
    return history


def refund(amount: float, number: int = 0, **changes: Any) -> Seen:
    at = traffic.START + timedelta(minutes=7 * number)
    seen = traffic.proposal(number, f"run_{number}", at, "issue_refund", {"amount": amount})
    return replace(seen, **changes)


def judged(history: History, seen: Seen, limits: anomalies.Thresholds = NORMAL) -> list[str]:
    return [figure.sentence for figure in anomalies.judge(history, seen, others=999, limits=limits)]


def ordinary_amounts(count: int) -> list[float]:
    chance = random.Random(1)
    return [round(chance.gauss(48, 6), 2) for _ in range(count)]


def test_the_sentence_says_which_figure_stood_out_and_against_what():
    history = refunds(ordinary_amounts(312))

    (sentence,) = judged(history, refund(4900))

    assert sentence.startswith("amount 4,900.00 is ")
    assert sentence.endswith(" of the last 312 issue_refund.")
    middle = robust.deviation(4900, history.numbers["amount"]).median
    assert f"robust deviations on a logarithmic scale above the median {middle:,.2f}" in sentence


def test_below_fifty_nothing_is_said():
    assert judged(refunds(ordinary_amounts(49)), refund(4900)) == []
    assert judged(refunds(ordinary_amounts(50)), refund(4900)) != []


def test_where_all_were_the_same_another_one_stands_out_from_a_hundred_on():
    assert judged(refunds([5] * 99), refund(6)) == []
    assert judged(refunds([5] * 100), refund(5)) == []
    assert judged(refunds([5] * 100), refund(6)) == [
        "amount is 6; in each of the last 100 issue_refund it was 5."
    ]


def test_where_most_were_the_same_those_that_differ_are_the_measure():
    """The median deviation is 0 here, and would make every other number infinitely far."""
    chance = random.Random(2)
    amounts = [0 if chance.random() < 0.8 else chance.randrange(1, 20) for _ in range(500)]
    history = refunds(amounts)

    assert [judged(history, refund(amount)) for amount in range(25)] == [[]] * 25
    assert judged(history, refund(900)) != []


def test_where_hardly_any_differ_nothing_can_be_said():
    assert judged(refunds([0] * 480 + [1] * 20), refund(50)) == []


def test_one_wild_number_before_does_not_hide_the_next():
    history = refunds([*ordinary_amounts(300), 9_000, 9_500, 8_000])

    assert judged(history, refund(9_100)) != []


@given(st.lists(st.floats(-1e9, 1e9), min_size=50, max_size=120), st.floats(-1e9, 1e9))
def test_the_measure_is_total_and_ignores_the_order(others, value):
    found = robust.deviation(value, others)
    again = robust.deviation(value, others[::-1])

    assert found == again
    assert found is None or not math.isnan(found.score)


@given(st.integers(1, 10**6), st.integers(1, 1000))
def test_the_currency_does_not_matter(value, factor):
    """Amounts in cents or in euros deviate alike."""
    others = [float(amount) for amount in ordinary_amounts(100)]

    plain = robust.deviation(value, others)
    scaled = robust.deviation(value * factor, [one * factor for one in others])

    assert scaled.score == pytest.approx(plain.score, rel=1e-6, abs=1e-6)


def test_a_value_that_never_was_stands_out_only_in_a_category():
    chance = random.Random(3)
    history = History()
    for number in range(400):
        arguments = {"currency": chance.choice(["EUR", "USD"]), "note": f"text {number}"}
        histories.learn(history, refund(1, number, arguments=arguments))

    seen = refund(1, 401, arguments={"currency": "XBT\u202e<b>", "note": "another text"})

    assert judged(history, seen) == [
        "currency is “XBT⟦U+202E⟧<b>”, which none of the last 400 issue_refund had; "
        "there were 2 different ones."
    ]


def test_a_rare_value_is_new_only_once():
    history = History()
    for number in range(400):
        histories.learn(history, refund(1, number, arguments={"currency": "EUR"}))
    rare = refund(1, 401, arguments={"currency": "CHF"})
    assert judged(history, rare)
    histories.learn(history, rare)

    assert judged(history, rare) == []


def test_repeats_are_measured_against_what_is_usual_here():
    """An agent that polls ten times in a run is ordinary where all do."""
    history, at = History(), traffic.START
    for number in range(80 * 10):
        run = f"run_{number // 10}"
        at += timedelta(seconds=60)
        histories.learn(history, refund(1, number, run=run, digest="same", at=at))

    def repeated(times: int) -> list[str]:
        kept = histories.from_json(json.loads(json.dumps(history.to_json())))
        later = at + timedelta(hours=1)
        said: list[str] = []
        for number in range(times):
            seen = refund(1, number, run="run_x", digest="same", at=later)
            said = judged(kept, seen)
            histories.learn(kept, seen)
        return said

    assert repeated(12) == []
    assert "with the same arguments 24 times in ten minutes" in repeated(24)[0]


def test_the_first_of_its_kind_stands_out_once_there_is_something_to_be_new_in():
    seen = refund(1)

    assert anomalies.judge(None, seen, others=99, limits=NORMAL) == []
    (figure,) = anomalies.judge(None, seen, others=1240, limits=NORMAL)
    assert figure.sentence == (
        "This is the first issue_refund that an agent did by itself; the 1,240 actions before it "
        "were of other types."
    )


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text(max_size=80),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
        max_size=60,
    )
)
def test_whatever_an_agent_sends_the_history_stays_small_and_can_be_kept(arguments):
    history = refunds(ordinary_amounts(120))
    for number in range(20):
        seen = refund(0, number, arguments={**arguments, f"key {number}": number})
        anomalies.judge(history, seen, others=500, limits=THRESHOLDS[Sensitivity.HIGH])
        histories.learn(history, seen)

    text = json.dumps(history.to_json(), allow_nan=False)
    assert "\\u0000" not in text
    assert len(history.numbers) <= histories.MOST_PATHS
    assert len(history.values) <= histories.MOST_PATHS
    assert histories.from_json(json.loads(text)) == history


def test_the_history_forgets():
    history = History()
    for number in range(6000):
        at = traffic.START + timedelta(minutes=10 * number)
        histories.learn(history, refund(number, number, at=at, arguments={"n": number, "s": "x"}))

    kept = history.to_json()
    assert len(kept["numbers"]["n"]) == len(kept["recent"]["s"]) == histories.LAST
    assert len(kept["hours"]) <= histories.DAYS * 24 + 1
    assert len(kept["ended"]) <= histories.LAST
    assert len(json.dumps(kept)) < 60_000
