"""Hours, absences and what is typed of them, in the person's own time zone."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import QueryDict

from handoffs.calendars import WEEKDAYS
from reviews.errors import AbsenceShape

_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-"})


def hours(typed: QueryDict) -> dict[str, Any]:
    """Read a line of times for each weekday: "09:00-12:00, 13:00-17:00", or "9-17"."""
    return {
        "time_zone": typed.get("time_zone", "").strip(),
        "hours": {day: _times(typed.get(day, "")) for day in WEEKDAYS},
        "assignable": bool(typed.get("assignable")),
    }


def _times(text: str) -> list[str]:
    parts = re.split(r"[,;]|\s(?=\d)", re.sub(r"\s*-\s*", "-", text.translate(_DASHES)))
    return [_span(part.strip()) for part in parts if part.strip()]


def _span(text: str) -> str:
    """Write out what people leave out; what is no span stays as it is, to be refused."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d\d))?-(\d{1,2})(?:[:.](\d\d))?", text)
    if found is None:
        return text
    hour, minute, to_hour, to_minute = (part or "0" for part in found.groups())
    return f"{int(hour):02}:{int(minute):02}-{int(to_hour):02}:{int(to_minute):02}"


def absence(typed: QueryDict, zone: ZoneInfo) -> Mapping[str, Any]:
    """Read from when until when; raises AbsenceShape for what is no time."""
    return {
        "starts_at": _moment(typed.get("from", ""), zone),
        "ends_at": _moment(typed.get("until", ""), zone),
        "stand_in": _number(typed.get("stand_in", "")),
    }


def _moment(text: str, zone: ZoneInfo) -> datetime:
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise AbsenceShape from None
    if typed.tzinfo is not None:
        raise AbsenceShape
    return typed.replace(tzinfo=zone)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
