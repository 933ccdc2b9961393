"""Put together how many people a queue needs hour by hour, from what is measured or assumed."""

from dataclasses import dataclass, replace
from datetime import datetime

from handoffs import queries, rates
from handoffs.models import Queue
from oversight.models import QueueFigures
from oversight.queues import forecasts, profiles
from oversight.queues.forecasts import Pair
from oversight.queues.profiles import Cell, Profile
from oversight.statistics import plans
from oversight.statistics.plans import Outlook, Scaled, Work

MEASURED, ASSUMED, TYPED = "measured", "assumed", "typed"
USUAL_HANDLING, USUAL_DEADLINE = rates.ASSUMED_HANDLING_SECONDS, forecasts.USUAL_DEADLINE


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What somebody wants to reckon with instead; None: as it is measured."""

    arrivals: float | None = None
    handling_minutes: float | None = None
    deadline_minutes: float | None = None
    people: int | None = None
    target_percent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure and where it comes from."""

    value: float
    source: str


@dataclass(frozen=True, kw_only=True)
class Hour:
    """One hour of the week: what comes, who is needed, who is there, how it goes then."""

    weekday: int
    hour: int
    work: Work
    needed: int
    # on average, or as typed; None: nobody was ever counted
    there: float | None
    outlook: Outlook

    @property
    def is_short(self) -> bool:
        return self.there is not None and round(self.there) < self.needed


@dataclass(frozen=True, kw_only=True)
class Now:
    """The queue at this moment."""

    waiting: int
    hands: float
    next_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """All that the page, the CSV and the JSON tell of a queue, or of mere assumptions."""

    queue: Queue | None
    zone: str
    handling: Figure
    handled: int
    deadline: Figure
    target: float
    arrivals_source: str
    hours_seen: int
    came: int
    hours: list[Hour]
    # which weekday was asked for; None: one hour stands for all
    weekday: int | None
    busiest: Hour
    around: list[Outlook]
    scaled: list[Scaled]
    escalated_share: float | None
    now: Now | None
    pairs: list[Pair]

    @property
    def person_hours(self) -> int:
        """How many hours of people a week needs."""
        return sum(hour.needed for hour in self.hours)

    @property
    def shown(self) -> list[Hour]:
        if self.weekday is None:
            return self.hours
        return [hour for hour in self.hours if hour.weekday == self.weekday]


def of_queue(queue: Queue, typed: Typed, *, weekday: int | None, now: datetime) -> Capacity:
    """Plan for a queue as it is measured, with what was typed instead."""
    profile = profiles.read(queue, now=now)
    figures = QueueFigures.objects.filter(queue=queue).first() or QueueFigures()
    handling = _figure(typed.handling_minutes, figures.handling_seconds, USUAL_HANDLING)
    deadline = _figure(
        typed.deadline_minutes, figures.deadline_seconds or _shortest_deadline(queue, now),
        USUAL_DEADLINE,
    )  # fmt: skip
    work = _work(typed, handling, deadline)
    hours = [_hour(cell, work, typed) for cell in profile.cells if cell.is_open or cell.work]
    return _capacity(
        queue=queue,
        typed=typed,
        profile=profile,
        figures=figures,
        handling=handling,
        deadline=deadline,
        hours=hours or [_flat(work, typed)],
        weekday=now.astimezone(profile.zone).weekday() if weekday is None else weekday,
        pairs=forecasts.pairs(queue, now=now),
        now=_now(queue),
    )


def of_assumptions(typed: Typed) -> Capacity:
    """Plan for a queue that is not there yet: the same hour, all the time."""
    handling = _figure(typed.handling_minutes, None, USUAL_HANDLING)
    deadline = _figure(typed.deadline_minutes, None, USUAL_DEADLINE)
    return _capacity(
        queue=None,
        typed=typed,
        profile=None,
        figures=QueueFigures(),
        handling=handling,
        deadline=deadline,
        hours=[_flat(_work(typed, handling, deadline), typed)],
        weekday=None,
        pairs=[],
        now=None,
    )


def _capacity(
    *, queue: Queue | None, typed: Typed, profile: Profile | None, figures: QueueFigures,
    handling: Figure, deadline: Figure, hours: list[Hour], weekday: int | None,
    pairs: list[Pair], now: Now | None,
) -> Capacity:  # fmt: skip
    busiest = max(hours, key=lambda hour: (hour.work.load, hour.needed))
    people = busiest.outlook.people
    return Capacity(
        queue=queue,
        zone=profile.zone.key if profile else "",
        handling=handling,
        handled=figures.handled,
        deadline=deadline,
        target=busiest.work.target,
        arrivals_source=TYPED if typed.arrivals is not None else MEASURED if queue else ASSUMED,
        hours_seen=profile.hours_seen if profile else 0,
        came=profile.came if profile else 0,
        hours=hours,
        weekday=weekday,
        busiest=busiest,
        around=plans.around(busiest.work, people),
        scaled=plans.scaled(busiest.work, people),
        escalated_share=figures.escalated_share,
        now=now,
        pairs=pairs,
    )


def _figure(minutes: float | None, measured: float | None, usual: float) -> Figure:
    if minutes is not None:
        return Figure(value=minutes * 60, source=TYPED)
    if measured:
        return Figure(value=measured, source=MEASURED)
    return Figure(value=usual, source=ASSUMED)


def _shortest_deadline(queue: Queue, now: datetime) -> float | None:
    """Return what the matrix says for this queue, where nothing came to it yet."""
    rows = queue.rows.filter(effective_from__lte=now).exclude(effective_until__lte=now)
    return rows.order_by("deadline_seconds").values_list("deadline_seconds", flat=True).first()


def _work(typed: Typed, handling: Figure, deadline: Figure) -> Work:
    target = plans.TARGET if typed.target_percent is None else typed.target_percent / 100
    return Work(
        arrivals=0.0,
        handling_seconds=handling.value,
        deadline_seconds=deadline.value,
        target=target,
    )


def _hour(cell: Cell, work: Work, typed: Typed) -> Hour:
    arrivals = cell.work if typed.arrivals is None else typed.arrivals
    return _planned(cell.weekday, cell.hour, replace(work, arrivals=arrivals), typed, cell.hands)


def _flat(work: Work, typed: Typed) -> Hour:
    return _planned(0, 0, replace(work, arrivals=typed.arrivals or 0.0), typed, None)


def _planned(weekday: int, hour: int, work: Work, typed: Typed, hands: float | None) -> Hour:
    # figures in the third place change nothing, and what is equal is reckoned once
    work = replace(work, arrivals=round(work.arrivals, 2))
    needed = plans.needed(work)
    there = hands if typed.people is None else float(typed.people)
    people = needed if there is None else round(there)
    return Hour(
        weekday=weekday,
        hour=hour,
        work=work,
        needed=needed,
        there=there,
        outlook=plans.outlook(work, people),
    )


def _now(queue: Queue) -> Now:
    rate = rates.of([queue.pk]).get(queue.pk)
    _, waiting = queries.room(queue.pk)
    return Now(
        waiting=waiting,
        hands=rate.hands if rate else 0.0,
        next_seconds=rates.wait_seconds(rate, waiting),
    )
