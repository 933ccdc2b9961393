"""The open waits of this process, found by the subjects that can wake them."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from handoffs.waiting import Watched


@dataclass(frozen=True)
class Seen:
    """What the database says of a subject: how it is, and whether that is news to the waiter."""

    changed: bool
    state: str


# a turn to go on is there for the taking, or is not
READY = Seen(True, "ready")
NONE = Seen(False, "none")
# told when this process ends before it could look
UNSEEN = Seen(False, "")
# there is nothing under this id
GONE = Seen(True, "")


@dataclass(eq=False)
class Wait:
    """One waiting agent. `news` comes once; `seen` is the last that was read for it.

    In no hurry it is woken by a change, in a hurry by the first look, whatever that finds.
    """

    watched: Watched
    hurry: bool
    news: "asyncio.Future[None]"
    seen: Seen | None = None

    def tell(self, seen: Seen) -> None:
        self.seen = seen
        if seen.changed or self.hurry:
            self.wake()

    def wake(self) -> None:
        if not self.news.done():
            self.news.set_result(None)


@dataclass
class Waits:
    """Every open wait under its watched subject, and every subject under what notifies of it."""

    count: int = 0
    _waits: defaultdict[Watched, set[Wait]] = field(default_factory=lambda: defaultdict(set))
    _woken_by: defaultdict[str, set[Watched]] = field(default_factory=lambda: defaultdict(set))

    def open(self, watched: Watched, *, hurry: bool = False) -> Wait:
        wait = Wait(watched, hurry, asyncio.get_running_loop().create_future())
        self.count += 1
        self._waits[watched].add(wait)
        for name in _notified_as(watched):
            self._woken_by[name].add(watched)
        return wait

    def close(self, wait: Wait) -> None:
        self.count -= 1
        waits = self._waits[wait.watched]
        waits.discard(wait)
        if waits:
            return
        del self._waits[wait.watched]
        for name in _notified_as(wait.watched):
            self._woken_by[name].discard(wait.watched)
            if not self._woken_by[name]:
                del self._woken_by[name]

    def woken_by(self, name: str) -> Iterable[Watched]:
        return self._woken_by.get(name, ())

    def watched(self) -> list[Watched]:
        return list(self._waits)

    def of(self, watched: Watched) -> Iterable[Wait]:
        return self._waits.get(watched, ())

    def __iter__(self) -> Iterator[Wait]:
        return (wait for waits in self._waits.values() for wait in waits)


def _notified_as(watched: Watched) -> list[str]:
    if watched.client:
        return [f"wf:{id}" for id in watched.workflows]
    return [watched.id]
