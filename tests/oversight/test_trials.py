"""Recorded trials of people, measured by the product's own code, from the command line."""

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oversight.statistics import trials

DATA = Path(__file__).parent / "data"
DOTS = DATA / "dots.jsonl"


def line(**changes: object) -> str:
    usual = {"before_correct": True, "ai_correct": False, "after_correct": True, "followed": False}
    return json.dumps({**usual, **changes})


def test_real_people_are_led_both_ways() -> None:
    with DOTS.open() as lines:
        found = trials.measure(lines)

    counted = found.switches
    assert (found.trials, found.people) == (560, 14)
    # counted by hand from the file
    assert (counted.helpful.count, counted.helpful.of) == (26, 96)
    assert (counted.harmful.count, counted.harmful.of) == (25, 155)
    assert (counted.caught.count, counted.caught.of) == (130, 201)
    assert (counted.challenged_right.count, counted.challenged_right.of) == (73, 359)
    assert counted.expected_override == pytest.approx(counted.overridden.share)
    # wrong advice is caught more often than right advice is challenged, and some is not
    low, high = found.detection.interval()
    assert 0.9 < low < found.detection.sensitivity.d_prime < high < 1.5
    # people differ: the interval over people holds the share and is wider than Wilson's
    assert found.caught_by_person is not None
    assert found.caught_by_person[0] < counted.caught.share < found.caught_by_person[1]
    assert found.before_quantiles is not None and found.before is not None
    assert found.before_quantiles[1] == pytest.approx(1.4, abs=0.1)
    assert found.before.share < 0.01


def lines_of(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open() as lines:
        return [json.loads(one) for one in lines]


@pytest.mark.parametrize("name", ["advice.jsonl", "cards.jsonl", "dots.jsonl"])
def test_switches_of_three_studies_equal_counting_them_one_by_one(name: str) -> None:
    """Written out anew, as plainly as can be, over what three groups of people really did."""
    known = [one for one in lines_of(name) if not one.get("attention_check")]
    with (DATA / name).open() as lines:
        found = trials.measure(lines)
    pairs = {
        "helpful": [
            one["after_correct"] for one in known
            if one["before_correct"] is False and one["ai_correct"] is True
        ],
        "harmful": [
            None if one["after_correct"] is None else not one["after_correct"] for one in known
            if one["before_correct"] is True and one["ai_correct"] is False
        ],
        "agreed_with_wrong": [one["followed"] for one in known if one["ai_correct"] is False],
        "right_before": [one["before_correct"] for one in known],
        "right_after": [one["after_correct"] for one in known],
    }  # fmt: skip
    for figure, said in pairs.items():
        share = getattr(found.switches, figure)
        told = [one for one in said if one is not None]
        assert (share.count, share.of) == (told.count(True), len(told)), figure
    assert found.trials == len(known)
    assert found.switches.expected_override == pytest.approx(found.switches.overridden.share)
    # people took good advice and bad; they told the two apart, and not well
    assert 0.2 < found.switches.helpful.share < 0.7
    assert 0.1 < found.switches.harmful.share < 0.5
    assert 0.3 < found.detection.sensitivity.d_prime < 1.6


def test_advice_of_a_language_model_as_its_study_reports_it() -> None:
    """Ties broken by lot, and the weight on advice: the study's own figures, on 30 of its people.

    It gives 42.1 % right before, 57.0 % after, 63.9 % of the advice, and a weight of 0.337, of 118.
    """
    with (DATA / "advice.jsonl").open() as lines:
        found = trials.measure(lines)
    assert found.by_lot == pytest.approx((0.43588, 0.58634), abs=0.00001)
    assert found.weight_on_advice == pytest.approx(0.29037, abs=0.00001)
    # within what 30 people of 12 trials each may be off
    for share, published in zip(found.by_lot or (), (0.421, 0.570), strict=True):
        assert share == pytest.approx(published, abs=2 * math.sqrt(0.25 / 360))
    assert found.before_quantiles is not None and found.before is not None
    assert found.before_quantiles[1] == pytest.approx(22.5, rel=0.15)
    # its page closed after 90 s: the few who worked up to that make nobody else rapid
    assert found.before.mixture is None and found.before.share < 0.01


def test_ties_are_broken_by_lot_and_an_answer_is_one() -> None:
    told = {"before_p": [0.4, 0.4, 0.1, 0.1], "after_p": [0.1, 0.7, 0.1, 0.1], "truth": "B"}
    found = trials.measure([line(**told, weight_on_advice=0.5), line()])
    assert found.by_lot == (0.5, 1.0) and found.weight_on_advice == 0.5
    found = trials.measure([line()])
    assert found.by_lot is None and found.weight_on_advice is None


def test_attention_checks_are_left_out_of_the_cards() -> None:
    with (DATA / "cards.jsonl").open() as lines:
        found = trials.measure(lines)
    assert (found.trials, found.people, found.left_out) == (720, 30, 90)
    assert (found.switches.caught.count, found.switches.caught.of) == (85, 190)


def test_what_has_no_single_answer_counts_nowhere() -> None:
    found = trials.measure(
        [
            line(),
            line(before_correct=None, followed=True),
            line(ai_correct=None, followed=None),
            line(after_correct=None),
            line(attention_check=True, followed=True),
        ]
    )
    counted = found.switches
    assert found.trials == 4 and found.left_out == 1
    assert (counted.resisted.count, counted.resisted.of) == (1, 1)
    assert (counted.caught.count, counted.caught.of) == (2, 3)
    assert counted.overridden.of == 3 and counted.right_before.of == 3


def test_the_command_says_all_of_it() -> None:
    out = io.StringIO()
    call_command("measure_trials", str(DOTS), stdout=out)
    said = out.getvalue().replace("\xa0", " ")
    assert "wrong advice caught: 65 % (130 of 201; 95 %: 58 % to 71 %)" in said
    assert "d′ and criterion: 1.20" in said and "seconds before advice" in said


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("measure_trials", str(tmp_path / "none.jsonl"))
    (tmp_path / "bad.jsonl").write_text('{"truth": 1}\n')
    with pytest.raises(CommandError, match="no trials that can be read"):
        call_command("measure_trials", str(tmp_path / "bad.jsonl"))
