"""Weeks of a queue that was counted: busy by day, quiet by night, forecast for two days."""

import math
import random
from datetime import timedelta

from django.utils import timezone

from handoffs.models import Queue, QueueRate
from oversight.models import Forecast, QueueFigures, QueueHour
from oversight.queues import hours


def have_weeks(queue: Queue) -> None:
    now = hours.start(timezone.now())
    chance = random.Random(5)
    counted = [_hour(queue, now - number * hours.HOUR, chance) for number in range(1, 6 * 168)]
    QueueHour.objects.bulk_create(counted)
    Forecast.objects.bulk_create(_forecast(hour, chance) for hour in counted[:48] if hour.came > 2)
    QueueFigures.objects.create(
        queue=queue, measured_at=now, handling_seconds=262, handling_spread=0.8, handled=2140,
        deadline_seconds=3600, escalated_share=0.124,
    )  # fmt: skip
    QueueRate.objects.update_or_create(
        queue=queue,
        defaults={
            "measured_at": timezone.now(), "hands": 3.4, "finished_per_hour": 41,
            "handling_seconds": 250, "handling_count": 200,
        },
    )  # fmt: skip


def _hour(queue: Queue, at: object, chance: random.Random) -> QueueHour:
    clock = at.hour  # type: ignore[attr-defined]
    usual = 3 + 55 * max(0.0, math.sin((clock - 6) / 14 * math.pi)) if 6 <= clock < 20 else 2
    came = max(0, round(chance.gauss(usual, math.sqrt(usual))))
    hands = 4.6 if 8 <= clock < 18 else 0.6
    late = round(came * 0.02)
    return QueueHour(
        queue=queue, starts_at=at, came=came, taken=came - late,
        wait_seconds=(came - late) * chance.uniform(40, 400), in_time=came - late, late=late,
        samples=60, hands=60 * hands,
    )  # fmt: skip


def _forecast(hour: QueueHour, chance: random.Random) -> Forecast:
    middle = chance.uniform(100, 300)
    return Forecast(
        queue=hour.queue, starts_at=hour.starts_at,
        made_at=hour.starts_at - timedelta(minutes=12), came=hour.came, hands=4.6,
        wait_seconds=middle, wait_low=middle * 0.3, wait_high=middle * 1.9,
        in_time=0.985, in_time_low=0.93, in_time_high=1,
    )  # fmt: skip
