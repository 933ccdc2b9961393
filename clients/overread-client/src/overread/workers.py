"""Go on with answered runs: claim, keep the lease, run the handler, say how it went."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import FrameType
from typing import Any

from overread.client import AsyncClient, Client
from overread.errors import OverreadError
from overread.flows import Effect, Flow, drive, drive_async
from overread.turns import AsyncWork, Attend, Beats, Idle, Rest, Service, Work

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ResumptionWorker:
    """Go on with the answered runs of some workflows, one at a time, on this thread.

    `handler(work)` does what the answers allow. It may raise Stale to have the answer reviewed
    again; any other error gives the resumption back for another try. `recheck(work)` returns the
    preconditions' values now, by name: a change sends the answer back before the handler is asked.
    After `give_up_after` failed attempts the run is failed, for a person to recover.
    """

    def __init__(
        self,
        client: Client,
        workflows: Sequence[str],
        handler: Callable[[Work], Any],
        *,
        recheck: Callable[[Work], Mapping[str, Any]] | None = None,
        name: str | None = None,
        lease_seconds: int = 60,
        give_up_after: int | None = None,
    ) -> None:
        self._client = client
        self._stopping = False
        # Not an Event: stop() runs in signal handlers, where an Event's lock may be our own.
        self._bell: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._service = Service(
            settings=client.settings,
            workflows=workflows,
            take=partial(Work, client),
            handler=handler,
            recheck=recheck,
            name=name,
            lease_seconds=lease_seconds,
            give_up_after=give_up_after,
        )

    def run(self) -> None:
        """Work until `stop()`, SIGTERM or SIGINT; what is in hand is finished first.

        A second signal does what it would have done without us.
        """
        with _signals_call(self.stop):
            drive(self._service.serve(lambda: self._stopping), self._perform)

    def stop(self) -> None:
        """Ask the worker to end; safe from any thread and from signal handlers."""
        self._stopping = True
        self._bell.put(None)

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Rest(seconds):
                self._rest(seconds)
            case Idle(flow):
                self._idle(flow)
            case Attend(flow, beats):
                self._attend(flow, beats)
            case _:
                return self._client.perform(effect)

    def _rest(self, seconds: float) -> None:
        if not self._stopping:
            with contextlib.suppress(queue.Empty):
                self._bell.get(timeout=seconds)

    def _idle(self, flow: Flow[Any]) -> None:
        """Wait in a thread that can be left behind, since a blocking read cannot be stopped."""

        def wait() -> None:
            with contextlib.suppress(OverreadError, RuntimeError):
                self._client.drive(flow)
            self._bell.put(flow)

        threading.Thread(target=wait, name="overread-wait", daemon=True).start()
        while not self._stopping and self._bell.get() is not flow:
            pass

    def _attend(self, flow: Flow[Any], beats: Beats) -> None:
        finished = threading.Event()

        def perform(effect: Effect) -> Any:
            if isinstance(effect, Rest):
                return finished.wait(effect.seconds)
            return self._client.perform(effect)

        def beat() -> None:
            drive(beats(finished.is_set), perform)

        keeper = threading.Thread(target=beat, name="overread-heartbeat", daemon=True)
        keeper.start()
        try:
            self._client.drive(flow)
        finally:
            finished.set()
            keeper.join()


class AsyncResumptionWorker:
    """The same for asyncio; the handler may be a coroutine function and must not block the loop."""

    def __init__(
        self,
        client: AsyncClient,
        workflows: Sequence[str],
        handler: Callable[[AsyncWork], Any],
        *,
        recheck: Callable[[AsyncWork], Any] | None = None,
        name: str | None = None,
        lease_seconds: int = 60,
        give_up_after: int | None = None,
    ) -> None:
        self._client = client
        self._stopped = asyncio.Event()
        self._service = Service(
            settings=client.settings,
            workflows=workflows,
            take=partial(AsyncWork, client),
            handler=handler,
            recheck=recheck,
            name=name,
            lease_seconds=lease_seconds,
            give_up_after=give_up_after,
        )

    async def run(self) -> None:
        """Work until `stop()`, SIGTERM or SIGINT; what is in hand is finished first."""
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(self.stop)

        with _signals_call(stop):
            await drive_async(self._service.serve(self._stopped.is_set), self._perform)

    def stop(self) -> None:
        """Ask the worker to end; call it in the loop's thread."""
        self._stopped.set()

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Rest(seconds):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), seconds)
            case Idle(flow):
                await self._idle(flow)
            case Attend(flow, beats):
                await self._attend(flow, beats)
            case _:
                return await self._client.perform(effect)

    async def _idle(self, flow: Flow[Any]) -> None:
        waits = {
            asyncio.create_task(self._client.drive(flow)),
            asyncio.create_task(self._stopped.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(waits)

    async def _attend(self, flow: Flow[Any], beats: Beats) -> None:
        async def perform(effect: Effect) -> Any:
            if isinstance(effect, Rest):
                return await asyncio.sleep(effect.seconds)
            return await self._client.perform(effect)

        keeper = asyncio.create_task(drive_async(beats(lambda: False), perform))
        try:
            await self._client.drive(flow)
        finally:
            await _cancel({keeper})


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _signals_call(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first signal call `stop`, where signals can be had: only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def first(_number: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    for number in SIGNALS:
        signal.signal(number, first)
    try:
        yield
    finally:
        restore()
