"""Try again, politely: never before Retry-After, never past the deadline, never in step."""

import itertools
import os
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from overread import http, pace
from overread.errors import (
    OverreadError,
    PeopleBusy,
    PreconditionFailed,
    SlowDown,
    Unreachable,
)
from overread.flows import Flow, Sleep, Transmit
from overread.http import Door, Request, Response
from overread.pace import Pace
from overread.values import Run


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How long to wait between tries, in seconds."""

    first: float = 0.25
    longest: float = 20.0
    factor: float = 2.0

    def delay(self, attempt: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Choose the pause after a failed try.

        Without advice: anything up to a doubling ceiling, so that a crowd spreads out. With
        Retry-After: at least that, plus up to a tenth or a second, for the same reason.
        """
        if retry_after is not None:
            return retry_after + random() * max(1.0, retry_after / 10)
        return random() * self.ceiling(attempt)

    def ceiling(self, attempt: int) -> float:
        return min(self.longest, self.first * self.factor ** min(attempt - 1, 30))


class Recent:
    """The last few thousand ids of something; every thread of a client shares it."""

    def __init__(self, limit: int = 4096) -> None:
        self._ids: dict[str, None] = {}
        self._limit = limit
        self._lock = threading.Lock()

    def add(self, id: str) -> None:
        with self._lock:
            self._ids[id] = None
            if len(self._ids) > self._limit:
                del self._ids[next(iter(self._ids))]

    def __contains__(self, id: object) -> bool:
        return id in self._ids


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All a flow may know about its surroundings; the clock is monotonic seconds."""

    door: Door
    worker: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    deadline: float = 60.0
    attempt_timeout: float = 30.0
    backoff: Backoff = Backoff()
    # How long a call is slowed down by 429s; null: within its deadline.
    patience: float | None = None
    pace: Pace = field(default_factory=Pace, repr=False)
    # Answers whose run this client's gates have taken up.
    taken: Recent = field(default_factory=Recent, repr=False)


def send(settings: Settings, request: Request) -> Flow[Response]:
    """Send until it is answered, refused for good, or there is no time left for another pause.

    Where people are too busy, that time is the caller's `patience`, and PeopleBusy ends it.
    """
    started, slowed = settings.clock(), 0.0
    unclear = False
    for attempt in itertools.count(1):
        left = started + slowed + settings.deadline - settings.clock()
        try:
            return (yield from once(request, max(0.001, min(settings.attempt_timeout, left))))
        except OverreadError as error:
            if unclear and isinstance(error, PreconditionFailed):
                error.add_note("An earlier try got no answer: the newer version may be your own.")
            pause = settings.backoff.delay(attempt, error.retry_after, settings.random)
            if not error.transient:
                raise
            waited = settings.clock() - started
            patience = settings.patience if isinstance(error, SlowDown) else None
            spent, most = (
                (waited - slowed, settings.deadline) if patience is None else (slowed, patience)
            )
            if spent + pause >= most:
                error.add_note(f"Gave up after {attempt} tries in {most:g} s.")
                if isinstance(error, SlowDown):
                    raise PeopleBusy.after(error, tries=attempt, waited=waited) from error
                raise
            slowed += 0.0 if patience is None else pause
            unclear = unclear or isinstance(error, Unreachable)
        yield Sleep(pause)
    raise AssertionError("unreachable")


def take_turn(settings: Settings, run: object, action_type: str | None = None) -> Flow[None]:
    """Wait until it is our turn to ask people; for an action that needed nobody, do not."""
    workflow = run.workflow if isinstance(run, Run) else None
    if workflow is None or not (action_type is None or settings.pace.asked(workflow, action_type)):
        return
    longest = settings.deadline if settings.patience is None else settings.patience
    yield from pace.wait(
        settings.pace,
        settings.door,
        workflow,
        clock=settings.clock,
        random=settings.random,
        longest=longest / 2,
        timeout=min(settings.attempt_timeout, settings.deadline),
    )


def once(request: Request, timeout: float) -> Flow[Response]:
    """Send one time; a refusal is raised."""
    response: Response = yield Transmit(replace(request, timeout=timeout))
    if response.status >= 400:
        raise http.problem(response)
    return response
