"""Until when handoffs gather: a common window, a quarter of their time at most, never urgent."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from handoffs import (
    answers,
    clocks,
    deadlines,
    gathering,
    holding,
    ladder,
    moves,
    overflow,
    readings,
)
from handoffs.actors import POLICY, person_actor
from handoffs.calendars import read
from handoffs.models import Handoff, MatrixRow, Queue
from tests import walks
from tests.factories import Shop

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
HALF_HOUR, HOUR = 1800, 3600
OFFICE = read("Europe/Berlin", {"monday": ["09:00-17:00"], "thursday": ["13:00-14:00"]}, {})
moments = st.datetimes(datetime(2024, 2, 1), datetime(2031, 1, 1), timezones=st.just(UTC))


def ends(now: datetime, batch: int, deadline: int, *, urgent: int = 900, hours=None):
    due = deadlines.count(now, deadline, urgent_seconds=urgent, calendar=hours)
    window = gathering.window(batch, deadline)
    return gathering.until(now, window, due_at=due.due_at, urgent_at=due.urgent_at), due


@given(
    now=moments,
    batch=st.integers(0, 30 * 86_400),
    deadline=st.integers(1, 30 * 86_400),
    urgent=st.integers(0, 86_400),
    hours=st.sampled_from([None, OFFICE]),
)
def test_no_window_outlives_a_quarter_of_the_deadline_or_lasts_while_it_is_urgent(
    now, batch, deadline, urgent, hours
):
    until, due = ends(now, batch, deadline, urgent=urgent, hours=hours)

    if until is not None:
        assert now < until <= due.urgent_at
        assert (until - now) * 4 <= due.due_at - now
        assert until - now <= timedelta(seconds=batch)


@given(
    first=moments,
    after=st.floats(0, 1),
    batch=st.integers(1, 6 * HOUR),
    deadline=st.integers(4, 90 * 86_400),
)
def test_whatever_comes_before_a_window_ends_is_offered_when_it_ends(first, after, batch, deadline):
    until, _ = ends(first, batch, deadline, urgent=0)
    assert until is not None
    later = first + (until - first) * after

    together, _ = ends(later, batch, deadline, urgent=0)

    assert together == until or later >= until


@pytest.mark.parametrize(
    ("at", "batch", "deadline", "expected"),
    [
        (NOON, HALF_HOUR, 4 * HOUR, NOON + timedelta(minutes=30)),
        (NOON + timedelta(minutes=29), HALF_HOUR, 4 * HOUR, NOON + timedelta(minutes=30)),
        # cut to a quarter of the deadline, which is the window of its row then
        (NOON + timedelta(minutes=16), 4 * HOUR, HOUR, NOON + timedelta(minutes=30)),
        (NOON, 0, 4 * HOUR, None),
        (NOON, HALF_HOUR, 3, None),
    ],
)
def test_windows_lie_on_a_grid(at, batch, deadline, expected):
    assert ends(at, batch, deadline)[0] == expected


def test_what_is_urgent_when_it_comes_does_not_gather():
    assert (
        gathering.until(NOON, HALF_HOUR, due_at=NOON + timedelta(hours=4), urgent_at=NOON) is None
    )


@pytest.fixture
def gathers(shop: Shop) -> Shop:
    MatrixRow.objects.filter(pk=shop.row.pk).update(batch_seconds=HALF_HOUR)
    return shop


def fresh(handoff: Handoff) -> Handoff:
    return Handoff.objects.select_related("run", "queue", "workflow").get(id=handoff.id)


db = pytest.mark.django_db


@db
def test_what_is_proposed_gathers_until_the_windows_end(gathers, bot, bot_key):
    first = walks.waiting(gathers, bot, bot_key)
    second = walks.waiting(gathers, bot, bot_key)

    expected, _ = ends(first.counted_from, HALF_HOUR, first.deadline_seconds)
    assert first.gather_until == second.gather_until == expected
    assert clocks.terms_of(first).batch_seconds == HALF_HOUR


@db
def test_without_a_window_nothing_gathers(shop, bot, bot_key):
    assert walks.waiting(shop, bot, bot_key).gather_until is None


@db
def test_on_the_next_level_it_gathers_anew_within_that_levels_time(gathers, bot, bot_key):
    handoff = walks.waiting(gathers, bot, bot_key)
    Handoff.objects.filter(id=handoff.id).update(
        gather_until=None, ladder=[{**handoff.ladder[0], "seconds": HOUR}]
    )
    walks.overdue(handoff)

    ladder.fire_overdue()

    after = fresh(handoff)
    assert after.level == 2
    assert after.gather_until == ends(after.counted_from, HALF_HOUR, HOUR)[0]
    assert after.gather_until - after.counted_from <= timedelta(seconds=HOUR / 4)


@db
def test_what_is_held_asked_about_or_sent_on_gathers_no_more(gathers, bot, bot_key):
    held = walks.waiting(gathers, bot, bot_key)
    holding.hold(fresh(held), seconds=HOUR, by=POLICY, now=timezone.now())
    asked = walks.waiting(gathers, bot, bot_key)
    clerk = person_actor(1, "clerk")
    answers.ask_information(asked.id, round=1, question="Why?", by=clerk, now=timezone.now())
    answers.give_information(
        asked.id, facts=[], evidence=[], message="So.", by=POLICY, now=timezone.now()
    )

    assert [fresh(held).gather_until, fresh(asked).gather_until] == [None, None]


@db
def test_withdrawn_it_is_gathered_by_nothing(gathers, bot, bot_key):
    handoff = walks.waiting(gathers, bot, bot_key)

    answers.withdraw(handoff.id, reason="done", by=POLICY, now=timezone.now())

    assert not Handoff.objects.filter(state="waiting", gather_until__isnull=False).exists()


@db
@pytest.mark.parametrize("in_hours", [False, True])
def test_moved_to_another_queue_it_gathers_on(gathers, bot, bot_key, in_hours):
    MatrixRow.objects.update(business_time=in_hours)
    handoff = walks.waiting(gathers, bot, bot_key)

    with_lock = moves.lock_handoff(handoff.id)
    assert overflow.move(with_lock, to=gathers.leads_queue.pk, now=timezone.now())

    assert fresh(handoff).gather_until == handoff.gather_until


@db
def test_moved_to_where_its_deadline_is_nearer_its_window_is_cut(gathers, bot, bot_key):
    """The queue it came from is open for a minute a week: four hours of it are years away."""
    closed = dict.fromkeys(("monday",), ["09:00-09:01"])
    Queue.objects.filter(pk=gathers.queue.pk).update(hours=closed)
    MatrixRow.objects.update(business_time=True, deadline_seconds=4 * HOUR)
    handoff = walks.waiting(gathers, bot, bot_key)
    far = timezone.now() + timedelta(days=30)
    Handoff.objects.filter(id=handoff.id).update(gather_until=far)

    overflow.move(moves.lock_handoff(handoff.id), to=gathers.leads_queue.pk, now=timezone.now())

    after = fresh(handoff)
    assert after.gather_until <= timezone.now() + timedelta(hours=1)
    assert after.gather_until <= after.urgent_at


@db
def test_pressure_counts_from_when_it_is_offered(gathers):
    (reading,) = [one for one in readings.of(gathers.workflow).readings if one.queue == "refunds"]

    calm = gathers.row.deadline_seconds - gathers.row.urgent_seconds
    assert reading.urgent_in == calm - HALF_HOUR
