"""What the code is in the middle of: its client and run, and the permission it acts under."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from overread.values import Answer, Run

if TYPE_CHECKING:
    from overread.client import AsyncClient, Client


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Why the gated function may run now.

    `idempotency_key` is the same for every attempt at this one effect, also after a crash: pass
    it to the system that performs the effect.
    """

    action_type: str
    proposal: str | None
    answer: Answer | None
    idempotency_key: str


_current: ContextVar[tuple[Client | AsyncClient, Run | str] | None] = ContextVar(
    "overread_running", default=None
)
_permission: ContextVar[Permission | None] = ContextVar("overread_permission", default=None)


@contextmanager
def running(client: Client | AsyncClient, run: Run | str) -> Iterator[None]:
    """Let the gates called inside use this client and run."""
    token = _current.set((client, run))
    try:
        yield
    finally:
        _current.reset(token)


def current() -> tuple[Client | AsyncClient | None, Run | str | None]:
    return _current.get() or (None, None)


@contextmanager
def permitted(permission: Permission) -> Iterator[None]:
    token = _permission.set(permission)
    try:
        yield
    finally:
        _permission.reset(token)


def permission() -> Permission:
    """Get the permission that the gated function calling this runs under."""
    found = _permission.get()
    if found is None:
        raise LookupError("No gated function is running here.")
    return found
