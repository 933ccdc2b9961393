from datetime import UTC, datetime, timedelta

import pytest

from handoffs import sla

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


def test_deadline_is_seconds_from_now() -> None:
    assert sla.deadline(NOW, 3600) == datetime(2030, 1, 31, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"), (-5, "0 s"), (45, "45 s"), (60, "1 min"), (125, "2 min"), (3600, "1 h"),
        (7800, "2 h 10 min"), (3605, "1 h"), (86_399, "23 h 59 min"), (86_400, "1 d"),
        (273_600, "3 d 4 h"), (86_460, "1 d"), (59.6, "1 min"),
    ],
)  # fmt: skip
def test_duration_in_words(seconds: float, said: str) -> None:
    assert sla.in_words(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(7800, "in 2 h 10 min"), (-300, "5 min ago"), (0.4, "now")]
)
def test_distance_in_words(seconds: float, said: str) -> None:
    assert sla.until(NOW + timedelta(seconds=seconds), NOW) == said
