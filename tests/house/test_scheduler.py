"""The beat: real seconds, one sender."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import Celery
from celery.schedules import crontab
from django.db import connections

from config import scheduler
from config.scheduler import MonotonicScheduler
from tests.house.instances import eventually


class Clock:
    """Stands for time.monotonic; the wall clock is nobody's business here."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(scheduler, "time", clock)
    return clock


class Recording(MonotonicScheduler):
    """Notes what it would send."""

    producer = None

    def __init__(self, app: Celery) -> None:
        self.sent: list[str] = []
        super().__init__(app=app)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        self.sent.append(entry.name)


def app(**every: Any) -> Celery:
    celery = Celery("test")
    celery.conf.beat_schedule = {
        name: {"task": name, "schedule": schedule} for name, schedule in every.items()
    }
    return celery


@pytest.fixture
def beats(committed_db: object) -> Iterator[list[Recording]]:
    opened: list[Recording] = []
    yield opened
    for beat in opened:
        beat.close()


def test_each_entry_is_sent_at_its_own_interval(beats: list[Recording], clock: Clock) -> None:
    beat = Recording(app(fast=timedelta(seconds=2), slow=timedelta(seconds=5)))
    beats.append(beat)

    for _ in range(11):
        beat.tick()
        clock.now += 1

    assert beat.sent.count("fast") == 6
    assert beat.sent.count("slow") == 3


def test_tick_says_how_long_nothing_is_due(beats: list[Recording], clock: Clock) -> None:
    beat = Recording(app(fast=timedelta(seconds=2)))
    beats.append(beat)
    beat.tick()
    clock.now += 0.5

    assert beat.tick() == pytest.approx(1.5)


def test_long_pause_is_made_up_for_once(beats: list[Recording], clock: Clock) -> None:
    beat = Recording(app(fast=timedelta(seconds=2)))
    beats.append(beat)
    beat.tick()

    clock.now += 3600
    beat.tick()
    beat.tick()
    beat.tick()

    assert beat.sent == ["fast", "fast"]


def test_time_of_day_is_refused(beats: list[Recording]) -> None:
    with pytest.raises(ValueError, match="daily is not an interval"):
        Recording(app(daily=crontab(hour=3)))


def test_second_beat_sends_nothing_until_the_first_is_gone(
    beats: list[Recording], clock: Clock
) -> None:
    first = Recording(app(fast=timedelta(seconds=2)))
    second = Recording(app(fast=timedelta(seconds=2)))
    beats.extend([first, second])
    first.tick()

    assert second.tick() == scheduler.STANDBY
    assert (first.sent, second.sent) == (["fast"], [])

    first.close()
    # the server notices a closed connection in its own time
    eventually(lambda: second.tick() != scheduler.STANDBY, "the second leads")
    assert second.sent == ["fast"]


def test_beat_that_lost_its_connection_takes_the_lock_again(
    beats: list[Recording], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    beat = Recording(app(fast=timedelta(seconds=2)))
    beats.append(beat)
    beat.tick()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory'"
            " and pid <> pg_backend_pid()"
        )

    clock.now += 10
    assert beat.tick() == scheduler.STANDBY
    clock.now += 10
    beat.tick()

    assert beat.sent == ["fast", "fast"]
