"""Times in words. The server's clock speaks; the browser only counts along."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

SOON_SECONDS = 15 * 60


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A time as a person says it; `state` is calm, soon or late."""

    iso: str
    clock: str
    phrase: str
    state: str


def span(seconds: float) -> str:
    """Say a length of time with at most two units: 40 s, 22 min, 1 h 20 min, 3 d 4 h."""
    left = max(0, int(seconds))
    if left < 60:
        return f"{left} s"
    minutes, hours, days = left // 60, left // 3600, left // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"


def clock(at: datetime, now: datetime) -> str:
    """Say when, leaving out the day when it is today."""
    if at.date() == now.date():
        return f"{at:%H:%M}"
    if abs((at - now).days) < 6:
        return f"{at:%a %H:%M}"
    return f"{at:%-d %b %H:%M}" if at.year == now.year else f"{at:%-d %b %Y}"


def day_and_clock(at: datetime, zone: ZoneInfo) -> str:
    """Say when for whoever reads it elsewhere and later: Sat 21 Nov 16:40 Berlin time."""
    if zone.key in ("UTC", "Etc/UTC"):
        return f"{at.astimezone(zone):%a %-d %b %H:%M} UTC"
    city = zone.key.rsplit("/", 1)[-1].replace("_", " ")
    return f"{at.astimezone(zone):%a %-d %b %H:%M} {city} time"


def until(at: datetime, now: datetime, *, urgent: bool | None = None) -> Moment:
    """Describe a time to come: in 1 h 20 min, or late by 5 min.

    It is soon where its row's urgent time says so; without one, a quarter of an hour before.
    """
    left = (at - now).total_seconds()
    soon = left < SOON_SECONDS if urgent is None else urgent
    state = "late" if left < 0 else "soon" if soon else "calm"
    phrase = f"in {span(left)}" if left >= 0 else f"late by {span(-left)}"
    return Moment(iso=at.isoformat(), clock=clock(at, now), phrase=phrase, state=state)


def since(at: datetime, now: datetime) -> Moment:
    """Describe a time gone by: 22 min ago."""
    phrase = f"{span((now - at).total_seconds())} ago"
    return Moment(iso=at.isoformat(), clock=clock(at, now), phrase=phrase, state="calm")
