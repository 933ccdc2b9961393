"""What is done every minute, in this order: note, settle, sample, and say what comes next."""

from datetime import datetime

from oversight.queues import arrivals, forecasts, hours


def count(*, now: datetime) -> None:
    """Note what came, see what became of it, count hands, and say how the next hour will go."""
    arrivals.note_new(now=now)
    arrivals.settle_due(now=now)
    hours.sample(now=now)
    forecasts.make(now=now)


def forget(*, now: datetime) -> None:
    """Let go of what is counted and past."""
    arrivals.forget(now=now)
    forecasts.forget(now=now)
