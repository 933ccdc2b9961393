"""Deadlines and durations, in figures and in words."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from handoffs import calendars
from handoffs.calendars import DAY, Calendar, Segment

# a calendar that is closed for longer than this never opens
_HORIZON = timedelta(days=3 * 366)
# holidays or pauses that a sentence names
_NAMED = 4
_EVER = datetime.max.replace(tzinfo=UTC)
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # fmt: skip


Span = tuple[datetime, datetime]


class NeverOpens(ValueError):
    """The calendar is closed for years on end: no deadline can be given in its hours."""


def deadline(
    start: datetime,
    seconds: int,
    calendar: Calendar | None = None,
    pauses: Sequence[Span] = (),
) -> datetime:
    """Return when `seconds` have passed since `start`, counting only while `calendar` is open.

    Without a calendar every second counts, but those in `pauses`, which are in order. A deadline
    never falls on the moment of opening: what is full at closing time is due at closing time.
    """
    # in UTC, or adding up would go by the wall clock, over an hour that is not there
    last = start.astimezone(UTC)
    left = timedelta(seconds=seconds)
    always = calendar is None or calendar.always_open
    if not left or (always and not pauses):
        return last + left
    for opens, closes in _counted(last, None if always else calendar, pauses):
        if opens - last > _HORIZON:
            break
        if closes - opens >= left:
            return opens + left
        left -= closes - opens
        last = closes
    raise NeverOpens


def _counted(start: datetime, calendar: Calendar | None, pauses: Sequence[Span]) -> Iterator[Span]:
    """Yield when time counts from `start` on: while it is open and nothing is paused."""
    spans = calendars.openings(calendar, start) if calendar else iter([(start, _EVER)])
    for opens, closes in spans:
        for since, until in pauses:
            if opens < since < closes:
                yield opens, since
            if since < closes:
                opens = max(opens, until)
        if opens < closes:
            yield opens, closes


def elapsed(
    start: datetime, end: datetime, calendar: Calendar | None, pauses: Sequence[Span] = ()
) -> timedelta:
    """Return how much has counted between two moments: what `deadline` gives away, taken back."""
    counted = timedelta()
    hours = None if calendar is None or calendar.always_open else calendar
    for opens, closes in _counted(start.astimezone(UTC), hours, pauses):
        if opens >= end:
            break
        counted += min(closes, end) - opens
        # what is closed for good has no end to walk to
        if closes >= end or opens - start > 2 * _HORIZON:
            break
    return counted


def derivation(
    start: datetime,
    seconds: int,
    calendar: Calendar | None,
    pauses: Sequence[Span] = (),
) -> str:
    """Say how a deadline comes about: "4 h of Mon–Fri 09:00–17:00 Berlin → Tue 10:35"."""
    due = deadline(start, seconds, calendar, pauses)
    if calendar is None or calendar.always_open:
        words = f"{in_words(seconds)}{_paused(pauses, start, UTC)}"
        return f"{words} → {moment(due.astimezone(UTC), start.astimezone(UTC))} UTC"
    local, since = due.astimezone(calendar.zone), start.astimezone(calendar.zone)
    without = _without(calendar, since.date(), local.date())
    said = f"{in_words(seconds)} of {hours_in_words(calendar)}{without}"
    return f"{said}{_paused(pauses, start, calendar.zone)} → {moment(local, since)}"


def _without(calendar: Calendar, first: date, last: date) -> str:
    """Name the holidays between two days on which it would be open."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    closed = [
        f"{_day_of(day)} {name}".rstrip()
        for day in days
        if (name := calendar.holiday(day)) is not None and calendar.week[day.weekday()]
    ]
    return f" without {_some(closed)}" if closed else ""


def _paused(pauses: Sequence[Span], start: datetime, zone: tzinfo) -> str:
    """Say when the clock stood: "paused 14:05–15:20", with the day where it is another one."""
    said, seen = [], start.astimezone(zone)
    for since, until in ((max(since, start), until) for since, until in pauses if until > start):
        begun, ended = since.astimezone(zone), until.astimezone(zone)
        first = f"{begun:%H:%M}" if begun.date() == seen.date() else moment(begun, seen)
        last = f"{ended:%H:%M}" if ended.date() == begun.date() else moment(ended, seen)
        said.append(f"{first}–{last}")
    return f", paused {_some(said)}" if said else ""


def _some(said: Sequence[str]) -> str:
    """Name the first few, and how many more there are."""
    more = len(said) - _NAMED
    return ", ".join(said[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def terms_in_words(seconds: int, calendar: Calendar | None) -> str:
    """Say how a deadline is counted, before there is one: "4 h of Mon–Fri 09:00–17:00 Berlin"."""
    if calendar is None or calendar.always_open:
        return in_words(seconds)
    return f"{in_words(seconds)} of {hours_in_words(calendar)}"


def hours_in_words(calendar: Calendar) -> str:
    """Say when it is open: "Mon–Fri 09:00–17:00, Sat 10:00–14:00 Berlin"."""
    city = calendar.zone.key.rsplit("/", 1)[-1].replace("_", " ")
    parts: list[tuple[list[int], tuple[Segment, ...]]] = []
    for day, segments in enumerate(calendar.week):
        if parts and parts[-1][1] == segments and parts[-1][0][-1] == day - 1:
            parts[-1][0].append(day)
        else:
            parts.append(([day], segments))
    said = [f"{_days(days)} {_times(segments)}" for days, segments in parts if segments]
    return f"{', '.join(said)} {city}"


def moment(at: datetime, seen_from: datetime) -> str:
    """Say a moment, with its date where the weekday alone could mean another week."""
    weekday, clock = _DAY_NAMES[at.weekday()], f"{at:%H:%M}"
    if abs((at.date() - seen_from.date()).days) < 6:
        return f"{weekday} {clock}"
    year = f" {at.year}" if at.year != seen_from.year else ""
    return f"{weekday} {_day_of(at.date())}{year} {clock}"


def _day_of(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month]}"


def _days(days: Sequence[int]) -> str:
    first, last = _DAY_NAMES[days[0]], _DAY_NAMES[days[-1]]
    if len(days) == 1:
        return first
    return f"{first}–{last}" if len(days) > 2 else f"{first}, {last}"


def _times(segments: Sequence[Segment]) -> str:
    return " and ".join(f"{_clock(start)}–{_clock(until)}" for start, until in segments)


def _clock(seconds: int) -> str:
    return "24:00" if seconds == DAY else f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def in_words(seconds: float) -> str:
    """Say a duration with its two largest units: "2 h 10 min", "3 d 4 h", "45 s"."""
    left = max(0, round(seconds))
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        parts.append((count, unit))
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    # seconds beside minutes only tick; nobody plans by them
    shown = [part for part in parts[first : first + 2] if part[0] and part[1] != "s"]
    return " ".join(f"{count} {unit}" for count, unit in shown or [parts[-1]])


def until(at: datetime, now: datetime) -> str:
    """Say how far away a moment is: "in 2 h 10 min", "5 min ago", "now"."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    return f"in {in_words(seconds)}" if seconds > 0 else f"{in_words(-seconds)} ago"
