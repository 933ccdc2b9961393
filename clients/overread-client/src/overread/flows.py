"""Flows: every procedure written once, as a generator that yields what must happen outside.

A flow never touches the network, the clock or a caller's function. It yields an effect, is sent
the result, and returns its own. `drive` and `drive_async` are the only two places that act.
"""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from overread.http import Request

T = TypeVar("T")


@dataclass(frozen=True)
class Transmit:
    """Send once; the result is a Response, or Unreachable is thrown in."""

    request: Request


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Invoke:
    """Call the agent developer's own code; AsyncClient awaits what is awaitable."""

    call: Callable[[], Any]


Effect: TypeAlias = object
Flow: TypeAlias = Generator[Effect, Any, T]


def drive(flow: Flow[T], perform: Callable[[Effect], Any]) -> T:
    """Run a flow to its end on this thread."""
    try:
        effect = next(flow)
        while True:
            try:
                result = perform(effect)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        result_of_flow: T = stop.value
        return result_of_flow


async def drive_async(flow: Flow[T], perform: Callable[[Effect], Awaitable[Any]]) -> T:
    """Run a flow to its end in this task."""
    try:
        effect = next(flow)
        while True:
            try:
                result = await perform(effect)
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        result_of_flow: T = stop.value
        return result_of_flow
