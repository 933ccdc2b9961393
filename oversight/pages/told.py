"""The same figures for programs: JSON, and one line of CSV for each hour of the week."""

import csv
import io
import math
from typing import Any

from handoffs.calendars import WEEKDAYS
from oversight.queues.capacity import Capacity, Figure, Hour
from oversight.queues.forecasts import Pair
from oversight.statistics.plans import Outlook

_COLUMNS = (
    "weekday", "hour", "arrivals", "needed", "there", "people", "wait_seconds",
    "wait_of_nine_seconds", "in_time", "in_time_if_deadlines_vary", "busy",
)  # fmt: skip


def as_json(found: Capacity) -> dict[str, Any]:
    return {
        "queue": found.queue.slug if found.queue else None,
        "time_zone": found.zone or None,
        "handling_seconds": _figure(found.handling),
        "deadline_seconds": _figure(found.deadline),
        "target": found.target,
        "arrivals": {"source": found.arrivals_source, "hours_seen": found.hours_seen},
        "escalated_share": found.escalated_share,
        "person_hours": found.person_hours,
        "hours": [_hour(hour) for hour in found.hours],
        "busiest": _hour(found.busiest),
        "one_fewer_one_more": [_outlook(one) for one in found.around],
        "other_escalation_rates": [
            {
                "factor": one.factor,
                "arrivals": one.work.arrivals,
                "needed": one.needed,
                **_outlook(one.now),
            }
            for one in found.scaled
        ],
        "forecasts": [_pair(pair) for pair in found.pairs],
    }


def as_csv(found: Capacity) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_hour(hour) for hour in found.hours)
    return out.getvalue()


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "source": figure.source}


def _hour(hour: Hour) -> dict[str, Any]:
    return {
        "weekday": WEEKDAYS[hour.weekday],
        "hour": hour.hour,
        "arrivals": hour.work.arrivals,
        "needed": hour.needed,
        "there": None if hour.there is None else round(hour.there, 2),
        **_outlook(hour.outlook),
    }


def _outlook(one: Outlook) -> dict[str, Any]:
    return {
        "people": one.people,
        "wait_seconds": _finite(one.wait),
        "wait_of_nine_seconds": _finite(one.wait_of_nine),
        "in_time": round(one.in_time, 6),
        "in_time_if_deadlines_vary": round(one.in_time_varied, 6),
        "busy": round(one.busy, 4),
    }


def _finite(seconds: float) -> float | None:
    """Return null where it grows without end: JSON knows no infinity."""
    return None if math.isinf(seconds) else round(seconds, 1)


def _pair(pair: Pair) -> dict[str, Any]:
    said = pair.said
    return {
        "starts_at": said.starts_at.isoformat(),
        "said_at": said.made_at.isoformat(),
        "came": pair.came,
        "wait_seconds": {
            "said": round(said.wait_seconds, 1),
            "low": round(said.wait_low, 1),
            "high": round(said.wait_high, 1),
            "came_to": None if pair.wait is None else round(pair.wait, 1),
            "inside": pair.wait_inside,
        },
        "in_time": {
            "said": round(said.in_time, 4),
            "low": round(said.in_time_low, 4),
            "high": round(said.in_time_high, 4),
            "came_to": pair.in_time,
            "inside": pair.in_time_inside,
        },
    }
