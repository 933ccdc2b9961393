"""How much one person is given, and how much of it they have had; taking asks the database.

Counted is what somebody opened or still holds. What was assigned to them and went on unopened does
not count, nor does a task they work on away from the page.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from accounts import access
from accounts.models import User
from accounts.roles import Can
from handoffs import audit
from handoffs.actors import person_actor
from reviews.errors import (
    CapReached,
    CapsShape,
    EnoughForNow,
    EnoughForToday,
    HandsFull,
    LongEnoughToday,
)
from reviews.models import Caps

# what anybody may hold at once
OPEN = 3

# the functions are written out in reviews/migrations/0030_share_the_load.py
_USED = """
select held.open, had.*, overread_full(%(user)s, held.open, %(open)s) as full
from (select overread_held(%(user)s) as open) held, overread_had(%(user)s) had
"""


@dataclass(frozen=True, kw_only=True)
class Used:
    """How much one person has had, and which cap is reached: open, hour, day, minutes or none.

    `unbroken` is for how many minutes they have been at it without a break, `here` for how many
    of these in the queue they were in last, `queue`.
    """

    open: int
    hour: int
    day: int
    minutes: float
    unbroken: float
    queue: int | None
    here: float
    full: str


def of(user: User) -> Caps:
    return Caps.objects.filter(user=user).first() or Caps(user=user)


def used(user: User) -> Used:
    """Return what this person has had; for themselves, never for others."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, {"user": user.pk, "open": OPEN})
        names = [column.name for column in cursor.description or []]
        return Used(**dict(zip(names, cursor.fetchone(), strict=True)))


def check_room(user: User) -> None:
    """Refuse what putting one more into these hands would."""
    if used(user).full:
        raise HandsFull


def refusal(user: User) -> CapReached:
    """Build the refusal that says of which they have had enough."""
    enough = {"hour": EnoughForNow, "day": EnoughForToday, "minutes": LongEnoughToday}
    return enough.get(used(user).full, CapReached)()


def limit(
    user: User,
    *,
    open_limit: int | None,
    hour_limit: int | None,
    day_limit: int | None,
    minutes_limit: int | None,
    by: User,
    now: datetime,
) -> Caps:
    """Say how much one person is given from now on; None is what everybody is given."""
    access.check(by, Can.MANAGE_PEOPLE)
    said = {
        "open_limit": open_limit,
        "hour_limit": hour_limit,
        "day_limit": day_limit,
        "minutes_limit": minutes_limit,
    }
    if not (_within(open_limit, 100) and _within(minutes_limit, 1440)):
        raise CapsShape
    if not (_within(hour_limit, 1000) and _within(day_limit, 10_000)):
        raise CapsShape
    with transaction.atomic():
        kept, _ = Caps.objects.update_or_create(user=user, defaults=said)
        audit.record(
            by=person_actor(by.pk, ""), action="caps.changed", subject=f"user {user.pk}", body=said
        )
    return kept


def _within(number: int | None, most: int) -> bool:
    return number is None or 1 <= number <= most
