"""What usually comes in an hour of a queue's week: as seen, or as in the busiest that was."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from oversight.queues.profiles import HOURS_A_WEEK, Cell, Profile

# a Wednesday
TEN = datetime(2026, 11, 18, 10, 30, tzinfo=ZoneInfo("UTC"))


def profile(**came: int) -> Profile:
    """Make a queue's week of which some hours of Wednesday were seen twice, each with so many."""
    cells = [
        Cell(weekday=number // 24, hour=number % 24, is_open=True) for number in range(HOURS_A_WEEK)
    ]
    for name, many in came.items():
        cells[48 + int(name.removeprefix("at"))] = Cell(
            weekday=2, hour=int(name.removeprefix("at")), is_open=True, weeks=2, came=many
        )
    return Profile(zone=ZoneInfo("UTC"), cells=cells, hours_seen=0, came=0)


def test_an_hour_that_was_seen_counts_alone() -> None:
    assert profile(at9=80, at10=0).usual(TEN) == 0
    assert profile(at9=80, at10=24).usual(TEN) == 12


def test_before_it_was_seen_the_busiest_hour_does() -> None:
    assert profile(at8=80, at9=20).usual(TEN) == 40
    assert profile(at8=80, at9=20, at10=10).usual(TEN + timedelta(hours=1)) == 40


def test_without_a_past_nothing_is_usual() -> None:
    assert profile().usual(TEN) is None
