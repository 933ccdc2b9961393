"""Whoever comes while others are being served is served with the next lot.

The more come at once, the more share one round trip and one commit; whoever comes alone waits for
nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Lane = TypeVar("Lane")
Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Together(Generic[Lane, Item, Outcome]):
    """Call `serve` with lots of items, one lot at a time in each of the lanes.

    `serve` returns an outcome for each item; an exception among them is raised where that item
    came from, and what `serve` itself raises, in all of the lot.
    """

    def __init__(
        self,
        serve: Callable[[Lane, Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        lanes: Sequence[Lane],
        *,
        most: int,
    ) -> None:
        self._serve = serve
        self._free = list(lanes)
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        # the loop itself does not keep tasks alive
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Outcome:
        place: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, place))
        if self._free:
            task = asyncio.create_task(self._go(self._free.pop()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await place

    async def _go(self, lane: Lane) -> None:
        """Serve the longest waiting until nobody waits."""
        try:
            while self._waiting:
                many = min(len(self._waiting), self._most)
                await self._serve_lot(lane, [self._waiting.popleft() for _ in range(many)])
        finally:
            self._free.append(lane)

    async def _serve_lot(
        self, lane: Lane, lot: Sequence[tuple[Item, "asyncio.Future[Outcome]"]]
    ) -> None:
        try:
            outcomes = await self._serve(lane, [item for item, _ in lot])
            told = list(zip(lot, outcomes, strict=True))
        except Exception as error:
            told = [(one, error) for one in lot]
        for (_, place), outcome in told:
            if place.done():
                continue
            if isinstance(outcome, Exception):
                place.set_exception(outcome)
            else:
                place.set_result(outcome)
