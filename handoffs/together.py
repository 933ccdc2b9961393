"""Whoever comes while others are being served is served with the next lot.

The more come at once, the more share one round trip and one commit; whoever comes alone waits for
nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Together(Generic[Item, Outcome]):
    """Call `serve` with lots of items, one lot after the other.

    `serve` returns an outcome for each item; an exception among them is raised where that item
    came from, and what `serve` itself raises, in all of the lot.
    """

    def __init__(
        self,
        serve: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        most: int,
    ) -> None:
        self._serve = serve
        self._most = most
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        # kept, since the loop itself does not keep tasks alive
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> Outcome:
        place: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, place))
        if self._serving is None:
            self._serving = asyncio.create_task(self._go())
        return await place

    async def _go(self) -> None:
        """Serve the longest waiting until nobody waits."""
        try:
            while self._waiting:
                many = min(len(self._waiting), self._most)
                await self._serve_lot([self._waiting.popleft() for _ in range(many)])
        finally:
            self._serving = None

    async def _serve_lot(self, lot: "Sequence[tuple[Item, asyncio.Future[Outcome]]]") -> None:
        try:
            outcomes = await self._serve([item for item, _ in lot])
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
