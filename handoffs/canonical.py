"""Give every JSON value one byte form (RFC 8785) and one digest over it."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import rfc8785

_QUICK = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
# What orjson writes differently from RFC 8785: floats that are whole or have an exponent, integers
# beyond a double, and NaN as null. Inside a string the pattern only costs the slower way.
_WRITTEN_DIFFERENTLY = re.compile(rb"[:,\[](?:-?(?:\d{16}|\d+\.0(?!\d)|\d+(?:\.\d+)?e)|null)")
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
# all but what such numbers are written with, and what keeps other texts from looking like them
_ASIDE = bytes(set(range(256)) - set(b'0123456789.e-:,/" '))
# the first byte of a character that takes two UTF-16 units
_ASTRAL = re.compile(rb"[\xf0-\xf4]")


class NotCanonical(ValueError):
    """A value without a canonical form, with the place of the first trouble."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def encode(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a value as a JSON reader gives it, or raise NotCanonical.

    Most values are written by a general encoder, many times faster, whenever its text is the
    canonical one anyhow; a property test holds both ways together.
    """
    if isinstance(value, dict | list):
        try:
            written = orjson.dumps(value, option=_QUICK)
            if not _is_written_differently(written) and not _beyond_utf16_unit(written):
                return written
        except TypeError:
            pass  # the slower way finds out why
    try:
        return rfc8785.dumps(value)
    except (ValueError, TypeError, RecursionError) as error:
        path, message = _trouble(value, (), 0) or ((), str(error) or "cannot be written as JSON")
        raise NotCanonical(f"{'.'.join(path) or 'The value'} {message}.", ".".join(path)) from None


def digest(value: Any) -> str:
    """Return `sha-256=<64 hex digits>` over the canonical bytes."""
    return digest_of(encode(value))


def digest_of(encoded: bytes) -> str:
    """Return the digest of what `encode` wrote."""
    return f"sha-256={hashlib.sha256(encoded).hexdigest()}"


def _is_written_differently(written: bytes) -> bool:
    """Look for plain signs first: the exact pattern takes longer than the writing itself."""
    numbers = written.translate(None, _ASIDE)
    outline = numbers.translate(_DIGITS)
    return (
        b".0" in numbers or b"null" in written or b"0e" in outline or b"0" * 16 in outline
    ) and _WRITTEN_DIFFERENTLY.search(written) is not None


def _beyond_utf16_unit(written: bytes) -> bool:
    """Tell whether sorting by UTF-16 units, as RFC 8785 asks, may differ from sorting text."""
    return not written.isascii() and _ASTRAL.search(written) is not None


def _trouble(value: Any, path: tuple[str, ...], depth: int) -> tuple[tuple[str, ...], str] | None:
    if depth > 500:
        return path[:5], "is nested too deep, or holds itself"
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                return path, f"has a key that is not text: {key!r:.40}"
            if _has_surrogate(key):
                return path, "has a key with half a character (a lone surrogate)"
            if found := _trouble(item, (*path, key), depth + 1):
                return found
        return None
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for index, item in enumerate(value):
            if found := _trouble(item, (*path, str(index)), depth + 1):
                return found
        return None
    message = _leaf_trouble(value)
    return (path, message) if message else None


def _leaf_trouble(value: Any) -> str | None:
    if isinstance(value, str):
        return "holds half a character (a lone surrogate)" if _has_surrogate(value) else None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return "is an integer beyond ±(2^53 - 1); send it as text" if abs(value) >= 2**53 else None
    if isinstance(value, float):
        return "is not a finite number" if value - value != 0 else None
    return f"is a {type(value).__name__}, which JSON does not have"


def _has_surrogate(text: str) -> bool:
    return bool(re.search("[\ud800-\udfff]", text))
