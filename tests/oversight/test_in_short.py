"""The three answers that are read in a minute: when they are red, and when nobody can know."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from governance.estimates import Share
from oversight.counted import subjects, tested
from oversight.counted.summary import Summary
from oversight.counted.totals import Figures
from oversight.pages import in_short

NOTHING = tested.of(tested.Lots(told=(), everywhere=(), is_on=True), earlier=date(2026, 1, 5),
                    starts=date(2026, 6, 1), decided=0)  # fmt: skip
Tests = dict[str, Any]
NONE: Tests = {}


def told(approvals: int, overridden: int, ended: int = 0, in_time: int = 0) -> Figures:
    counts = Counter(came=ended, by_people=ended, in_time=in_time)
    return Figures(counts=counts, told=Counter(approvals=approvals, overridden=overridden))


def summary(now: Figures, before: Figures, tests: Tests = NONE) -> Summary:
    return Summary(
        subject=subjects.EVERYTHING, starts=date(2026, 6, 1), ends=date(2026, 8, 23),
        is_demo=False, now=now, before=before, by_week={}, parts=[],
        tested=replace(NOTHING, **tests), days=[], events=[], refused=0, refused_before=0,
    )  # fmt: skip


def tones(found: Summary) -> list[str]:
    return [one.tone for one in in_short.answers(found)]


GOOD, BAD, FEW = Share(90, 100), Share(60, 100), Share(9, 10)


@pytest.mark.parametrize(
    ("tests", "working"),
    [
        ({}, "plain"), ({"now": FEW, "before": GOOD}, "plain"),
        ({"now": BAD, "before": GOOD}, "red"),
        ({"now": GOOD, "before": GOOD, "at_least": 0.7}, "green"),
        ({"now": GOOD, "before": GOOD}, "plain"),
        ({"now": GOOD, "before": GOOD, "at_least": 0.7, "fallen_in": date(2026, 3, 2)}, "red"),
    ],
)  # fmt: skip
def test_whether_it_works_is_said_by_tests_alone(tests: Tests, working: str) -> None:
    for overridden in (0, 40, 400):
        found = summary(told(1000, overridden), told(1000, 200), tests)
        assert tones(found)[0] == working
        is_known = tests.get("now") not in (None, FEW)
        assert (in_short.answers(found)[0].figure != "Not known") is is_known


def test_an_override_rate_alone_is_no_verdict() -> None:
    many, few = told(1000, 200), told(1000, 40)
    same, fewer, more = (
        {"now": a, "before": b} for a, b in ((GOOD, GOOD), (BAD, GOOD), (GOOD, BAD))
    )
    assert tones(summary(few, many))[2] == tones(summary(many, few))[2] == "plain"
    # fewer overridden while as much is caught is a better agent; while less is caught it is not
    assert tones(summary(few, many, same))[2] == "green"
    assert tones(summary(few, many, fewer))[2] == "plain"
    # more overridden because more is caught is no worse agent
    assert tones(summary(many, few, same))[2] == "red"
    assert tones(summary(many, few, more))[2] == "plain"


@pytest.mark.parametrize(
    ("in_time", "tone"), [(9_000, "red"), (9_690, "plain"), (9_700, "plain"), (9_900, "green")]
)
def test_the_queue_is_red_only_where_it_is_worth_a_thought(in_time: int, tone: str) -> None:
    found = summary(told(0, 0, 10_000, in_time), told(0, 0, 10_000, 9_750))
    assert tones(found)[1] == tone
