"""When each person can be told: in the hours they said, else in those of the queue it is about."""

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from handoffs import queries
from handoffs.calendars import Calendar
from handoffs.models import Queue
from reviews import availability
from reviews.models import Availability, NoticeWish
from reviews.notice_rules import Hours


def of(pairs: Collection[tuple[int, int]], *, now: datetime) -> dict[tuple[int, int], Hours]:
    """Return the hours for each (person, queue) in a handful of queries, however many there are.

    Whoever is away is told when they are back, of what still holds then.
    """
    if not pairs:
        return {}
    people = {person for person, _ in pairs}
    found = Queue.objects.in_bulk({queue for _, queue in pairs})
    queues = {id: queries.calendar(queue) for id, queue in found.items()}
    wishes = NoticeWish.objects.in_bulk(people)
    said = {
        one.user_id: availability.calendar(one)
        for one in Availability.objects.filter(user__in=people)
    }
    away = availability.absences()
    return {
        (person, queue): _hours(
            said.get(person), queues[queue], wishes.get(person), away.get(person, (None, None))[1]
        )
        for person, queue in pairs
    }


def _hours(
    own: Calendar | None, queue: Calendar, wish: NoticeWish | None, away_until: datetime | None
) -> Hours:
    calendar = queue if own is None or own.always_open else own
    return Hours(
        calendar=calendar,
        zone=own.zone if own else ZoneInfo(queue.zone.key),
        away_until=away_until,
        digest_hour=wish.digest_hour if wish else None,
    )
