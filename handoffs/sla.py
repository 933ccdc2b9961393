"""Deadlines and durations, in figures and in words."""

from datetime import datetime, timedelta


def deadline(now: datetime, seconds: int) -> datetime:
    """Return when something has to be answered."""
    return now + timedelta(seconds=seconds)


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
