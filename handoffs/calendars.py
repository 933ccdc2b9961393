"""Opening hours in a time zone: when a queue is open, exact to the second, in every week.

A second counts when the clock on the wall shows a time inside the day's hours. So an hour that is
shown twice in autumn counts as often as it is shown inside them, and one that spring skips counts
not at all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from holidays import country_holidays

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = 86_400
_TIMES = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_COUNTRY = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,4}))?")
_HOUR = timedelta(hours=1)
# where a country has no names in it, those of its own language
_LANGUAGE = "en_US"

Segment = tuple[int, int]  # seconds of the wall clock: from, until before


class CalendarRefused(ValueError):
    """The hours cannot be read; the message is one sentence for whoever wrote them."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """Weekly hours from Monday on and the days that stay closed. By identity: built once, kept."""

    zone: ZoneInfo
    week: tuple[tuple[Segment, ...], ...]
    holidays: Mapping[date, str]
    # the public holidays of a country, worked out year by year as they are asked for
    public: Mapping[date, str] | None = None

    @property
    def always_open(self) -> bool:
        no_holidays = not self.holidays and self.public is None
        return no_holidays and all(day == ((0, DAY),) for day in self.week)

    def segments(self, day: date) -> tuple[Segment, ...]:
        return () if self.holiday(day) is not None else self.week[day.weekday()]

    def holiday(self, day: date) -> str | None:
        """Return what is celebrated on a day that stays closed; None: it is no holiday."""
        if day in self.holidays:
            return self.holidays[day]
        return None if self.public is None else self.public.get(day)


def read(
    time_zone: str,
    hours: Mapping[str, Sequence[str]],
    holidays: Mapping[str, str],
    country: str = "",
) -> Calendar:
    """Read a queue's calendar, or raise CalendarRefused. No hours at all: open day and night."""
    unknown = next((name for name in hours if name not in WEEKDAYS), None)
    if unknown is not None:
        raise CalendarRefused(f"{unknown} is no weekday. Write one of {', '.join(WEEKDAYS)}.")
    week = tuple(_day(name, hours.get(name, ())) for name in WEEKDAYS)
    if not any(week):
        week = (((0, DAY),),) * 7
    return Calendar(
        zone=_zone(time_zone),
        week=week,
        holidays={_date(on): str(holidays[on]) for on in holidays},
        public=_public(country) if country else None,
    )


def _public(country: str) -> Mapping[date, str]:
    """Return the public holidays of DE, or of a region of it as DE-BE."""
    match = _COUNTRY.fullmatch(country)
    if match is not None:
        with suppress(NotImplementedError):
            return country_holidays(match[1], subdiv=match[2], language=_LANGUAGE)
    raise CalendarRefused(
        f"The public holidays of {country} are not known. Write a country such as DE, or one of "
        "its regions as DE-BE."
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarRefused(f"{name} is no time zone. Write one such as Europe/Berlin.") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CalendarRefused(f"{text} is no day. Write it as 2027-01-06.") from None


def _day(name: str, texts: Sequence[str]) -> tuple[Segment, ...]:
    found = sorted(_segment(name, text) for text in texts)
    for (_, until), (start, _) in zip(found, found[1:], strict=False):
        if start < until:
            raise CalendarRefused(f"The hours of {name} overlap. Write each of them once.")
    return tuple(found)


def _segment(name: str, text: str) -> Segment:
    match = _TIMES.fullmatch(text)
    if match is not None:
        hour, minute, to_hour, to_minute = (int(part) for part in match.groups())
        start, until = hour * 3600 + minute * 60, to_hour * 3600 + to_minute * 60
        if start < until <= DAY:
            return start, until
    raise CalendarRefused(
        f"{text} are no hours for {name}. Write them as 09:00-17:00; a night goes over two days, "
        "as 22:00-24:00 and 00:00-06:00."
    )


def openings(calendar: Calendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when it is open from `start` on, in UTC and in order, without end."""
    start = start.astimezone(UTC)
    day = start.date()
    while True:
        for opens, closes in _openings_of(calendar, day):
            if closes > start:
                yield max(opens, start), closes
        day += timedelta(days=1)


@lru_cache(maxsize=4096)
def _openings_of(calendar: Calendar, utc_day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Return when it is open during one day of UTC."""
    midnight = datetime.combine(utc_day, datetime.min.time(), UTC)
    found: list[tuple[datetime, datetime]] = []
    for since, until, offset in _spans(calendar.zone, midnight, midnight + timedelta(days=1)):
        local = (since + offset).date()
        while datetime.combine(local, datetime.min.time(), UTC) - offset < until:
            base = datetime.combine(local, datetime.min.time(), UTC) - offset
            for opens, closes in calendar.segments(local):
                left = max(since, base + timedelta(seconds=opens))
                right = min(until, base + timedelta(seconds=closes))
                if left < right:
                    found.append((left, right))
            local += timedelta(days=1)
    return tuple(found)


def _spans(
    zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut [start, end) where the zone's distance from UTC changes."""
    since, offset = start, _offset(zone, start)
    step = start
    while step < end:
        following = min(step + _HOUR, end)
        if _offset(zone, following) != offset:
            change = _change(zone, step, following)
            if since < change:
                yield since, change, offset
            since, offset = change, _offset(zone, change)
        step = following
    if since < end:
        yield since, end, offset


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """Return the first second of (low, high] that has the distance from UTC that `high` has."""
    after = _offset(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (low, middle) if _offset(zone, middle) == after else (middle, high)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
