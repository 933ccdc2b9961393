"""Say beforehand how the next hour of each queue will go, and afterwards how true that was."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from handoffs import rates
from handoffs.models import Queue, QueueDepth
from handoffs.rates import Rate
from oversight.models import Forecast, QueueFigures, QueueHour
from oversight.queues import hours, profiles
from oversight.queues.profiles import Profile
from oversight.statistics import foresight
from oversight.statistics.foresight import Foreseen, Known
from reviews.models import Claim

# said this long before the hour begins, at the earliest
AHEAD = timedelta(minutes=15)
# of fewer arrivals an hour nothing is said: one of them is the whole truth about it
FEWEST = 1.0
# an hour of the week says what to expect once it was seen so often
WEEKS_ENOUGH = 2
# where nothing is measured: how widely handling times usually vary, and four hours
USUAL_SPREAD, USUAL_DEADLINE = 0.8, 4 * 3600.0
SHOWN = timedelta(days=7)
KEPT = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What was said of an hour, and what it came to."""

    said: Forecast
    wait: float | None
    in_time: float | None
    came: int

    @property
    def wait_inside(self) -> bool | None:
        if self.wait is None:
            return None
        return self.said.wait_low <= self.wait <= self.said.wait_high

    @property
    def in_time_inside(self) -> bool | None:
        if self.in_time is None:
            return None
        return self.said.in_time_low <= self.in_time <= self.said.in_time_high


def make(*, now: datetime) -> int:
    """Say how the next hour of each queue will go, once, shortly before it begins."""
    begins = hours.start(now) + hours.HOUR
    if begins - now > AHEAD:
        return 0
    made = Forecast.objects.filter(starts_at=begins).values("queue")
    queues = list(Queue.objects.exclude(pk__in=made).order_by("pk"))
    measured = rates.of(queue.pk for queue in queues)
    count = 0
    for queue in queues:
        count += _make_one(queue, measured.get(queue.pk), begins, now)
    return count


def _make_one(queue: Queue, rate: Rate | None, begins: datetime, now: datetime) -> bool:
    profile = profiles.read(queue, now=now)
    if not profile.at(begins).is_open:
        return False
    known = _known(queue, profile, rate, begins, now)
    if known is None:
        return False
    foreseen = foresight.foresee(known, seed=f"{queue.pk} {begins.isoformat()}")
    if foreseen is None:
        return False
    _, made = Forecast.objects.get_or_create(
        queue=queue, starts_at=begins, defaults=_fields(known, foreseen) | {"made_at": now}
    )
    return made


def _known(
    queue: Queue, profile: Profile, rate: Rate | None, begins: datetime, now: datetime
) -> Known | None:
    """Gather what is known of a queue; None where too little comes, or nobody is ever there."""
    cell = profile.at(begins)
    usual = cell.weeks >= WEEKS_ENOUGH
    live = rate is not None and rate.is_fresh
    arrivals = cell.work if usual else rate.arrivals_per_hour if live and rate else 0.0
    hands = (
        cell.hands if usual and cell.hands is not None else rate.hands if live and rate else None
    )
    if arrivals < FEWEST or not hands:
        return None
    figures = QueueFigures.objects.filter(queue=queue).first() or QueueFigures()
    return Known(
        arrivals=arrivals,
        hours_seen=cell.weeks if usual else 1,
        handling_seconds=figures.handling_seconds or _handling(rate),
        spread=figures.handling_spread or USUAL_SPREAD,
        hands=hands,
        deadline_seconds=figures.deadline_seconds or USUAL_DEADLINE,
        waiting=_waiting(queue),
        lead_seconds=(begins - now).total_seconds(),
    )


def _waiting(queue: Queue) -> int:
    """Return how many wait that nobody has taken."""
    depth = QueueDepth.objects.filter(queue=queue).aggregate(now=Sum("waiting"))["now"] or 0
    held = Claim.objects.filter(ended_at__isnull=True, handoff__queue=queue).count()
    return max(0, depth - held)


def _handling(rate: Rate | None) -> float:
    return rate.handling if rate else rates.ASSUMED_HANDLING_SECONDS


def _fields(known: Known, foreseen: Foreseen) -> dict[str, float]:
    return {
        "came": known.arrivals,
        "hands": known.hands,
        "wait_seconds": foreseen.wait.middle,
        "wait_low": foreseen.wait.low,
        "wait_high": foreseen.wait.high,
        "in_time": foreseen.in_time.middle,
        "in_time_low": foreseen.in_time.low,
        "in_time_high": foreseen.in_time.high,
    }


def pairs(queue: Queue, *, now: datetime, since: timedelta = SHOWN) -> list[Pair]:
    """Return what was said of the last days' hours beside what they came to, oldest first.

    Only hours of which everything is known: as long as one of their handoffs may still be late,
    nothing is said about them.
    """
    said = Forecast.objects.filter(queue=queue, starts_at__gte=now - since).order_by("starts_at")
    hours_by_start = {
        hour.starts_at: hour
        for hour in QueueHour.objects.filter(queue=queue, starts_at__gte=now - since)
    }
    return list(_pairs(said.filter(starts_at__lt=hours.start(now)), hours_by_start))


def _pairs(said: Iterable[Forecast], found: dict[datetime, QueueHour]) -> Iterator[Pair]:
    for one in said:
        hour = found.get(one.starts_at)
        if hour is None or hour.undecided or not hour.came:
            continue
        ended = hour.in_time + hour.late
        yield Pair(
            said=one,
            came=hour.came,
            wait=hour.wait_seconds / hour.taken if hour.taken else None,
            in_time=hour.in_time / ended if ended else None,
        )


def forget(*, now: datetime) -> int:
    """Let go of what was said more than a year ago, and of the hours it was about."""
    gone, _ = Forecast.objects.filter(starts_at__lt=now - KEPT).delete()
    more, _ = QueueHour.objects.filter(starts_at__lt=now - KEPT).delete()
    return gone + more
