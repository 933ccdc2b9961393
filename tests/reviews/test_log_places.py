"""A log is read entry by entry, each once, in whatever order its transactions commit."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reviews import log_places
from reviews.log_places import Gap, Log
from reviews.models import LogPlace
from tests.database import Databases

REFUSALS = Log(name="test", table="handoffs_refusedtransition", columns="id, from_state")
SINCE = datetime(2026, 11, 21, tzinfo=UTC)


def add(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into handoffs_refusedtransition (entity, from_state, to_state, times, last_at) "
            "values ('run', %s, 'x', 1, now())",
            [name],
        )


def read(now: datetime | None = None, limit: int = 100) -> list[str]:
    with transaction.atomic():
        place = log_places.take(REFUSALS)
        assert place is not None
        rows = log_places.read(REFUSALS, place, limit=limit, now=now or timezone.now())
    return [row[1] for row in rows]


@pytest.mark.django_db
def test_it_begins_at_the_end_and_goes_on_from_there() -> None:
    add("before")
    assert read() == []

    for name in ("a", "b", "c"):
        add(name)

    assert read(limit=2) == ["a", "b"]
    assert read() == ["c"]
    assert read() == []


def test_what_commits_late_is_read_all_the_same_and_once(committed_db: Databases) -> None:
    read()
    added, go_on = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            add("late")
            added.set()
            go_on.wait(10)
        connections.close_all()

    thread = threading.Thread(target=late)
    thread.start()
    added.wait(10)
    add("early")

    assert read() == ["early"]
    assert read() == []
    go_on.set()
    thread.join(10)
    assert read() == ["late"]
    assert read() == []


@pytest.mark.django_db
def test_what_was_rolled_back_is_not_waited_for_forever() -> None:
    read()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add("never")
        raise ZeroDivisionError
    add("after")

    now = timezone.now()
    assert read(now) == ["after"]
    assert len(LogPlace.objects.get().gaps) == 1
    read(now + log_places.PATIENCE + timedelta(seconds=1))
    assert LogPlace.objects.get().gaps == []


def test_of_two_who_read_one_finds_the_place_taken(committed_db: Databases) -> None:
    read()
    found: list[LogPlace | None] = []

    def other() -> None:
        with transaction.atomic():
            found.append(log_places.take(REFUSALS))
        connections.close_all()

    with transaction.atomic():
        assert log_places.take(REFUSALS) is not None
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)

    assert found == [None]


@given(st.integers(1, 30), st.integers(0, 30), st.sets(st.integers(-5, 70)))
def test_what_is_left_of_a_gap_is_exactly_what_is_not_there(
    first: int, length: int, there: set[int]
) -> None:
    left = log_places.without(Gap(first, first + length, SINCE), sorted(there))

    covered = [id for gap in left for id in range(gap.first, gap.last + 1)]
    assert covered == [id for id in range(first, first + length + 1) if id not in there]
