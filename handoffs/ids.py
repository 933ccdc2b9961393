"""Public ids: a type prefix and 26 characters that sort by time of making."""

import os
import time
from datetime import datetime

# Crockford's base 32: no i, l, o, u
_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
# two characters at a time
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]
_SHIFTS = range(120, -1, -10)
ID_LENGTH = 26


def new(prefix: str) -> str:
    """Return e.g. ``run_01k9…``: 48 bits of milliseconds, then 80 random bits."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    return _spell(prefix, value)


def at(prefix: str, moment: datetime) -> str:
    """Return the id that sorts before every other made at `moment` or later."""
    return _spell(prefix, max(0, int(moment.timestamp() * 1000)) << 80)


def _spell(prefix: str, value: int) -> str:
    # 26 characters hold 130 bits: two zeros, then these 128
    return f"{prefix}_{''.join([_PAIRS[value >> shift & 1023] for shift in _SHIFTS])}"


def new_run() -> str:
    return new("run")


def new_proposal() -> str:
    return new("prop")


def new_handoff() -> str:
    return new("ho")


def new_answer() -> str:
    return new("ans")


def new_resumption() -> str:
    return new("res")


def new_message() -> str:
    return new("msg")


def new_link() -> str:
    return new("lnk")


def new_stop() -> str:
    return new("stop")
