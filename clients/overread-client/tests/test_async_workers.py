"""The asyncio worker keeps the same promises."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from stub_server import KEY, Stub
from turns import WORKFLOWS, answered

import overread


def run_async(
    server: Stub,
    handler: Callable[[overread.AsyncWork], Any],
    done: Callable[[], Any],
    **options: Any,
) -> None:
    async def main() -> None:
        backoff = overread.Backoff(first=0.02, longest=0.1)
        async with overread.AsyncClient(server.url, KEY, backoff=backoff) as client:
            worker = overread.AsyncResumptionWorker(client, WORKFLOWS, handler, **options)
            task = asyncio.create_task(worker.run())
            end = time.monotonic() + 10
            while not done():
                assert time.monotonic() < end and not task.done()
                await asyncio.sleep(0.01)
            worker.stop()
            await asyncio.wait_for(task, 5)

    asyncio.run(main())


def test_the_async_worker_does_the_same(server: Stub, quick: overread.Client) -> None:
    server.lease_limit = 0.6
    id = answered(server, quick)
    seen: list[Any] = []

    async def handle(work: overread.AsyncWork) -> None:
        await asyncio.sleep(1.2)
        work.ensure_mine()
        await work.acknowledge()
        seen.append(work.idempotency_key)

    run_async(server, handle, lambda: server.calls("/wait/wf"), lease_seconds=0.6)

    assert seen == ["ans_1"]
    assert server.resumptions[id]["state"] == "resumed"
    assert len(server.calls("/heartbeat")) >= 2


def test_the_async_worker_sends_back_what_is_stale(server: Stub, quick: overread.Client) -> None:
    id = answered(server, quick, preconditions=[{"name": "order_status", "value": "pending"}])

    async def look(work: overread.AsyncWork) -> dict[str, str]:
        return {"order_status": "shipped"}

    run_async(server, print, lambda: server.resumptions[id]["state"] == "stale", recheck=look)


def test_a_cancelled_async_worker_gives_back_what_it_holds(
    server: Stub, quick: overread.Client
) -> None:
    id = answered(server, quick)

    async def main() -> None:
        started = asyncio.Event()

        async def handle(work: overread.AsyncWork) -> None:
            started.set()
            await asyncio.sleep(60)

        async with overread.AsyncClient(server.url, KEY) as own:
            worker = overread.AsyncResumptionWorker(own, WORKFLOWS, handle)
            task = asyncio.create_task(worker.run())
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())

    assert server.resumptions[id]["state"] == "ready"
