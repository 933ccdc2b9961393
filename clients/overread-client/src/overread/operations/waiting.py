"""Wait for a person without holding a worker of the server, for as long as it takes."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from overread import http
from overread.backoff import Settings, once
from overread.errors import OverreadError, Problem, StillWaiting, UnexpectedAnswer
from overread.flows import Flow, Sleep

POLL_SECONDS = 25
# The answer to a long-poll may come this much later than asked before we call it lost.
GRACE_SECONDS = 10.0


class Waitable(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def wait_url(self) -> str | None: ...


W = TypeVar("W", bound=Waitable)


def until(
    settings: Settings,
    known: W,
    *,
    read: Callable[[], Flow[W]],
    settled: Callable[[W], bool],
    timeout: float | None,
) -> Flow[W]:
    """Long-poll the subject's wait address and re-read it on every sign of change.

    The address tells only that something moved and soon expires, so the truth is always read
    with the key. Outages are sat out: waiting for a person outlives a restart of the server.
    """
    ends_at = None if timeout is None else settings.clock() + timeout
    fruitless = 0
    while not settled(known):
        left = POLL_SECONDS if ends_at is None else ends_at - settings.clock()
        if left <= 0:
            raise StillWaiting(known)
        if fruitless:
            pause = settings.backoff.delay(fruitless, None, settings.random)
            yield Sleep(min(pause, left))
        if (yield from knock(settings, known.wait_url, min(POLL_SECONDS, left))) == known.state:
            fruitless = 0
            continue
        before = known
        known = yield from _reread(known, read)
        fruitless = fruitless + 1 if known.state == before.state else 0
    return known


def knock(settings: Settings, wait_url: str | None, seconds: float) -> Flow[str | None]:
    """Wait at the address for a change; the state it tells, or None for "read and see".

    None also stands for an address that expired and for a gateway that cannot be reached: in
    both cases reading with the key is what gives the next address.
    """
    if wait_url is None:
        return None
    request = http.open_get(wait_url, {"seconds": str(max(1, int(seconds)))})
    try:
        response = yield from once(request, seconds + GRACE_SECONDS)
        news = response.json()
    except (Problem, UnexpectedAnswer):
        return None
    except OverreadError as error:
        if not error.transient:
            raise
        return None
    if not isinstance(news, dict) or news.get("changed") is not False:
        return None
    state = news.get("state")
    return state if isinstance(state, str) else None


def _reread(known: W, read: Callable[[], Flow[W]]) -> Flow[W]:
    try:
        return (yield from read())
    except OverreadError as error:
        if not error.transient:
            raise
        return known
