"""The two clients: one way to wait for the network each, everything else shared."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypedDict, TypeVar, Unpack, overload

import httpx

from overread.backoff import Backoff, Settings
from overread.errors import Unreachable
from overread.flows import Effect, Flow, Invoke, Sleep, Transmit, drive, drive_async
from overread.http import Door, Request, Response
from overread.operations import handoffs, proofs, proposals, resumptions, rules, runs

P = ParamSpec("P")
T = TypeVar("T")


class _Blocking(Generic[P, T]):
    """An operation as a method of Client."""

    def __init__(self, operation: Callable[Concatenate[Settings, P], Flow[T]]) -> None:
        self.operation = operation
        self.__doc__ = operation.__doc__

    @overload
    def __get__(self, client: None, owner: type[Client]) -> Self: ...
    @overload
    def __get__(self, client: Client, owner: type[Client]) -> Callable[P, T]: ...
    def __get__(self, client: Client | None, owner: type[Client]) -> Self | Callable[P, T]:
        if client is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> T:
            return client.drive(self.operation(client.settings, *args, **kwargs))

        return update_wrapper(method, self.operation)


class _Awaitable(Generic[P, T]):
    """The same operation as a method of AsyncClient."""

    def __init__(self, operation: Callable[Concatenate[Settings, P], Flow[T]]) -> None:
        self.operation = operation
        self.__doc__ = operation.__doc__

    @overload
    def __get__(self, client: None, owner: type[AsyncClient]) -> Self: ...
    @overload
    def __get__(
        self, client: AsyncClient, owner: type[AsyncClient]
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(
        self, client: AsyncClient | None, owner: type[AsyncClient]
    ) -> Self | Callable[P, Coroutine[Any, Any, T]]:
        if client is None:
            return self

        def method(*args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
            return client.drive(self.operation(client.settings, *args, **kwargs))

        return update_wrapper(method, self.operation)


class Options(TypedDict, total=False):
    """How a client behaves, whichever way it waits.

    `deadline` bounds one call with all its retries, in seconds; waiting for people has its own
    `timeout`. `patience`, where it is given, bounds how long a call is slowed down because people
    are busy, in place of the deadline. `clock` (monotonic seconds) and `random` are for tests.
    """

    deadline: float
    attempt_timeout: float
    patience: float | None
    backoff: Backoff
    clock: Callable[[], float]
    random: Callable[[], float]


class _Base:
    settings: Settings

    def __init__(self, url: str | None, key: str | None, options: Options) -> None:
        """Point at a server; OVERREAD_URL and OVERREAD_API_KEY stand in for `url` and `key`."""
        door = Door(base_url=_setting(url, "OVERREAD_URL"), key=_setting(key, "OVERREAD_API_KEY"))
        self.settings = Settings(door=door, **options)

    def with_deadline(self, seconds: float) -> Self:
        """Get a client for the same server, on the same connections, with another deadline."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.settings = replace(self.settings, deadline=seconds)
        return twin


class Client(_Base):
    """Overread for programs that block. Threads may share one."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(url, key, options)
        self._http = http or httpx.Client()
        self._sleep = sleep

    def drive(self, flow: Flow[T]) -> T:
        """Carry out a flow."""
        return drive(flow, self.perform)

    def perform(self, effect: Effect) -> Any:
        match effect:
            case Transmit(request):
                return self._transmit(request)
            case Sleep(seconds):
                return self._sleep(seconds)
            case Invoke(call):
                return _finished(call())
        raise TypeError(f"This client cannot perform {effect!r}.")

    def _transmit(self, request: Request) -> Response:
        try:
            return _response(self._http.request(**_for_httpx(request)))
        except httpx.TransportError as error:
            raise _unreachable(request, error) from error

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    start_run = _Blocking(runs.start)
    read_run = _Blocking(runs.read)
    wait_run = _Blocking(runs.wait)
    save_checkpoint = _Blocking(runs.save_checkpoint)
    complete_run = _Blocking(runs.complete)
    fail_run = _Blocking(runs.fail)
    propose = _Blocking(proposals.propose)
    dry_run = _Blocking(proposals.dry_run)
    propose_batch = _Blocking(proposals.propose_batch)
    report_outcome = _Blocking(proposals.report_outcome)
    escalate = _Blocking(handoffs.escalate)
    read_handoff = _Blocking(handoffs.read)
    wait = _Blocking(handoffs.wait)
    give_information = _Blocking(handoffs.give_information)
    withdraw = _Blocking(handoffs.withdraw)
    read_status = _Blocking(handoffs.read_status)
    claim = _Blocking(resumptions.claim)
    heartbeat = _Blocking(resumptions.heartbeat)
    acknowledge = _Blocking(resumptions.acknowledge)
    acknowledge_stale = _Blocking(resumptions.acknowledge_stale)
    release = _Blocking(resumptions.release)
    pressure = _Blocking(rules.pressure)
    standing = _Blocking(rules.standing)
    governance = _Blocking(rules.governance)
    risk_tier_map = _Blocking(rules.risk_tier_map)
    receipt = _Blocking(proofs.receipt)
    jwks = _Blocking(proofs.jwks)


class AsyncClient(_Base):
    """Overread for asyncio programs: the same methods, awaited."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        http: httpx.AsyncClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(url, key, options)
        self._http = http or httpx.AsyncClient()
        self._sleep = sleep

    async def drive(self, flow: Flow[T]) -> T:
        """Carry out a flow."""
        return await drive_async(flow, self.perform)

    async def perform(self, effect: Effect) -> Any:
        match effect:
            case Transmit(request):
                return await self._transmit(request)
            case Sleep(seconds):
                return await self._sleep(seconds)
            case Invoke(call):
                result = call()
                return await result if isinstance(result, Awaitable) else result
        raise TypeError(f"This client cannot perform {effect!r}.")

    async def _transmit(self, request: Request) -> Response:
        try:
            return _response(await self._http.request(**_for_httpx(request)))
        except httpx.TransportError as error:
            raise _unreachable(request, error) from error

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    start_run = _Awaitable(runs.start)
    read_run = _Awaitable(runs.read)
    wait_run = _Awaitable(runs.wait)
    save_checkpoint = _Awaitable(runs.save_checkpoint)
    complete_run = _Awaitable(runs.complete)
    fail_run = _Awaitable(runs.fail)
    propose = _Awaitable(proposals.propose)
    dry_run = _Awaitable(proposals.dry_run)
    propose_batch = _Awaitable(proposals.propose_batch)
    report_outcome = _Awaitable(proposals.report_outcome)
    escalate = _Awaitable(handoffs.escalate)
    read_handoff = _Awaitable(handoffs.read)
    wait = _Awaitable(handoffs.wait)
    give_information = _Awaitable(handoffs.give_information)
    withdraw = _Awaitable(handoffs.withdraw)
    read_status = _Awaitable(handoffs.read_status)
    claim = _Awaitable(resumptions.claim)
    heartbeat = _Awaitable(resumptions.heartbeat)
    acknowledge = _Awaitable(resumptions.acknowledge)
    acknowledge_stale = _Awaitable(resumptions.acknowledge_stale)
    release = _Awaitable(resumptions.release)
    pressure = _Awaitable(rules.pressure)
    standing = _Awaitable(rules.standing)
    governance = _Awaitable(rules.governance)
    risk_tier_map = _Awaitable(rules.risk_tier_map)
    receipt = _Awaitable(proofs.receipt)
    jwks = _Awaitable(proofs.jwks)


def _finished(result: T) -> T:
    """Refuse a coroutine: nobody would ever run it, and the action would only look done."""
    if isinstance(result, Coroutine):
        result.close()
        raise TypeError("This is async code: use overread.AsyncClient with it.")
    return result


def _setting(value: str | None, variable: str) -> str:
    found = value or os.environ.get(variable)
    if not found:
        raise ValueError(f"Say it in the call or set {variable}.")
    return found


def _for_httpx(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "content": request.content,
        "timeout": request.timeout,
        # A redirect would carry the key to wherever it points.
        "follow_redirects": False,
    }


def _response(response: httpx.Response) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(status=response.status_code, headers=headers, body=response.content)


def _unreachable(request: Request, error: httpx.TransportError) -> Unreachable:
    reason = str(error) or type(error).__name__
    return Unreachable(f"No answer to {request.method} {request.url.partition('?')[0]}: {reason}.")
