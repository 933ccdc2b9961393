"""Whoever comes while others are served goes with the next lot, and nobody is forgotten."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from handoffs.together import Together


class Counter:
    """Serves lots slowly enough, and on command, to watch who goes with whom."""

    def __init__(self) -> None:
        self.lots: list[list[int]] = []
        self.may_go = threading.Event()
        self.serving = threading.Event()

    def serve(self, items: Sequence[int]) -> list[int | Exception]:
        self.lots.append(list(items))
        self.serving.set()
        assert self.may_go.wait(10)
        return [ValueError(item) if item < 0 else item * 2 for item in items]


def queued(together: Together[int, int], many: int) -> None:
    """Wait until so many stand behind the lot that is being served."""
    while len(together._waiting) < many:
        threading.Event().wait(0.001)


def test_whoever_comes_alone_is_served_at_once():
    together: Together[int, int] = Together(lambda items: [item * 2 for item in items], most=4)

    assert [together(1), together(2)] == [2, 4]


def test_those_who_wait_are_served_together_and_each_told_its_own():
    counter = Counter()
    together: Together[int, int] = Together(counter.serve, most=3)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together, 1)
        assert counter.serving.wait(10)
        others = [pool.submit(together, number) for number in (2, 3, 4, 5)]
        queued(together, 4)
        counter.may_go.set()
        told = [one.result(10) for one in (first, *others)]

    assert told == [2, 4, 6, 8, 10]
    assert counter.lots[0] == [1]
    assert [len(lot) for lot in counter.lots] == [1, 3, 1]
    assert sorted(sum(counter.lots, [])) == [1, 2, 3, 4, 5]


def test_a_refusal_is_raised_where_it_belongs_and_nowhere_else():
    counter = Counter()
    together: Together[int, int] = Together(counter.serve, most=8)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(together, 1)
        assert counter.serving.wait(10)
        bad, good = pool.submit(together, -7), pool.submit(together, 7)
        queued(together, 2)
        counter.may_go.set()

        with pytest.raises(ValueError, match="-7"):
            bad.result(10)
        assert (first.result(10), good.result(10)) == (2, 14)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda items: [], id="too few outcomes"),
        pytest.param(lambda items: 1 / 0, id="breaks"),
    ],
)
def test_a_server_that_breaks_leaves_nobody_waiting(broken):
    together: Together[int, int] = Together(broken, most=2)
    with ThreadPoolExecutor(6) as pool:
        told = [pool.submit(together, number) for number in range(6)]

        for one in told:
            with pytest.raises((ValueError, ZeroDivisionError)):
                one.result(10)


@pytest.mark.slow
def test_a_crowd_is_served_whole_by_lots_that_never_overlap():
    serving = threading.Lock()

    def serve(items: Sequence[int]) -> list[int]:
        assert serving.acquire(blocking=False), "two lots at once"
        try:
            return list(items)
        finally:
            serving.release()

    together: Together[int, int] = Together(serve, most=5)
    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(together, range(1, 3000)))

    assert told == list(range(1, 3000))
