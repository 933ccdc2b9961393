"""The beat: interval entries on the monotonic clock, sent by one beat at a time.

Celery's own scheduler reads the wall clock and stands still for as long as that clock is set
back. A second beat is harmless: it waits for the advisory lock of the first.
"""

import logging
import time
from typing import Any

from celery import schedules
from celery.beat import Scheduler
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.timetable import BEAT, BEAT_SECONDS
from handoffs import jobs

logger = logging.getLogger(__name__)

# one per database; the number only has to be nobody else's
LOCK = 0x6F76_6572_7265_6164
STANDBY = 5.0


class MonotonicScheduler(Scheduler):  # type: ignore[misc]
    """Send each entry every so many seconds that really passed."""

    max_interval = 5
    schedule: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        self._due: dict[str, float] = {}
        self._leading = False
        self._noted = float("-inf")
        self._connection: BaseDatabaseWrapper = connections.create_connection("default")
        super().__init__(*args, **options)

    def setup_schedule(self) -> None:
        self.merge_inplace(self.app.conf.beat_schedule)
        for name, entry in self.schedule.items():
            if type(entry.schedule) is not schedules.schedule:
                raise ValueError(
                    f"{name} is not an interval. A time of day belongs into the task:"
                    " let it run often and ask the database whether today's is done."
                )

    def tick(self, *_: Any, **__: Any) -> float:
        """Send what is due and return the seconds until the next; nothing without the lock."""
        if not self._lead():
            return STANDBY
        now = time.monotonic()
        waits: list[float] = [self.max_interval]
        for name, entry in self.schedule.items():
            every = entry.schedule.run_every.total_seconds()
            due = self._due.setdefault(name, now)
            if now >= due:
                self.apply_entry(entry, producer=self.producer)
                # after a pause once, not once for every time that was missed
                due = due + every if due + every > now else now + every
                self._due[name] = due
            waits.append(due - now)
        self._note(now)
        return max(0.05, min(waits))

    def _note(self, now: float) -> None:
        """Note in the database that the clock goes."""
        if now < self._noted + BEAT_SECONDS:
            return
        self._noted = now
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(jobs.DONE, [BEAT])
        except DatabaseError as error:
            self._lose(error)

    def _lead(self) -> bool:
        """Hold the lock, which the server drops with the connection it was taken on."""
        try:
            with self._connection.cursor() as cursor:
                if self._leading:
                    cursor.execute("select 1")
                    return True
                cursor.execute("select pg_try_advisory_lock(%s)", [LOCK])
                self._leading = bool(cursor.fetchone()[0])
        except DatabaseError as error:
            self._lose(error)
        return self._leading

    def _lose(self, error: DatabaseError) -> None:
        self._leading = False
        self._connection.close()
        logger.warning("The beat lost its database", extra={"error": str(error)})

    def close(self) -> None:
        super().close()
        self._connection.close()
