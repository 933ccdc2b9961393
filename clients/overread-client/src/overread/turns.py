"""A resumption in hand, and what a worker does with it: everything but waiting and calling."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from overread.backoff import Settings
from overread.client import AsyncClient, Client
from overread.errors import Conflict, LeaseLost, NotFound, OverreadError, Stale, StaleLease
from overread.flows import Flow, Invoke
from overread.operations import resumptions, runs
from overread.operations.waiting import POLL_SECONDS, knock
from overread.values import (
    Answer,
    Change,
    NothingToResume,
    Precondition,
    Resumption,
    Run,
    differences,
)

log = logging.getLogger(__name__)
# A wait shorter than this told us nothing: pause before asking again.
_PROMPT_SECONDS = 1.0


# Keeps a lease until it is told that the work is finished.
Beats: TypeAlias = Callable[[Callable[[], bool]], Flow[None]]


class Turn:
    """A resumption in the hands of this worker, while its lease lasts.

    Give `idempotency_key` (or each answer's own) to whatever performs the effect: the same answer
    may be delivered again after a crash, and the key is what makes it count once.
    """

    def __init__(self, settings: Settings, resumption: Resumption, ends_at: float) -> None:
        self._settings = settings
        self._ends_at = ends_at
        self._lost = False
        self.resumption = resumption
        self.acknowledged = False

    @property
    def run(self) -> Run:
        return self.resumption.run

    @property
    def checkpoint(self) -> Any:
        return self.resumption.checkpoint

    @property
    def answers(self) -> tuple[Answer, ...]:
        return self.resumption.answers

    @property
    def preconditions(self) -> tuple[Precondition, ...]:
        return self.resumption.preconditions

    @property
    def idempotency_key(self) -> str:
        return self.resumption.idempotency_key

    @property
    def mine(self) -> bool:
        """Tell whether the lease is still ours, by what the server said and by the clock."""
        return not self._lost and self._settings.clock() < self._ends_at

    def ensure_mine(self) -> None:
        """Raise LeaseLost unless the lease is ours: ask right before an effect."""
        if not (self.acknowledged or self.mine):
            raise LeaseLost(f"{self.resumption.id} is no longer this worker's. Do nothing more.")

    def changed(self, found: Mapping[str, Any]) -> list[Change]:
        """Compare the preconditions with what is found now, by name."""
        return differences(self.preconditions, found)

    def lose(self) -> None:
        self._lost = True

    def renew(self, ends_at: float) -> None:
        self._ends_at = max(self._ends_at, ends_at)

    def acknowledging(self) -> Flow[None]:
        """Acknowledge, as a flow."""
        try:
            yield from resumptions.acknowledge(self._settings, self.resumption)
        except StaleLease as error:
            self.lose()
            raise LeaseLost(f"{self.resumption.id} went to another worker.") from error
        self.acknowledged = True


class Work(Turn):
    """What a handler gets from ResumptionWorker."""

    def __init__(self, client: Client, resumption: Resumption, ends_at: float) -> None:
        super().__init__(client.settings, resumption, ends_at)
        self._client = client

    def acknowledge(self) -> None:
        """Say that the run goes on: after this it may propose again or be completed.

        A handler that returns without it is acknowledged by the worker.
        """
        self._client.drive(self.acknowledging())


class AsyncWork(Turn):
    """What a handler gets from AsyncResumptionWorker."""

    def __init__(self, client: AsyncClient, resumption: Resumption, ends_at: float) -> None:
        super().__init__(client.settings, resumption, ends_at)
        self._client = client

    async def acknowledge(self) -> None:
        """Say that the run goes on: after this it may propose again or be completed.

        A handler that returns without it is acknowledged by the worker.
        """
        await self._client.drive(self.acknowledging())


@dataclass(frozen=True)
class Rest:
    """Pause, unless the worker is stopped."""

    seconds: float


@dataclass(frozen=True)
class Idle:
    """Wait on the network with nothing in hand: may be abandoned when the worker is stopped."""

    flow: Flow[Any]


@dataclass(frozen=True)
class Attend:
    """Carry out `flow` to its end with `beats` going on beside it."""

    flow: Flow[Any]
    beats: Beats


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a worker does, for either kind of worker."""

    settings: Settings
    workflows: Sequence[str]
    take: Callable[[Resumption, float], Turn]
    handler: Callable[[Any], Any]
    recheck: Callable[[Any], Any] | None
    name: str | None
    lease_seconds: int
    give_up_after: int | None

    def serve(self, stopping: Callable[[], bool]) -> Flow[None]:
        """Go on with one run after another until stopped; outages are sat out."""
        fruitless, advice = 0, None
        while not stopping():
            if fruitless:
                yield Rest(self.settings.backoff.delay(fruitless, advice, self.settings.random))
            advice = None
            try:
                fruitful = yield from self._once(stopping)
            except OverreadError as error:
                if not error.transient:
                    raise
                log.info("No resumptions to be had just now.", exc_info=error)
                fruitful, advice = False, error.retry_after
            fruitless = 0 if fruitful else fruitless + 1

    def _once(self, stopping: Callable[[], bool]) -> Flow[bool]:
        """Take one turn, or wait for one; False means to slow down before the next try."""
        started = self.settings.clock()
        claimed = yield from resumptions.claim(
            self.settings, self.workflows, worker=self.name, lease_seconds=self.lease_seconds
        )
        if isinstance(claimed, NothingToResume):
            before = self.settings.clock()
            yield Idle(knock(self.settings, claimed.wait_url, POLL_SECONDS))
            return self.settings.clock() - before >= _PROMPT_SECONDS
        turn = self.take(claimed, started + self.lease_seconds)
        if stopping():
            return (yield from self._end(turn, None))
        return (yield from self._attend(turn))

    def _attend(self, turn: Turn) -> Flow[bool]:
        try:
            yield Attend(self._handle(turn), partial(self._beats, turn))
            if not turn.acknowledged:
                yield from turn.acknowledging()
        except Stale as stale:
            return (yield from self._end(turn, stale))
        except LeaseLost as lost:
            log.info("A resumption went to another worker.", exc_info=lost)
            return (yield from self._end(turn, None))
        except Exception as error:
            log.exception("A resumption could not be gone on with.", extra=_about(turn))
            return (yield from self._failed(turn, error))
        except BaseException:
            yield from self._end(turn, None)
            raise
        return True

    def _failed(self, turn: Turn, error: Exception) -> Flow[bool]:
        """Give a turn back for another try; from the second failure on by letting its lease end.

        Released at once it would be first in line again, and hold up every run behind it.
        """
        attempt = turn.resumption.attempt
        if turn.acknowledged:
            return True
        if self.give_up_after is not None and attempt >= self.give_up_after:
            cause = f"{type(error).__name__}: {error}"[:500]
            yield from runs.fail(self.settings, turn.run, cause, next_step="resume")
        elif attempt == 1:
            yield from self._end(turn, None)
            return False
        return True

    def _handle(self, turn: Turn) -> Flow[None]:
        if self.recheck is not None:
            found = yield Invoke(partial(self.recheck, turn))
            if changed := turn.changed(found):
                raise Stale(changed)
        turn.ensure_mine()
        yield Invoke(partial(self.handler, turn))

    def _end(self, turn: Turn, stale: Stale | None) -> Flow[bool]:
        """Give the turn back, for review or for the next worker, if it is still ours to give."""
        if turn.acknowledged:
            return False
        try:
            if stale is not None:
                changed = stale.changed
                yield from resumptions.acknowledge_stale(self.settings, turn.resumption, changed)
            else:
                yield from resumptions.release(self.settings, turn.resumption)
        except OverreadError as refused:
            log.info("A lease was over before it was given back.", exc_info=refused)
        return True

    def _beats(self, turn: Turn, finished: Callable[[], bool]) -> Flow[None]:
        """Keep the lease until finished; give up when the server says it is gone."""
        interval = self.lease_seconds / 3
        settings = replace(self.settings, deadline=interval)
        while True:
            yield Rest(interval)
            if finished() or turn.acknowledged or not turn.mine:
                return
            started = settings.clock()
            try:
                yield from resumptions.heartbeat(settings, turn.resumption)
            except (Conflict, NotFound):
                turn.lose()
                return
            except OverreadError as error:
                log.warning("A heartbeat was not heard.", exc_info=error, extra=_about(turn))
            else:
                turn.renew(started + self.lease_seconds)


def _about(turn: Turn) -> dict[str, Any]:
    return {"action": "resumption.failed", "run": turn.run.id, "attempt": turn.resumption.attempt}
