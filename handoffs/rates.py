"""How fast queues fill and empty, as measured, and how long the next one will wait.

`reviews.rates` measures every few seconds; nothing else does. Whoever promises a time reads here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Now

from handoffs.models import QueueRate

# as long as fewer were finished, handling is assumed to take so long
ENOUGH = 10
ASSUMED_HANDLING_SECONDS = 240.0
# with what was measured before that, nothing is predicted: the worker stands still
FRESH = timedelta(minutes=10)
# there was always something to take for so long: what was finished is what can be finished
BUSY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What was measured of one queue, and what follows from it."""

    queue_id: int
    measured_at: datetime
    read_at: datetime
    arrivals_per_hour: float = 0
    finished_per_hour: float = 0
    handling_seconds: float | None = None
    handling_count: int = 0
    reviewers_present: int = 0
    hands: float = 0
    busy_since: datetime | None = None

    @property
    def is_fresh(self) -> bool:
        return self.read_at - self.measured_at < FRESH

    @property
    def handling(self) -> float:
        """Seconds of work in one handoff: measured, or assumed as long as too few were."""
        if self.handling_seconds is None or self.handling_count < ENOUGH:
            return ASSUMED_HANDLING_SECONDS
        return max(self.handling_seconds, 1.0)

    @property
    def per_hour(self) -> float:
        """How many an hour will be finished while there are enough to take.

        Where nothing waits, few are finished however fast people are: then it counts what those
        present could do.
        """
        able = self.hands * 3600 / self.handling
        busy = self.busy_since is not None and self.measured_at - self.busy_since >= BUSY
        return (self.finished_per_hour or able) if busy else max(self.finished_per_hour, able)


def of(queue_ids: Iterable[int]) -> dict[int, Rate]:
    """Return what was measured of these queues; new ones are missing for a few seconds."""
    found = QueueRate.objects.filter(queue__in=list(queue_ids)).annotate(read_at=Now())
    fields = ("measured_at", "arrivals_per_hour", "finished_per_hour", "handling_seconds")
    more = ("handling_count", "reviewers_present", "hands", "busy_since", "read_at")
    rows = found.values(*fields, *more, number=F("queue_id"))
    return {row["number"]: Rate(queue_id=row.pop("number"), **row) for row in rows}


def wait_seconds(rate: Rate | None, ahead: int) -> float | None:
    """Predict when the one behind `ahead` others is finished; None: nothing to tell it by."""
    if rate is None or not rate.is_fresh or rate.per_hour <= 0:
        return None
    return (ahead + 1) * 3600 / rate.per_hour


def work_seconds(rate: Rate | None, waiting: int) -> float:
    """Return how much work waits, at the measured handling time."""
    return waiting * (rate.handling if rate else ASSUMED_HANDLING_SECONDS)
