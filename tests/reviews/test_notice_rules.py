"""When somebody is told: at once in their hours, gathered on the hour or on the day."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from handoffs import calendars
from reviews.notice_rules import Hours, How, due

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = calendars.read(
    "Europe/Berlin",
    {day: ["09:00-17:00"] for day in calendars.WEEKDAYS[:5]},
    {"2026-11-25": "Closed"},
)


def at(text: str) -> datetime:
    """Read a moment of November 2026 on a Berlin clock; the 23rd is a Monday."""
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("23 10:00", "23 10:00"),
        ("23 08:59", "23 09:00"),
        ("23 17:00", "24 09:00"),
        ("24 18:00", "26 09:00"),
        ("27 20:00", "30 09:00"),
    ],
)
def test_at_once_is_within_the_hours(now: str, told: str) -> None:
    hours = Hours(calendar=OFFICE, zone=BERLIN)

    assert due(at(now), how=How.AT_ONCE, hours=hours) == at(told)
    assert due(at(now), how=How.AT_ONCE, hours=hours, wakes=True) == at(now)
    assert hours.here(at(now)) == (now == told)


@pytest.mark.parametrize(
    ("now", "hour", "told"),
    [
        ("23 10:20", None, "23 11:00"),
        ("23 10:00", None, "23 11:00"),
        ("23 16:30", None, "24 09:00"),
        ("23 03:00", None, "23 10:00"),
        ("23 10:20", 16, "23 16:00"),
        ("23 16:00", 16, "24 16:00"),
        ("23 10:20", 7, "24 09:00"),
        ("24 16:30", 16, "26 09:00"),
    ],
)
def test_what_is_gathered_comes_on_the_hour_or_on_the_day(
    now: str, hour: int | None, told: str
) -> None:
    hours = Hours(calendar=OFFICE, zone=BERLIN, digest_hour=hour)

    assert due(at(now), how=How.DIGEST, hours=hours) == at(told)


def test_the_hour_of_the_day_is_theirs_on_both_sides_of_summer_time() -> None:
    hours = Hours(zone=BERLIN, digest_hour=8)

    before = due(datetime(2026, 10, 24, 12, tzinfo=UTC), how=How.DIGEST, hours=hours)
    after = due(datetime(2026, 10, 25, 12, tzinfo=UTC), how=How.DIGEST, hours=hours)

    assert [before.hour, after.hour] == [7, 7]
    assert due(datetime(2026, 10, 23, 12, tzinfo=UTC), how=How.DIGEST, hours=hours).hour == 6


def test_nobody_is_told_while_they_are_away() -> None:
    hours = Hours(calendar=OFFICE, zone=BERLIN, away_until=at("26 12:00"))

    assert due(at("23 10:00"), how=How.AT_ONCE, hours=hours) == at("26 12:00")
    assert due(at("23 10:00"), how=How.DIGEST, hours=hours) == at("26 13:00")
    assert not hours.here(at("23 10:00"))
