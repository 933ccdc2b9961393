"""Until when a handoff gathers with others of its kind before it is offered, where its row lets it.

Windows lie on a grid that is the same for everybody: one of thirty minutes ends at every half hour.
So whatever gathers for as long is offered at the same moment, and nothing has to be looked up, kept
or waited for to know when (ADR 0031).
"""

from datetime import UTC, datetime, timedelta

# no window outlives a quarter of the time there is
PART = 4
_GRID_BEGINS = datetime(2024, 1, 1, tzinfo=UTC)


def window(batch_seconds: int, deadline_seconds: int) -> int:
    """Return for how long a row lets handoffs gather: never longer than a quarter of its time."""
    return min(batch_seconds, deadline_seconds // PART)


def until(now: datetime, seconds: int, *, due_at: datetime, urgent_at: datetime) -> datetime | None:
    """Return when the window ends in which a handoff that comes now gathers; None: it does not."""
    if seconds <= 0:
        return None
    length = timedelta(seconds=seconds)
    end = now + length - (now - _GRID_BEGINS) % length
    return within(end, now=now, due_at=due_at, urgent_at=urgent_at)


def within(
    end: datetime | None, *, now: datetime, due_at: datetime, urgent_at: datetime
) -> datetime | None:
    """Cut a window: a quarter of the way to the deadline at most, and never while it is urgent."""
    if end is None:
        return None
    cut = min(end, now + (due_at - now) / PART, urgent_at)
    return cut if cut > now else None
