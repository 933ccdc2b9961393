"""Read side: what usually comes in each hour of a queue's week, and how many hands are there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from handoffs import queries
from handoffs.calendars import WEEKDAYS, Calendar
from handoffs.models import Queue
from oversight.models import QueueHour
from oversight.queues.hours import HOUR, start

WEEKS = 8
HOURS_A_WEEK = 168


@dataclass(kw_only=True)
class Cell:
    """One hour of the week, over all the weeks that were seen."""

    weekday: int
    hour: int
    is_open: bool
    weeks: int = 0
    came: int = 0
    # hours in which the hands were sampled, and their mean, added up
    sampled: int = 0
    hands_sum: float = 0.0
    # what comes while the queue is closed, and is found by whoever opens it
    carried: float = 0.0

    @property
    def arrivals(self) -> float:
        """How many come on average in this hour."""
        return self.came / self.weeks if self.weeks else 0.0

    @property
    def work(self) -> float:
        """How many there are to be done in it."""
        return self.arrivals + self.carried if self.is_open else 0.0

    @property
    def hands(self) -> float | None:
        return self.hands_sum / self.sampled if self.sampled else None

    @property
    def day(self) -> str:
        return WEEKDAYS[self.weekday].capitalize()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A queue's week in its own time zone, from Monday 00:00."""

    zone: ZoneInfo
    cells: list[Cell]
    # how many whole hours of history stand behind it
    hours_seen: int
    came: int

    def at(self, moment: datetime) -> Cell:
        local = moment.astimezone(self.zone)
        return self.cells[local.weekday() * 24 + local.hour]

    def usual(self, moment: datetime) -> float | None:
        """Return how many come in such an hour; before one was seen, in the busiest that was."""
        seen = [cell for cell in self.cells if cell.weeks]
        here = self.at(moment)
        if here in seen:
            return here.arrivals
        return max((cell.arrivals for cell in seen), default=None)

    def day(self, weekday: int) -> list[Cell]:
        return self.cells[weekday * 24 : weekday * 24 + 24]


def read(queue: Queue, *, now: datetime) -> Profile:
    """Gather the last whole hours of a queue, at most eight weeks of them."""
    calendar = queries.calendar(queue)
    cells = [_cell(calendar, number) for number in range(HOURS_A_WEEK)]
    until = start(now)
    rows = {
        row.starts_at: row
        for row in QueueHour.objects.filter(
            queue=queue, starts_at__gte=until - timedelta(weeks=WEEKS), starts_at__lt=until
        )
    }
    profile = Profile(
        zone=calendar.zone,
        cells=cells,
        hours_seen=len(list(_span(rows, until))),
        came=sum(row.came for row in rows.values()),
    )
    for hour in _span(rows, until):
        _add(profile.at(hour), rows.get(hour))
    _carry(cells)
    return profile


def _cell(calendar: Calendar, number: int) -> Cell:
    weekday, hour = divmod(number, 24)
    opens, closes = hour * 3600, hour * 3600 + 3600
    is_open = any(since < closes and until > opens for since, until in calendar.week[weekday])
    return Cell(weekday=weekday, hour=hour, is_open=is_open)


def _span(rows: Mapping[datetime, QueueHour], until: datetime) -> Iterator[datetime]:
    """Yield every hour since the first one counted; an hour without a row had nothing."""
    hour = min(rows, default=until)
    while hour < until:
        yield hour
        hour += HOUR


def _add(cell: Cell, row: QueueHour | None) -> None:
    cell.weeks += 1
    if row is None:
        return
    cell.came += row.came
    if row.samples:
        cell.sampled += 1
        cell.hands_sum += row.hands / row.samples


def _carry(cells: list[Cell]) -> None:
    """Give what comes while it is closed to the next hour that is open."""
    opening = next((place for place, cell in enumerate(cells) if cell.is_open), None)
    if opening is None:
        return
    left = 0.0
    for step in range(HOURS_A_WEEK):
        cell = cells[(opening + 1 + step) % HOURS_A_WEEK]
        if not cell.is_open:
            left += cell.arrivals
        elif left:
            cell.carried, left = left, 0.0
