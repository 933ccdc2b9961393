"""How a workflow's queues stand now: what agents are told, and people see.

Each step has two marks, one to enter it and a lower one to leave it again, so that nothing flaps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from handoffs import compiled, rates, rooms
from handoffs.models import Workflow, WorkflowPressure
from handoffs.pause import Authority
from handoffs.rates import Rate
from handoffs.rooms import Room
from handoffs.states import Pressure

# shares of the room for all: of what waits there
CLOSED_FROM, CLOSED_UNTIL = 1.0, rooms.COME_BACK_AT
SLOW_FROM, SLOW_UNTIL = 0.8, 0.7
# half of it while nobody is there to work on it
ALONE_FROM, ALONE_UNTIL = 0.5, 0.4
# a new one would be urgent before its turn comes; and less than so much of that time again
LATE_FROM, LATE_UNTIL = 1.0, 0.8

_HIGHER = {Pressure.OPEN: 0, Pressure.SLOW: 1, Pressure.CLOSED: 2}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How one row's queues stand; of several, the one with most room left counts."""

    queue: str
    name: str
    waiting: int
    limit: int
    share: float
    # how long a new one would wait once it is offered, null: nothing to tell it by; and how long
    # from then on until it were urgent
    wait_seconds: float | None
    urgent_in: float
    nobody: bool

    def level(self, before: Pressure) -> Pressure:
        """Return the level that this asks for, from the one that held before."""
        if self.share >= (CLOSED_UNTIL if before is Pressure.CLOSED else CLOSED_FROM):
            return Pressure.CLOSED
        slow = before is not Pressure.OPEN
        late = (LATE_UNTIL if slow else LATE_FROM) * self.urgent_in
        if (
            self.share >= (SLOW_UNTIL if slow else SLOW_FROM)
            or (self.nobody and self.share >= (ALONE_UNTIL if slow else ALONE_FROM))
            or (self.wait_seconds is not None and self.wait_seconds > late > 0)
        ):
            return Pressure.SLOW
        return Pressure.OPEN

    @property
    def because(self) -> str:
        """Say it to people, in one sentence."""
        said = f"{self.name} has {self.waiting} of {self.limit} waiting"
        if self.nobody:
            return f"{said}, and nobody works there now."
        if self.wait_seconds is not None and self.wait_seconds > self.urgent_in > 0:
            return f"{said}; a new one would be urgent before its turn."
        return f"{said}."


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a workflow stands at this moment."""

    level: Pressure
    since: datetime | None
    because: str
    readings: tuple[Reading, ...]
    retry_after: int | None
    paused_since: datetime | None

    @property
    def fullest(self) -> Reading | None:
        return max(self.readings, key=lambda one: one.share, default=None)


def of(workflow: Workflow) -> Standing:
    """Read how a workflow stands: what was announced, or worse where it just became so."""
    kept = WorkflowPressure.objects.filter(workflow=workflow).first()
    readings, seconds = _read(workflow.pk)
    before = Pressure(kept.level) if kept else Pressure.OPEN
    paused = kept.paused_since if kept else None
    level = Pressure.CLOSED if paused else _worst(readings, before)
    shown = max(readings, key=lambda one: _HIGHER[one.level(before)] + one.share, default=None)
    return Standing(
        level=level,
        since=kept.since if kept and kept.level == level.value else None,
        because=shown.because if shown and level is not Pressure.OPEN else "",
        readings=tuple(readings),
        retry_after=None if level is Pressure.OPEN else _retry_after(level, seconds),
        paused_since=paused,
    )


def _retry_after(level: Pressure, seconds: float) -> int:
    """Tell who is asked to slow down to space what they ask; who is shut out, when to come."""
    return round(seconds if level is Pressure.CLOSED else max(seconds / 10, 1))


def _worst(readings: Iterable[Reading], before: Pressure) -> Pressure:
    levels = (one.level(before) for one in readings)
    return max(levels, key=_HIGHER.__getitem__, default=Pressure.OPEN)


def _read(workflow_id: int) -> tuple[list[Reading], float]:
    """Return how each row's queues stand, and after how long the fullest will have room."""
    heads: dict[tuple[int, bool], Authority] = {}
    for one in compiled.get(workflow_id).authorities.values():
        known = heads.get((one.queue_id, one.overflow is None))
        if known is None or one.urgent_in < known.urgent_in:
            heads[one.queue_id, one.overflow is None] = one
    queues = sorted({link.queue_id for one in heads.values() for link in one.chain})
    room, rate = rooms.read(queues), rates.of(queues)
    readings = [_reading(one, room, rate) for one in heads.values()]
    waits = [
        rooms.retry_after(room[one.queue_id], rate.get(one.queue_id)) for one in heads.values()
    ]
    return sorted(readings, key=lambda one: one.queue), max(waits, default=rooms.LEAST_SECONDS)


def _reading(head: Authority, room: Mapping[int, Room], rate: Mapping[int, Rate]) -> Reading:
    best = min(head.chain, key=lambda one: share(room[one.queue_id]))
    here, measured = room[best.queue_id], rate.get(best.queue_id)
    return Reading(
        queue=best.queue_slug,
        name=best.queue_name,
        waiting=here.waiting,
        limit=here.limit,
        share=share(here),
        wait_seconds=rates.wait_seconds(measured, here.waiting),
        urgent_in=best.urgent_in.total_seconds() - best.gather_seconds,
        nobody=measured is not None and measured.is_fresh and measured.reviewers_present == 0,
    )


def share(room: Room) -> float:
    """Return how much of the room for all is taken."""
    return room.waiting / room.for_all if room.for_all else 1.0


def whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
