"""When each person can be told: in the hours of the queue that it is about."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from handoffs import queries
from handoffs.models import Queue
from reviews.models import NoticeWish
from reviews.notice_rules import Hours


def of(pairs: Collection[tuple[int, int]], *, now: datetime) -> dict[tuple[int, int], Hours]:
    """Return the hours for each (person, queue) in a handful of queries, however many there are."""
    queues = Queue.objects.in_bulk({queue for _, queue in pairs})
    calendars = {id: queries.calendar(queue) for id, queue in queues.items() if queue.hours}
    wishes = NoticeWish.objects.in_bulk({person for person, _ in pairs})
    found = {}
    for person, queue in pairs:
        wish, calendar = wishes.get(person), calendars.get(queue)
        found[person, queue] = Hours(
            calendar=calendar,
            zone=calendar.zone if calendar else ZoneInfo("UTC"),
            digest_hour=wish.digest_hour if wish else None,
        )
    return found
