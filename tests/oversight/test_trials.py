"""Recorded trials of people, measured by the product's own code, from the command line."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from oversight import trials

DOTS = Path(__file__).parent / "data" / "dots.jsonl"


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
