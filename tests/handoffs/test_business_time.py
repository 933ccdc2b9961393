"""Deadlines in business time against an oracle that counts second by second."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handoffs import calendars, sla
from handoffs.calendars import WEEKDAYS, Calendar, CalendarRefused
from handoffs.sla import Span

OFFICE = {day: ["09:00-17:00"] for day in WEEKDAYS[:5]}
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(hours: dict[str, list[str]] | None = None) -> Calendar:
    return calendars.read("Europe/Berlin", OFFICE if hours is None else hours, {})


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def is_open(calendar: Calendar, second: datetime) -> bool:
    local = second.astimezone(calendar.zone)
    since = local.hour * 3600 + local.minute * 60 + local.second
    closed = local.date() in calendar.holidays or local.date() in (calendar.public or {})
    day = () if closed else calendar.week[local.weekday()]
    return any(start <= since < until for start, until in day)


def oracle(
    start: datetime, seconds: int, calendar: Calendar, pauses: Sequence[Span] = ()
) -> datetime:
    """Count every second of the world, one after another."""
    second = start.astimezone(UTC)
    while seconds:
        paused = any(since <= second < until for since, until in pauses)
        seconds -= not paused and is_open(calendar, second)
        second += timedelta(seconds=1)
    return second


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-16 10:00", 4, "2026-11-16 14:00"),  # inside one day
        ("2026-11-16 15:00", 4, "2026-11-17 11:00"),  # over a night
        ("2026-11-20 15:00", 4, "2026-11-23 11:00"),  # over a weekend
        ("2026-11-21 12:00", 4, "2026-11-23 13:00"),  # begun while closed
        ("2026-11-16 13:00", 4, "2026-11-16 17:00"),  # full at closing time: due at closing time
        ("2026-11-16 16:59:59", 4, "2026-11-17 12:59:59"),  # one second before closing
        ("2026-11-16 07:00", 16, "2026-11-17 17:00"),  # two whole days
    ],
)
def test_only_the_time_when_it_is_open_counts(start: str, hours: int, due: str) -> None:
    assert sla.deadline(at(start), hours * 3600, berlin()) == at(due)


def test_holidays_do_not_count() -> None:
    closed = calendars.read(
        "Europe/Berlin", OFFICE, {"2026-12-24": "Christmas Eve", "2026-12-25": "Christmas Day"}
    )

    due = sla.deadline(at("2026-12-23 15:00"), 4 * 3600, closed)

    assert due == at("2026-12-28 11:00")


def test_a_day_in_two_parts_has_a_gap() -> None:
    siesta = calendars.read("Europe/Madrid", {"monday": ["09:00-13:00", "16:00-19:00"]}, {})
    start = at("2026-11-16 12:00", ZoneInfo("Europe/Madrid"))

    assert sla.deadline(start, 2 * 3600, siesta) == start + timedelta(hours=5)


# Berlin skips 02:00–03:00 on 2026-03-29 and shows it twice on 2026-10-25
@pytest.mark.parametrize(
    ("start", "hours", "seconds", "due"),
    [
        ("2026-03-28 12:00", ["00:00-24:00"], 86_400, "2026-03-29T11:00:00+00:00"),
        ("2026-10-24 12:00", ["00:00-24:00"], 86_400, "2026-10-25T10:00:00+00:00"),
        ("2026-03-29 00:00", ["01:00-04:00"], 2 * 3600, "2026-03-29T02:00:00+00:00"),
        ("2026-03-29 00:00", ["02:30-05:00"], 3600, "2026-03-29T02:00:00+00:00"),
        ("2026-10-25 00:00", ["02:30-03:00"], 3600, "2026-10-25T02:00:00+00:00"),
        ("2026-10-25 00:00", ["01:30-02:15"], 3600, "2026-10-25T01:15:00+00:00"),
    ],
)
def test_the_clock_changes_both_ways(start: str, hours: list[str], seconds: int, due: str) -> None:
    calendar = calendars.read("Europe/Berlin", {day: hours for day in WEEKDAYS}, {})

    assert sla.deadline(at(start), seconds, calendar) == datetime.fromisoformat(due)
    assert oracle(at(start), seconds, calendar) == datetime.fromisoformat(due)


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Pacific/Apia", "America/St_Johns"]  # fmt: skip
clocks = st.integers(0, 96).map(lambda quarter: quarter * 900)
# around the changes of the clock, where what is wrong shows
starts = st.sampled_from(
    [
        datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC),
        datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 4, 4, tzinfo=UTC), datetime(2026, 10, 3, tzinfo=UTC),
        datetime(2011, 12, 30, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC),
    ]
).flatmap(
    lambda day: st.integers(-129_600, 129_600).map(lambda off: day + timedelta(seconds=off))
)  # fmt: skip


@st.composite
def calendars_made(draw: st.DrawFn) -> Calendar:
    hours: dict[str, list[str]] = {}
    for day in WEEKDAYS:
        edges = sorted(draw(st.sets(clocks, max_size=4)))
        pairs = list(zip(edges[::2], edges[1::2], strict=False))
        hours[day] = [f"{_clock(start)}-{_clock(until)}" for start, until in pairs]
    holidays = draw(st.sets(st.dates(date(2026, 3, 27), date(2026, 4, 6)), max_size=2))
    return calendars.read(
        draw(st.sampled_from(ZONES)),
        hours,
        {day.isoformat(): "closed" for day in holidays},
        draw(st.sampled_from(["", "DE", "US-CA"])),
    )


@st.composite
def pauses_made(draw: st.DrawFn, start: datetime) -> list[Span]:
    """Up to three, which may touch, overlap or lie before the start."""
    spans = draw(
        st.lists(st.tuples(st.integers(-7_200, 40_000), st.integers(1, 40_000)), max_size=3)
    )
    begun = [(start + timedelta(seconds=since), length) for since, length in spans]
    return sorted((since, since + timedelta(seconds=length)) for since, length in begun)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


@pytest.mark.slow
@settings(max_examples=40)
@given(st.data(), starts, calendars_made(), st.integers(1, 20_000))
def test_it_is_the_second_that_the_oracle_counts(
    data: st.DataObject, start: datetime, calendar: Calendar, seconds: int
) -> None:
    pauses = data.draw(pauses_made(start))
    due = sla.deadline(start, seconds, calendar, pauses)
    assume(due - start < timedelta(days=4))

    assert due == oracle(start, seconds, calendar, pauses)


@settings(max_examples=40)
@given(st.data(), starts, calendars_made(), st.integers(1, 50_000))
def test_what_was_given_has_passed_at_the_deadline(
    data: st.DataObject, start: datetime, calendar: Calendar, seconds: int
) -> None:
    pauses = data.draw(pauses_made(start))
    due = sla.deadline(start, seconds, calendar, pauses)

    assert sla.elapsed(start, due, calendar, pauses) == timedelta(seconds=seconds)
    before = due - timedelta(seconds=1)
    assert sla.elapsed(start, before, calendar, pauses) == timedelta(seconds=seconds - 1)


@given(starts, calendars_made(), st.integers(1, 10_000), st.integers(1, 10_000))
def test_to_wait_in_two_parts_is_to_wait(
    start: datetime, calendar: Calendar, first: int, second: int
) -> None:
    halfway = sla.deadline(start, first, calendar)

    assert sla.deadline(halfway, second, calendar) == sla.deadline(start, first + second, calendar)


@pytest.mark.parametrize(
    ("start", "calendar", "said"),
    [
        ("2026-11-16 14:35", berlin(), "4 h of Mon–Fri 09:00–17:00 Berlin → Tue 10:35"),
        (
            "2026-11-16 14:35",
            berlin({"monday": ["09:00-13:00", "14:00-15:00"], "friday": ["10:00-16:00"]}),
            "4 h of Mon 09:00–13:00 and 14:00–15:00, Fri 10:00–16:00 Berlin → Fri 13:35",
        ),
        (
            "2026-12-23 15:00",
            calendars.read("Europe/Berlin", OFFICE, {"2026-12-24": "Christmas Eve"}),
            "4 h of Mon–Fri 09:00–17:00 Berlin without 24 Dec Christmas Eve → Fri 11:00",
        ),
        ("2026-11-16 14:35", None, "4 h → Mon 17:35 UTC"),
    ],
)
def test_a_deadline_says_how_it_comes_about(
    start: str, calendar: Calendar | None, said: str
) -> None:
    assert sla.derivation(at(start), 4 * 3600, calendar) == said


@given(starts, calendars_made(), st.integers(60, 50_000))
def test_the_words_end_in_the_deadline(start: datetime, calendar: Calendar, seconds: int) -> None:
    due = sla.deadline(start, seconds, calendar)
    said = sla.derivation(start, seconds, calendar)

    zone = UTC if calendar.always_open else calendar.zone
    assert said.endswith(f"{due.astimezone(zone):%H:%M}{' UTC' if zone is UTC else ''}")


def test_far_away_the_words_name_the_day() -> None:
    calendar = berlin({"monday": ["09:00-17:00"]})

    said = sla.derivation(at("2026-12-14 09:00"), 24 * 3600, calendar)

    assert said.endswith("→ Mon 28 Dec 17:00")


@pytest.mark.parametrize(
    ("zone", "hours", "holidays", "sentence"),
    [
        ("Mars/Base", {}, {}, "Mars/Base is no time zone. Write one such as Europe/Berlin."),
        ("../etc/passwd", {}, {}, "../etc/passwd is no time zone."),
        ("UTC", {"mo": ["09:00-17:00"]}, {}, "mo is no weekday."),
        ("UTC", {"monday": ["9-17"]}, {}, "9-17 are no hours for monday."),
        ("UTC", {"monday": ["17:00-09:00"]}, {}, "a night goes over two days"),
        ("UTC", {"monday": ["09:00-12:00", "11:00-13:00"]}, {}, "The hours of monday overlap."),
        ("UTC", {}, {"2026-02-30": "never"}, "2026-02-30 is no day. Write it as 2027-01-06."),
    ],
)
def test_hours_that_cannot_be_read_are_refused_in_a_sentence(
    zone: str, hours: dict[str, list[str]], holidays: dict[str, str], sentence: str
) -> None:
    with pytest.raises(CalendarRefused) as refused:
        calendars.read(zone, hours, holidays)

    assert sentence in str(refused.value)


def test_a_calendar_that_never_opens_gives_no_deadline() -> None:
    years = {(date(2026, 1, 1) + timedelta(days=n)).isoformat(): "" for n in range(1500)}

    with pytest.raises(sla.NeverOpens):
        sla.deadline(at("2026-11-16 10:00"), 60, calendars.read("UTC", {}, years))
