"""Regular expressions of schemas: matched as JSON Schema means them, and never for ever.

Python's matcher backtracks. A pattern is accepted when the ways it can be tried on a text of
bounded length are few; longer texts do not match at all.
"""

import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
import warnings
from functools import lru_cache
from typing import Any

MAX_PATTERN = 200
MAX_TEXT = 200
# three repetitions in a row, each up to the length of the text
MAX_WORK = (MAX_TEXT + 1) ** 3

_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)
_SINGLE = (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY, op.AT)
# escapes and character classes are left alone; any other $ is the end of the text
_DOLLAR = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\$", re.DOTALL)


class _TooMuch(Exception):
    pass


def trouble(pattern: str) -> str | None:
    """Say why a pattern may not be used, or return None."""
    if len(pattern) > MAX_PATTERN:
        return f"A pattern has at most {MAX_PATTERN} characters."
    try:
        with warnings.catch_warnings():
            # what Python may read differently one day is not read at all
            warnings.simplefilter("error", FutureWarning)
            parsed = parser.parse(_as_python(pattern))
        if _work(parsed) * (1 if _is_anchored(parsed) else MAX_TEXT) > MAX_WORK:
            return (
                "The pattern repeats too many things in a row, and a long text could take for "
                "ever. Start it with ^, or repeat fewer."
            )
    except FutureWarning:
        return "The pattern has [, &, ~ or | twice in a set. Put a backslash before them."
    except (re.error, RecursionError, OverflowError) as error:
        return f"The pattern cannot be read: {error!s:.80}."
    except _TooMuch as reason:
        return f"{reason}, and a long text could take for ever. Write it without."
    return None


def matches(pattern: str, text: str) -> bool:
    """Tell whether the pattern is found in a text of at most MAX_TEXT characters."""
    return len(text) <= MAX_TEXT and _compiled(pattern).search(text) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_as_python(pattern), re.ASCII)


def _as_python(pattern: str) -> str:
    """Make $ mean the end, as in ECMAScript; Python's also matches before a last line break."""
    return _DOLLAR.sub(lambda found: found[1] or r"\Z", pattern)


def _is_anchored(parsed: Any) -> bool:
    return len(parsed) > 0 and parsed[0] == (op.AT, op.AT_BEGINNING)


def _work(parsed: Any) -> int:
    """Bound the ways in which a sequence can be tried."""
    total = 1
    for operation, argument in parsed:
        total *= _work_of(operation, argument)
        if total > MAX_WORK * MAX_TEXT:
            break
    return total


def _work_of(operation: Any, argument: Any) -> int:
    if operation in _REPEATS:
        low, high, repeated = argument
        inner = _work(repeated)
        if high <= 1:
            return inner + (1 - int(low))
        if inner > 1:
            raise _TooMuch("The pattern repeats what itself repeats or branches")
        return int(min(high, MAX_TEXT)) - int(min(low, MAX_TEXT)) + 1
    if operation is op.SUBPATTERN:
        return _work(argument[-1])
    if operation is op.BRANCH:
        return sum(map(_work, argument[1]))
    if operation in _SINGLE:
        return 1
    raise _TooMuch("The pattern looks around or back")
