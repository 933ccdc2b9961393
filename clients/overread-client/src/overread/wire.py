"""Turn a JSON object into one of our frozen dataclasses, reading the types they declare."""

import dataclasses
import functools
import types
import typing
from collections.abc import Hashable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from overread.errors import UnexpectedAnswer

T = TypeVar("T")


def decode(kind: type[T], data: Any, path: str = "", **extra: Any) -> T:
    """Build a `kind`; keys it does not know are kept in `raw`, since the server may add some."""
    if not isinstance(data, Mapping):
        raise _unexpected(path or kind.__name__, "an object", data)
    hints: dict[str, Any] = _hints(typing.cast(Hashable, kind))
    given = {
        name: _convert(hint, data[name], f"{path}.{name}" if path else name)
        for name, hint in hints.items()
        if name in data and name != "raw"
    }
    if "raw" in hints:
        given["raw"] = data
    try:
        return kind(**{**given, **extra})
    except TypeError as error:
        raise UnexpectedAnswer(f"The answer lacks a field of {kind.__name__}: {error}") from error


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _convert(hint: Any, value: Any, path: str) -> Any:
    if hint is Any:
        return value
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        present = next(one for one in inner if one is not types.NoneType)
        return None if value is None else _convert(present, value, path)
    if origin is tuple:
        return _items(inner[0], value, path)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast(type[Any], hint), value, path)
    if hint is datetime:
        return _time(value, path)
    return _plain(origin or hint, value, path)


def _items(hint: Any, value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _unexpected(path, "a list", value)
    return tuple(_convert(hint, item, f"{path}.{index}") for index, item in enumerate(value))


def _time(value: Any, path: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _unexpected(path, "a time", value) from error


def _plain(kind: type[Any], value: Any, path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _unexpected(path, kind.__name__, value)
    return value


def _unexpected(path: str, wanted: str, value: Any) -> UnexpectedAnswer:
    return UnexpectedAnswer(f"Expected {wanted} at {path}, found {type(value).__name__}.")
