"""The queues that somebody plans for, each in one line."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from handoffs.models import Queue
from oversight.queues import capacity
from oversight.queues.capacity import Capacity, Typed


@dataclass(frozen=True, kw_only=True)
class Line:
    name: str
    url: str
    come: str
    needed: str
    there: str
    short: int
    kept: str


def lines(queues: Iterable[Queue], *, now: datetime) -> list[Line]:
    """Say of each queue what its busiest hour needs."""
    return [_line(capacity.of_queue(queue, Typed(), weekday=None, now=now)) for queue in queues]


def _line(found: Capacity) -> Line:
    assert found.queue is not None
    busiest = found.busiest
    waits = [pair.wait_inside for pair in found.pairs if pair.wait_inside is not None]
    return Line(
        name=found.queue.name,
        url=reverse("oversight:capacity", args=[found.queue.slug]),
        come=f"{busiest.work.arrivals:.1f}" if found.came else "",
        needed=str(busiest.needed) if found.came else "",
        there="" if busiest.there is None else f"{busiest.there:.1f}",
        short=sum(hour.is_short for hour in found.hours),
        kept=f"{sum(waits)} of {len(waits)}" if waits else "",
    )
