"""Ask people less often while they are busy, before they are too busy to be asked at all.

Every thread of a client shares one line per workflow, in which who comes has a moment of its own.
Nothing is refused here: whoever would wait too long asks anyway, and the server decides.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from overread.errors import OverreadError
from overread.flows import Flow, Sleep, Transmit
from overread.http import Door
from overread.values import Pressure
from overread.wire import decode

# what is known may be so old, in seconds: the server itself looks every few seconds
FRESH = 15.0
# so many kinds of action are remembered as having asked people
REMEMBERED = 4096


@dataclass
class _Line:
    looked_at: float = float("-inf")
    # seconds between two questions; 0 while people have time
    gap: float = 0.0
    free_at: float = float("-inf")


@dataclass
class Pace:
    """The lines of a client, and which of its actions asked people the last time."""

    _lines: dict[str, _Line] = field(default_factory=dict)
    _asking: dict[tuple[str, str], None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def asked(self, workflow: str, action_type: str) -> bool:
        return (workflow, action_type) in self._asking

    def remember(self, workflow: str, action_type: str, *, asked: bool) -> None:
        with self._lock:
            self._asking.pop((workflow, action_type), None)
            if asked:
                self._asking[workflow, action_type] = None
            if len(self._asking) > REMEMBERED:
                del self._asking[next(iter(self._asking))]

    def hear(self, workflow: str, told: Pressure) -> None:
        """Go by what the server says of a workflow."""
        with self._line(workflow) as line:
            line.gap = 0.0 if told.level == "open" else max(0.0, told.retry_after or 0.0)

    def has_to_look(self, workflow: str, now: float) -> bool:
        """Tell whether what is known is old; of several who ask, one is sent to look."""
        with self._line(workflow) as line:
            is_old = now - line.looked_at >= FRESH
            line.looked_at = now if is_old else line.looked_at
            return is_old

    def place(self, workflow: str, now: float, *, longest: float, random: float) -> float:
        """Take a place in the line and return in how many seconds its moment is."""
        with self._line(workflow) as line:
            if not line.gap:
                return 0.0
            seconds = min(max(0.0, line.free_at - now), longest)
            # not in step with other clients that were told the same
            line.free_at = now + seconds + line.gap * (0.75 + random / 2)
            return seconds

    @contextlib.contextmanager
    def _line(self, workflow: str) -> Iterator[_Line]:
        with self._lock:
            yield self._lines.setdefault(workflow, _Line())


def wait(
    pace: Pace,
    door: Door,
    workflow: str,
    *,
    clock: Callable[[], float],
    random: Callable[[], float],
    longest: float,
    timeout: float,
) -> Flow[None]:
    """Wait for a moment of one's own, at most `longest` seconds; at once while people have time.

    How busy they are is looked up every now and then, and where that fails nothing is held up.
    """
    if pace.has_to_look(workflow, clock()):
        request = door.get("/api/v1/pressure", {"workflow": workflow})
        with contextlib.suppress(OverreadError):
            response = yield Transmit(replace(request, timeout=timeout))
            if response.status < 400:
                pace.hear(workflow, decode(Pressure, response.json()))
    seconds = pace.place(workflow, clock(), longest=longest, random=random())
    if seconds > 0:
        yield Sleep(seconds)
