"""Between a function's call and the JSON arguments that people approve."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from overread import canonical
from overread.errors import ArgumentsMismatch

_KEYWORDS = inspect.Parameter.VAR_KEYWORD


class Binding:
    """How one function's parameters become named arguments and back.

    Parameters in `leave_out` (a database handle, say) are passed on but never proposed.
    """

    def __init__(self, function: Callable[..., Any], leave_out: Collection[str]) -> None:
        self.signature = inspect.signature(function)
        self.leave_out = frozenset(leave_out)
        parameters = self.signature.parameters
        if any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters.values()):
            raise TypeError("A gated function cannot take *args: approved arguments have names.")
        if unknown := self.leave_out - parameters.keys():
            raise TypeError(f"leave_out names no parameter of the function: {sorted(unknown)}.")

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        """Bind a call, defaults included: a default that runs is an argument that is approved."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound

    def arguments(self, bound: inspect.BoundArguments) -> dict[str, Any]:
        """Name what would run, without what is left out."""
        named: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            if self.signature.parameters[name].kind is _KEYWORDS:
                named |= value
            elif name not in self.leave_out:
                named[name] = value
        return named

    def rebind(
        self, approved: Mapping[str, Any], left_out: Mapping[str, Any]
    ) -> inspect.BoundArguments:
        """Bind the approved arguments; what does not fit the function shows in their digest."""
        bound = self.signature.bind_partial()
        rest = dict(approved)
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is _KEYWORDS:
                bound.arguments[name] = rest
            elif name in self.leave_out:
                if name in left_out:
                    bound.arguments[name] = left_out[name]
            elif name in rest:
                bound.arguments[name] = rest.pop(name)
        bound.apply_defaults()
        return bound

    def left_out(self, bound: inspect.BoundArguments) -> dict[str, Any]:
        return {name: bound.arguments[name] for name in self.leave_out & bound.arguments.keys()}


def verify(arguments: Mapping[str, Any], approved_digest: str | None) -> None:
    """Refuse to run anything but what the digest binds; no digest binds nothing."""
    found = canonical.digest(dict(arguments))
    if found != approved_digest:
        raise ArgumentsMismatch(approved=approved_digest or "no digest", about_to_run=found)
