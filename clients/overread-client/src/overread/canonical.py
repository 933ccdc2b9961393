"""Bytes and digests: what goes over the wire, and what an approval is bound to."""

import hashlib
import json
from typing import Any

import rfc8785

from overread.errors import NotJson

PREFIX = "sha-256="


def encode(value: Any) -> bytes:
    """Write a request body once, so that every retry sends the same bytes."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NotJson(f"This cannot be sent as JSON: {error}. Nothing was sent.") from error


def digest(value: Any) -> str:
    """Bind a JSON value: SHA-256 over its RFC 8785 form, so key order and 1.0 against 1 are moot.

    Integers past 2**53 have no such form: send them as text.
    """
    try:
        return PREFIX + hashlib.sha256(rfc8785.dumps(value)).hexdigest()
    except (rfc8785.CanonicalizationError, TypeError, RecursionError) as error:
        raise NotJson(f"This has no canonical JSON form: {error}. Nothing was sent.") from error
