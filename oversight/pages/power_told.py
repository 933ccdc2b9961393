"""The power of tests for programs: JSON, and a line of CSV for each fall."""

import csv
import io
import math
from typing import Any

from oversight.statistics import power
from oversight.statistics.power import Power, Team

_COLUMNS = (
    "caught_before", "caught_after", "mean_days", "nine_in_ten_days",
    "nine_in_ten_days_if_drawn", "told_mean_days", "told_nine_in_ten_days", "tests_a_day",
    "threshold", "days_between_false_alarms",
)  # fmt: skip


def as_json(team: Team) -> dict[str, Any]:
    found = power.reckon(team)
    return {
        "reviews_a_day": team.reviews,
        "people": team.people,
        "rate": {"wanted": team.rate, "used": round(found.rate, 6), "limited_by": found.limit},
        "tests_a_person_and_week": round(found.weekly, 4),
        "minutes_a_person_and_week": round(found.weekly_minutes, 4),
        "false_alarms_a_year": team.false_alarms,
        "this_fall": _fall(found),
        "other_falls": [_fall(fall.power) for fall in power.falls(team)],
        "other_rates": [
            {
                "rate": one.rate,
                "tests_a_person_and_week": round(one.weekly, 4),
                **_fall(one),
            }
            for one in power.rates(team)
        ],
    }


def as_csv(team: Team) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_fall(fall.power) for fall in power.falls(team))
    return out.getvalue()


def _fall(found: Power) -> dict[str, Any]:
    return {
        "caught_before": found.team.before,
        "caught_after": found.team.after,
        "mean_days": _days(found.mean),
        "nine_in_ten_days": _days(found.nine),
        "nine_in_ten_days_if_drawn": _days(found.nine_drawn),
        "told_mean_days": _days(found.told),
        "told_nine_in_ten_days": _days(found.told_nine),
        "tests_a_day": round(found.tests, 4),
        "threshold": round(found.chart.threshold, 3),
        "days_between_false_alarms": _days(found.false_alarm_days),
    }


def _days(days: float | None) -> float | None:
    return None if days is None or math.isinf(days) else round(days, 2)
