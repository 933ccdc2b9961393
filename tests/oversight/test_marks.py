"""When something is an alarm: two marks, held for a while, and never the override rate alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.estimates import Share
from oversight.statistics import marks
from oversight.statistics.marks import Marks, Measure, Reading, Standing

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOO_MUCH = Marks(raise_at=60, clear_at=30, hold=timedelta(minutes=10))
TOO_LITTLE = Marks(raise_at=0.01, clear_at=0.02, hold=timedelta())


def run(these: Marks, values: list[float | None]) -> list[bool]:
    """Return how it stood after each minute."""
    standing, stood = Standing(), []
    for minute, value in enumerate(values):
        reading = None if value is None else marks.exactly(value)
        standing = marks.judge(these, reading, standing, now=NOW + minute * MINUTE)
        stood.append(standing.raised)
    return stood


def test_it_is_raised_once_it_held_and_not_before() -> None:
    assert run(TOO_MUCH, [61.0] * 12) == [False] * 10 + [True] * 2


def test_a_moment_below_the_mark_begins_the_wait_anew() -> None:
    assert not any(run(TOO_MUCH, [61.0] * 9 + [59.0] + [61.0] * 10))


def test_between_the_marks_it_stays_as_it_was() -> None:
    assert not any(run(TOO_MUCH, [45.0] * 40))
    assert all(run(TOO_MUCH, [61.0] * 11 + [45.0] * 40)[10:])


def test_it_is_over_once_it_was_back_at_the_other_mark_for_as_long() -> None:
    stood = run(TOO_MUCH, [61.0] * 11 + [30.0] * 12)
    assert stood[10:21] == [True] * 11 and stood[21:] == [False] * 2


def test_where_there_is_nothing_to_tell_it_stays_as_it_was() -> None:
    assert not any(run(TOO_MUCH, [None] * 30))
    assert all(run(TOO_MUCH, [61.0] * 11 + [None] * 30)[10:])
    # and what was about to turn does not turn in the dark
    assert not any(run(TOO_MUCH, [61.0] * 9 + [None] * 5 + [61.0] * 9))


def test_too_little_raises_as_too_much_does() -> None:
    assert run(TOO_LITTLE, [0.015, 0.01, 0.015, 0.019, 0.02, 0.015]) == [
        False, True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "of", "raised"),
    [(5, 20, False), (25, 100, True), (19, 100, False), (200, 1000, True), (0, 0, False)],
)
def test_a_share_of_few_raises_nothing(count: int, of: int, raised: bool) -> None:
    usual = marks.USUAL[Measure.ESCALATION_HIGH]
    held = Standing(turning_since=NOW - usual.hold)
    reading = marks.of_share(Share(count, of))
    assert marks.judge(usual, reading, held, now=NOW).raised is raised


@pytest.mark.parametrize(("count", "of", "raised"), [(0, 20, False), (0, 400, True)])
def test_none_of_few_is_not_too_little(count: int, of: int, raised: bool) -> None:
    reading = marks.of_share(Share(count, of))
    assert marks.judge(TOO_LITTLE, reading, Standing(), now=NOW).raised is raised


def test_nothing_corrected_is_no_alarm_while_people_take_their_time() -> None:
    usual = marks.USUAL[Measure.QUICK_AGREEMENT]
    never = Share(0, 5000)
    slow = marks.quick_agreement(Share(0, 5000), never)
    quick = marks.quick_agreement(Share(400, 5000), never)
    assert not marks.judge(usual, slow, Standing(), now=NOW).raised
    assert marks.judge(usual, quick, Standing(), now=NOW).raised


def test_quick_is_no_alarm_yet_while_things_are_corrected() -> None:
    usual = marks.USUAL[Measure.QUICK_AGREEMENT]
    corrected = marks.quick_agreement(Share(400, 5000), Share(150, 5000))
    assert not marks.judge(usual, corrected, Standing(), now=NOW).raised
    # and one that was raised is over when people begin to correct
    assert not marks.judge(usual, corrected, Standing(raised=True), now=NOW).raised


def test_there_is_no_measure_of_the_override_rate_alone() -> None:
    assert not any("overrid" in measure.value for measure in Measure)
    for overridden in range(0, 5000, 50):
        reading = marks.quick_agreement(Share(0, 5000), Share(overridden, 5000))
        usual = marks.USUAL[Measure.QUICK_AGREEMENT]
        assert not marks.judge(usual, reading, Standing(), now=NOW).raised


def test_every_measure_is_of_one_thing_and_has_usual_marks() -> None:
    scopes = (*marks.OF_WORKFLOWS, *marks.OF_QUEUES, *marks.OF_ALL)
    assert sorted(scopes) == sorted(Measure) == sorted(marks.USUAL)
    assert all(usual.raise_at != usual.clear_at for usual in marks.USUAL.values())


readings = st.one_of(st.none(), st.floats(0, 100).map(marks.exactly))


@given(st.lists(readings, max_size=60), st.integers(0, 5), st.booleans())
def test_it_turns_only_past_a_mark_that_held(
    found: list[Reading | None], hold: int, above: bool
) -> None:
    ends = (60.0, 30.0) if above else (30.0, 60.0)
    these = Marks(raise_at=ends[0], clear_at=ends[1], hold=hold * MINUTE)
    standing = Standing()
    for minute, reading in enumerate(found):
        after = marks.judge(these, reading, standing, now=NOW + minute * MINUTE)
        if after.raised is not standing.raised:
            mark = ends[0] if after.raised else ends[1]
            over = after.raised is above
            lately = found[minute - hold : minute + 1]
            assert len(lately) == hold + 1
            for one in lately:
                assert one is not None
                assert one.value >= mark if over else one.value <= mark
        standing = after
