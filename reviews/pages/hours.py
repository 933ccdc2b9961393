"""One's own page of hours: when one is there, who stands in, and how much one is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from accounts.models import User
from handoffs import sla
from handoffs.calendars import WEEKDAYS
from reviews import availability
from reviews.caps import OPEN, Used
from reviews.models import Absence, Availability, Caps
from reviews.pages import rest, times


@dataclass(frozen=True, kw_only=True)
class Day:
    name: str
    label: str
    times: str


@dataclass(frozen=True, kw_only=True)
class Away:
    id: int
    line: str
    now: bool


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class HoursPage:
    days: tuple[Day, ...]
    zone: str
    zones: tuple[str, ...]
    assignable: bool
    in_words: str
    away: tuple[Away, ...]
    stands_in: tuple[str, ...]
    starts: str
    ends: str
    colleagues: tuple[Choice, ...]
    given: tuple[tuple[str, str], ...]
    hint: str
    hours_error: str
    away_error: str


def page(
    *,
    hours: Availability,
    absences: Sequence[Absence],
    standing_in: Sequence[Absence],
    colleagues: Sequence[User],
    caps: Caps,
    used: Used,
    typed: Mapping[str, str],
    now: datetime,
    hours_error: str = "",
    away_error: str = "",
) -> HoursPage:
    """Arrange the page; after a refusal with what was typed."""
    calendar = availability.calendar(hours)
    here = now.astimezone(calendar.zone)
    morning = (here + timedelta(days=1)).replace(hour=0, minute=0)
    return HoursPage(
        days=tuple(_day(name, hours, typed) for name in WEEKDAYS),
        zone=typed.get("time_zone", hours.time_zone),
        zones=tuple(sorted(available_timezones())),
        assignable=bool(typed.get("assignable")) if "time_zone" in typed else hours.assignable,
        in_words=_words(hours),
        away=tuple(_away(one, now, calendar.zone) for one in absences),
        stands_in=tuple(
            f"{one.person.name}, until {_clock(one.ends_at, now, calendar.zone)}"
            for one in standing_in
        ),
        starts=typed.get("from", f"{here:%Y-%m-%dT%H:%M}"),
        ends=typed.get("until", f"{morning:%Y-%m-%dT%H:%M}"),
        colleagues=tuple(
            Choice(
                value=str(one.pk),
                label=one.name or one.email,
                chosen=typed.get("stand_in") == str(one.pk),
            )
            for one in colleagues
        ),
        given=_given(caps, used),
        hint=rest.rest(used),
        hours_error=hours_error,
        away_error=away_error,
    )


def _day(name: str, hours: Availability, typed: Mapping[str, str]) -> Day:
    kept = ", ".join(hours.hours.get(name, ()))
    return Day(name=name, label=name.capitalize(), times=typed.get(name, kept))


def _words(hours: Availability) -> str:
    if not hours.hours:
        return "You have said no hours, so you count as there at any time."
    return f"You are there {sla.hours_in_words(availability.calendar(hours))} time."


def _away(one: Absence, now: datetime, zone: ZoneInfo) -> Away:
    begun = one.starts_at <= now
    start = "Away now" if begun else f"From {_clock(one.starts_at, now, zone)}"
    other = f"; {one.stand_in.name} stands in" if one.stand_in else ""
    return Away(id=one.pk, line=f"{start} until {_clock(one.ends_at, now, zone)}{other}", now=begun)


def _clock(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    return times.clock(at.astimezone(zone), now.astimezone(zone))


def _given(caps: Caps, used: Used) -> tuple[tuple[str, str], ...]:
    """Say how much of what one is given one has had, in the words of a colleague."""
    return (
        ("At once", _of(used.open, caps.open_limit or OPEN)),
        ("In the last hour", _of(used.hour, caps.hour_limit)),
        ("Today", _of(used.day, caps.day_limit)),
        (
            "At it today",
            f"{times.span(used.minutes * 60)} of {times.span(caps.minutes_limit * 60)}"
            if caps.minutes_limit
            else times.span(used.minutes * 60),
        ),
    )


def _of(had: int, most: int | None) -> str:
    return f"{had} of {most} at most" if most is not None else f"{had}, no limit"
