"""Whoever comes while others are being served is served with the next lot.

The more come at once, the more share one round trip and one commit; whoever comes alone waits for
nobody.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class _Place(Generic[Item, Outcome]):
    """One who waits: for an outcome, or for the turn to serve the next lot."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.outcome: Outcome | BaseException | None = None
        self.called = Lock()
        self.called.acquire()


class Together(Generic[Item, Outcome]):
    """Call `serve` with lots of items, in one thread at a time, each time in a caller's own.

    `serve` returns an outcome for each item; an exception among them is raised where that item
    came from, and what `serve` itself raises, in all of the lot.
    """

    def __init__(
        self, serve: Callable[[Sequence[Item]], Sequence[Outcome | Exception]], *, most: int
    ) -> None:
        self._serve = serve
        self._most = most
        self._lock = Lock()
        self._waiting: deque[_Place[Item, Outcome]] = deque()
        self._busy = False

    def __call__(self, item: Item) -> Outcome:
        mine: _Place[Item, Outcome] = _Place(item)
        with self._lock:
            self._waiting.append(mine)
            first, self._busy = not self._busy, True
        if not first:
            mine.called.acquire()
        if mine.outcome is None:
            self._serve_lot()
        if isinstance(mine.outcome, BaseException):
            raise mine.outcome
        assert mine.outcome is not None
        return mine.outcome

    def _serve_lot(self) -> None:
        """Serve the longest waiting, ourselves first, and call the next one to do the same."""
        with self._lock:
            lot = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
        try:
            outcomes = self._serve([one.item for one in lot])
            for one, outcome in zip(lot, outcomes, strict=True):
                one.outcome = outcome
        except BaseException as error:
            for one in lot:
                one.outcome = error
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._busy = following is not None
        if following is not None:
            following.called.release()
        for one in lot[1:]:
            one.called.release()
