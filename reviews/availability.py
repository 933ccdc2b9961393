"""When people are there: their hours, when they are away, and who stands in for them then.

Whoever asks for work is there, whatever their hours say: these decide what is assigned to people
and handed to them by name. The database's clock says what time it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.roles import Can
from handoffs import audit, calendars
from handoffs.actors import person_actor
from handoffs.calendars import Calendar, CalendarRefused
from reviews import permissions
from reviews.errors import AbsenceShape, HoursShape, NotYours
from reviews.models import Absence, Availability

LONGEST_AWAY = timedelta(days=366)
# who stands in for somebody may be away too
_HOPS = 5

# while a grant or role of the other may be lacking, only this says who stands in for whom now
_STAND_INS = """
select person_id, stand_in_id, ends_at from reviews_absence
where starts_at <= statement_timestamp() and ends_at > statement_timestamp()
"""


@dataclass(frozen=True, kw_only=True)
class There:
    """Whether somebody is there at a moment; `until` is when they are back, `for_them` who is."""

    there: bool
    away: bool = False
    until: datetime | None = None
    stand_in: int | None = None


def hours_of(user: User) -> Availability:
    """Return this person's hours, those of everybody where they have said none."""
    return Availability.objects.filter(user=user).first() or Availability(user=user)


def calendar(hours: Availability) -> Calendar:
    """Read hours as a calendar; what cannot be read any more counts as always."""
    try:
        return calendars.read(hours.time_zone, hours.hours, {})
    except CalendarRefused:
        return calendars.read("UTC", {}, {})


def zone_of(user: User) -> ZoneInfo | None:
    """Return the time zone this person works in; None where they have not said."""
    said = Availability.objects.filter(user=user).first()
    return calendar(said).zone if said else None


def set_hours(
    user: User,
    *,
    time_zone: str,
    hours: Mapping[str, Sequence[str]],
    assignable: bool,
    by: User,
    now: datetime,
) -> Availability:
    """Replace the hours in which this person works."""
    _check_theirs(user, by)
    try:
        calendars.read(time_zone, hours, {})
    except CalendarRefused as refused:
        raise HoursShape(f"{refused} Nothing was changed.") from refused
    _check_known(time_zone)
    said = {
        "time_zone": time_zone,
        "hours": {day: list(times) for day, times in hours.items() if times},
        "assignable": assignable,
    }
    with transaction.atomic():
        kept, _ = Availability.objects.update_or_create(user=user, defaults=said)
        _note(user, "availability.changed", said, by)
    return kept


def go_away(
    user: User,
    *,
    starts_at: datetime,
    ends_at: datetime,
    stand_in: User | None = None,
    by: User,
    now: datetime,
) -> Absence:
    """Say that this person is away for a period, and who stands in for them.

    Raises AbsenceShape for a period that is over, too long or overlaps another one, and for a
    stand-in who shares no queue with them.
    """
    _check_theirs(user, by)
    if not now < ends_at or not starts_at < ends_at <= starts_at + LONGEST_AWAY:
        raise AbsenceShape
    if stand_in is not None and stand_in not in colleagues(user):
        raise AbsenceShape(
            "They share no queue with you, so they could decide nothing of yours. Nothing was "
            "changed. Choose somebody who works where you do."
        )
    try:
        with transaction.atomic():
            made = Absence.objects.create(
                person=user, starts_at=starts_at, ends_at=ends_at, stand_in=stand_in
            )
            _note(user, "absence.said", _facts(made), by)
    except IntegrityError as error:
        if "absence_one_at_a_time" not in str(error):
            raise
        raise AbsenceShape(
            "You have said already that you are away at that time. Nothing was changed. Take that "
            "one back first."
        ) from error
    return made


def come_back(absence_id: int, user: User, *, by: User, now: datetime) -> bool:
    """End an absence now, or drop one that has not begun; False when there is none any more."""
    _check_theirs(user, by)
    with transaction.atomic():
        found = Absence.objects.select_for_update().filter(id=absence_id, person=user).first()
        if found is None:
            return False
        begun = Absence.objects.filter(id=found.pk, starts_at__lt=Now())
        if not begun.filter(ends_at__gt=Now()).update(ends_at=Now()):
            Absence.objects.filter(id=found.pk, starts_at__gte=Now()).delete()
        _note(user, "absence.ended", _facts(found), by)
    return True


def to_come(user: User) -> list[Absence]:
    """Return when this person is away, from now on."""
    found = Absence.objects.filter(person=user, ends_at__gt=Now()).select_related("stand_in")
    return list(found.order_by("starts_at"))


def stands_in_for(user: User) -> list[Absence]:
    """Return whom this person stands in for now."""
    found = Absence.objects.filter(stand_in=user, starts_at__lte=Now(), ends_at__gt=Now())
    return list(found.select_related("person").order_by("ends_at"))


def colleagues(user: User) -> list[User]:
    """Return who works a queue that this person works too: who could stand in for them."""
    found: dict[int, User] = {}
    for queue in permissions.workable(user):
        found |= {one.pk: one for one in permissions.workers(queue.pk)}
    found.pop(user.pk, None)
    return sorted(found.values(), key=lambda one: (one.name, one.pk))


def there(people: Iterable[int]) -> dict[int, There]:
    """Say of each of these people whether they are there now, in three queries."""
    wanted = list(people)
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        at: datetime = cursor.fetchone()[0]
    absent = absences()
    kept = {one.user_id: one for one in Availability.objects.filter(user__in=wanted)}
    return {one: _there(absent.get(one), kept.get(one), at) for one in wanted}


def _there(
    absent: tuple[int | None, datetime] | None, hours: Availability | None, at: datetime
) -> There:
    if absent is not None:
        return There(there=False, away=True, stand_in=absent[0], until=absent[1])
    if hours is None:
        return There(there=True)
    opens = next(iter(calendars.openings(calendar(hours), at)))[0]
    return There(there=True) if opens <= at else There(there=False, until=opens)


def absences() -> dict[int, tuple[int | None, datetime]]:
    """Return who is away now: who stands in for them, and until when."""
    with connection.cursor() as cursor:
        cursor.execute(_STAND_INS)
        return {person: (other, until) for person, other, until in cursor.fetchall()}


def stand_in(user: User) -> User | None:
    """Return who has what goes to this person by name now: themselves when they are not away.

    None where they are away and nobody stands in, or whoever does is away as well.
    """
    absent, found = absences(), user.pk
    for _ in range(_HOPS):
        if found not in absent:
            return user if found == user.pk else User.objects.filter(id=found).first()
        other = absent[found][0]
        if other is None:
            return None
        found = other
    return None


def _check_theirs(user: User, by: User) -> None:
    if by.pk != user.pk and not by.can(Can.MANAGE_PEOPLE):
        raise NotYours


def _check_known(time_zone: str) -> None:
    """The database counts a person's day by their zone, so it has to know it as well."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_timezone_names where name = %s)", [time_zone])
        if not cursor.fetchone()[0]:
            raise HoursShape(f"{time_zone} is no time zone. Nothing was changed. Choose another.")


def _facts(absence: Absence) -> dict[str, object]:
    other = absence.stand_in_id
    return {
        "from": absence.starts_at.isoformat(),
        "until": absence.ends_at.isoformat(),
        "stand_in": None if other is None else f"user {other}",
    }


def _note(user: User, action: str, body: dict[str, object], by: User) -> None:
    audit.record(by=person_actor(by.pk, ""), action=action, subject=f"user {user.pk}", body=body)
