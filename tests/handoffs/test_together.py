"""Whoever comes while others are served goes with the next lot, and nobody is forgotten."""

import asyncio
from collections.abc import Sequence

import pytest

from handoffs.together import Together


class Counter:
    """Serves lots on command, to watch who goes with whom."""

    def __init__(self) -> None:
        self.lots: list[list[int]] = []
        self.may_go = asyncio.Event()

    async def serve(self, items: Sequence[int]) -> list[int | Exception]:
        self.lots.append(list(items))
        await self.may_go.wait()
        return [ValueError(item) if item < 0 else item * 2 for item in items]


async def until_served(counter: Counter, lots: int) -> None:
    while len(counter.lots) < lots:
        await asyncio.sleep(0)


def ask(together: Together[int, int], item: int) -> "asyncio.Task[int]":
    return asyncio.create_task(together(item))  # type: ignore[arg-type]


def test_those_who_wait_are_served_together_and_each_told_its_own():
    async def story() -> None:
        counter = Counter()
        together = Together[int, int](counter.serve, most=3)
        first = ask(together, 1)
        await until_served(counter, 1)
        others = [ask(together, number) for number in (2, 3, 4, 5)]
        await asyncio.sleep(0)
        counter.may_go.set()

        assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
        assert counter.lots == [[1], [2, 3, 4], [5]]

    asyncio.run(story())


def test_who_comes_when_nobody_is_served_waits_for_nobody():
    async def story() -> None:
        counter = Counter()
        counter.may_go.set()
        together = Together[int, int](counter.serve, most=3)

        assert [await ask(together, number) for number in (1, 2, 3)] == [2, 4, 6]
        assert counter.lots == [[1], [2], [3]]

    asyncio.run(story())


def test_a_refusal_is_raised_where_it_belongs_and_nowhere_else():
    async def story() -> None:
        counter = Counter()
        counter.may_go.set()
        together = Together[int, int](counter.serve, most=8)
        bad, good = ask(together, -7), ask(together, 7)

        with pytest.raises(ValueError, match="-7"):
            await bad
        assert await good == 14
        assert counter.lots == [[-7, 7]]

    asyncio.run(story())


def test_who_goes_away_keeps_nobody_from_an_answer():
    async def story() -> None:
        counter = Counter()
        together = Together[int, int](counter.serve, most=8)
        gone, stays = ask(together, 1), ask(together, 2)
        await until_served(counter, 1)
        gone.cancel()
        counter.may_go.set()

        assert await stays == 4
        assert await ask(together, 3) == 6

    asyncio.run(story())


@pytest.mark.parametrize("broken", ["too few outcomes", "breaks"])
def test_a_server_that_breaks_leaves_nobody_waiting(broken):
    async def serve(items: Sequence[int]) -> list[int | Exception]:
        if broken == "breaks":
            raise ZeroDivisionError
        return []

    async def story() -> None:
        together = Together[int, int](serve, most=2)
        told = await asyncio.gather(
            *(ask(together, number) for number in range(6)), return_exceptions=True
        )

        assert {type(one) for one in told} <= {ValueError, ZeroDivisionError}

    asyncio.run(story())


def test_a_crowd_is_served_whole_one_lot_at_a_time():
    busy = asyncio.Lock()

    async def serve(items: Sequence[int]) -> list[int | Exception]:
        assert not busy.locked()
        async with busy:
            await asyncio.sleep(0)
        return list(items)

    async def story() -> None:
        together = Together[int, int](serve, most=5)
        told = await asyncio.gather(*(ask(together, number) for number in range(3000)))

        assert told == list(range(3000))

    asyncio.run(story())
