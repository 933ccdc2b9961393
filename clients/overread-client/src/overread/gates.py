"""The common case in one decorator: ask, wait, run exactly what was approved, report."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, Unpack, cast

from overread import asking, standing
from overread.asking import Gate, Terms
from overread.binding import Binding
from overread.client import AsyncClient, Client
from overread.errors import Paused
from overread.values import Answer, Handoff, Run

P = ParamSpec("P")
R = TypeVar("R")
AnyClient: TypeAlias = Client | AsyncClient


def gate(
    action_type: str,
    *,
    client: AnyClient | Callable[[], AnyClient] | None = None,
    run: Run | str | Callable[[], Run | str] | None = None,
    **terms: Unpack[Terms],
) -> Callable[[Callable[P, R]], Gated[P, R]]:
    """Put a question before a function: may I do this, with these arguments?

    The function runs only on permission and only with the arguments the permission binds. Client
    and run may also come from `with overread.running(client, run):`.
    """

    def wrap(function: Callable[P, R]) -> Gated[P, R]:
        return Gated(function, action_type, client, run, terms)

    return wrap


class Gated(Generic[P, R]):
    """A function behind a gate."""

    def __init__(
        self,
        function: Callable[P, R],
        action_type: str,
        client: AnyClient | Callable[[], AnyClient] | None,
        run: Run | str | Callable[[], Run | str] | None,
        terms: Terms,
    ) -> None:
        self.function = function
        self.client = client
        self.run = run
        shape = Binding(function, terms.get("leave_out", ()))
        self.gate = Gate(function=function, action_type=action_type, terms=terms, binding=shape)
        self.__doc__ = function.__doc__
        self.__name__ = getattr(function, "__name__", action_type)
        self.__wrapped__ = function

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Ask and, with permission, run."""
        client = self._client()
        run = self.run() if callable(self.run) else self.run or standing.current()[1]
        if run is None:
            raise TypeError("Which run? Give the gate run=… or use overread.running(client, run).")
        bound = self.gate.binding.bind(args, kwargs)
        return cast(R, client.drive(asking.ask(client.settings, self.gate, run, bound)))

    def resume(self, subject: Paused | Handoff | Answer | str, **left_out: Any) -> R:
        """Go on after a pause, also in another process: run what was approved, or raise why not.

        A handoff (or its id) is waited for. A soft review that was rolled back is undone here and
        raises RolledBack; one that was confirmed raises AlreadyDone.
        """
        client = self._client()
        return cast(R, client.drive(asking.resume(client.settings, self.gate, subject, left_out)))

    def using(
        self,
        *,
        client: AnyClient | None = None,
        run: Run | str | None = None,
        **terms: Unpack[Terms],
    ) -> Gated[P, R]:
        """Get the same gate on other terms, for one call: another brief, another key."""
        merged = cast(Terms, {**self.gate.terms, **terms})
        action_type = self.gate.action_type
        return Gated(self.function, action_type, client or self.client, run or self.run, merged)

    def __get__(self, instance: object, owner: type[Any]) -> Gated[..., R]:
        if instance is None:
            return self
        method = cast(Any, self.function).__get__(instance, owner)
        return Gated(method, self.gate.action_type, self.client, self.run, self.gate.terms)

    def _client(self) -> AnyClient:
        client = self.client() if callable(self.client) else self.client or standing.current()[0]
        if client is None:
            raise TypeError("Which client? Give the gate client=… or use overread.running(…).")
        if inspect.iscoroutinefunction(self.function) != isinstance(client, AsyncClient):
            raise TypeError("An async function needs overread.AsyncClient, any other needs Client.")
        return client
