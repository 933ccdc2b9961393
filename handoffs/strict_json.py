"""Read JSON that every client, the database and a signature can hold, and refuse the rest.

What is not JSON is a 400, what is JSON but not usable is a 422, too many bytes is a 413. Nothing is
repaired and nothing is dropped: a body that two readers could understand differently is refused.
"""

import math
import re
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from typing import Any, NoReturn

import orjson

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
# beyond this a double, and so most JSON clients, no longer tells neighbours apart
MAX_NUMBER = 2**53 - 1
MAX_DIGITS = 400

_UNSURE = object()
# all digits look alike, and of the rest only what tells numbers and strings apart is kept
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_ASIDE = bytes(set(range(256)) - set(b'0123456789eE.-:,/ "\\'))
_NOT_QUOTES = bytes(set(range(256)) - set(b'"\\'))
_NOT_OPENING = bytes(set(range(256)) - set(b"[{"))
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_OUTLINE = bytes(set(range(256)) - set(b'[]{}"'))
# escapes that may stand for NUL or for half a character; the exact check follows
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNUSABLE_CHARACTER = re.compile("[\x00\ud800-\udfff]")


class JsonRefused(ValueError):
    """A body that is not read, with the status to answer and the place to look at."""

    def __init__(
        self, message: str, *, status: int = 422, path: str = "", line: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.path = path
        self.line = line


class _Suspect(Exception):
    """Something in the body needs the slow reader, which can say where it is."""


class _Refusal:
    """Stands in the tree where a value could not be taken."""

    def __init__(self, message: str, status: int = 422) -> None:
        self.message = message
        self.status = status


def parse(body: bytes, *, max_bytes: int = MAX_BYTES) -> Any:
    """Return the value in `body`, or raise JsonRefused."""
    if len(body) <= max_bytes and not _depth_exceeded(body):
        value = _at_a_glance(body)
        if value is not _UNSURE:
            return value
    return _read(body, max_bytes)


def _at_a_glance(body: bytes) -> Any:
    """Return the value where the general reader takes every part as it stands, else _UNSURE.

    It keeps the last of two equal keys and a double of any number. So a number with an exponent or
    sixteen digits is left to the exact reader, and quotes are counted: of what was dropped, they
    are missing when the value is written again.
    """
    outline = body.translate(_ALIKE, _ASIDE)
    if b"0e" in outline or b"0" * 16 in outline or _SUSPECT_ESCAPE.search(body):
        return _UNSURE
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _UNSURE
    sent = _quotes(body)
    return value if sent is not None and sent == _quotes(orjson.dumps(value)) else _UNSURE


def _quotes(text: bytes) -> int | None:
    """Count what opens or closes a string; None where escapes make that hard."""
    quotes = text.translate(None, _NOT_QUOTES)
    if b"\\" not in quotes:
        return len(quotes)
    if b"\\\\" in text:
        return None
    return text.count(b'"') - text.count(b'\\"')


def _read(body: bytes, max_bytes: int) -> Any:
    text = _text(body, max_bytes)
    if _depth_exceeded(body):
        raise JsonRefused(f"The JSON is nested deeper than {MAX_DEPTH} levels. Flatten it.")
    try:
        value = _QUICK.decode(text)
    except _Suspect:
        return _read_slowly(text)
    except JSONDecodeError as error:
        _refuse_syntax(error)
    if _SUSPECT_ESCAPE.search(body):
        return _read_slowly(text)
    return value


def _text(body: bytes, max_bytes: int) -> str:
    if len(body) > max_bytes:
        raise JsonRefused(
            f"The body has {len(body)} bytes; at most {max_bytes} are read. Send less.", status=413
        )
    if body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise JsonRefused(
            "The body starts with a byte order mark. Send plain UTF-8 without one.",
            status=400,
            line=1,
        )
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise JsonRefused(
            f"Byte {error.start} is not UTF-8. Send the body as UTF-8.",
            status=400,
            line=body.count(b"\n", 0, error.start) + 1,
        ) from None


def _depth_exceeded(body: bytes) -> bool:
    """Measure the nesting before anything recurses over it.

    Few brackets cannot nest deep, which spares most bodies the work; otherwise strings go, and
    each round peels the innermost level off.
    """
    if len(body.translate(None, _NOT_OPENING)) <= MAX_DEPTH:
        return False
    # once escapes are gone every quote opens or closes a string, so every other part is outside
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outline = b"".join(unescaped.translate(_BRACKETS, _NOT_OUTLINE).split(b'"')[::2])
    for _ in range(MAX_DEPTH):
        if not outline:
            return False
        outline = outline.replace(b"[]", b"")
    # leftovers that do not nest are broken syntax, for the parser to name
    return b"[" * (MAX_DEPTH + 1) in outline or b"[]" in outline


def _refuse_syntax(error: JSONDecodeError) -> NoReturn:
    what = "The body is empty" if not error.doc.strip() else error.msg
    raise JsonRefused(
        f"This is not JSON: {what}, line {error.lineno}, column {error.colno}.",
        status=400,
        line=error.lineno,
    ) from None


def _read_slowly(text: str) -> Any:
    """Read again leaving a mark at every refused value, and name the first one by its path."""
    try:
        value = _EXPLAINING.decode(text)
    except JSONDecodeError as error:
        _refuse_syntax(error)
    for path, message, status in _refusals(value, ()):
        raise JsonRefused(message, status=status, path=".".join(path))
    return value


def _refusals(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, int]]:
    if isinstance(value, _Refusal):
        yield path, value.message, value.status
    elif isinstance(value, str):
        if _UNUSABLE_CHARACTER.search(value):
            yield path, _text_message("A text"), 422
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _refusals(item, (*path, str(index)))
    elif isinstance(value, dict):
        for key, item in value.items():
            if _UNUSABLE_CHARACTER.search(key):
                yield path, _text_message("A key"), 422
            else:
                yield from _refusals(item, (*path, key))


def _text_message(what: str) -> str:
    return f"{what} holds NUL or half a character (a lone surrogate), which cannot be stored."


def _number(literal: str) -> int | float | _Refusal:
    """Take a number that comes back the same from any client and from the database."""
    if len(literal) > MAX_DIGITS:
        return _Refusal(f"A number of {len(literal)} digits. Send it as text.")
    is_float = not literal.lstrip("-").isdigit()
    value = float(literal) if is_float else int(literal)
    if abs(value) > MAX_NUMBER:
        shown = literal if len(literal) <= 40 else f"{literal[:40]}…"
        return _Refusal(
            f"The number {shown} is beyond what JSON clients can hold (±{MAX_NUMBER}). "
            "Send it as text."
        )
    if value == 0 and re.search("[1-9]", literal.lower().split("e")[0]):
        return _Refusal(f"The number {literal[:40]} is too small to hold. Send it as text.")
    return value


def _constant(literal: str) -> _Refusal:
    return _Refusal(f"{literal} is not a JSON number. Leave the field out or send null.", 400)


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            break
        seen.add(key)
    shown = _UNUSABLE_CHARACTER.sub("\ufffd", key)
    return _Refusal(f"The key “{shown[:80]}” stands twice in one object. Keep one.")


def _quick_int(literal: str) -> int:
    # fifteen digits always fit; the rest is for the slow reader to judge
    if len(literal) > 15:
        raise _Suspect
    return int(literal)


def _quick_float(literal: str) -> float:
    value = float(literal)
    if value == 0 or not math.fabs(value) <= MAX_NUMBER or len(literal) > MAX_DIGITS:
        raise _Suspect
    return value


def _quick_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Suspect
    return found


def _quick_constant(_: str) -> NoReturn:
    raise _Suspect


_QUICK = JSONDecoder(
    object_pairs_hook=_quick_object,
    parse_int=_quick_int,
    parse_float=_quick_float,
    parse_constant=_quick_constant,
)
_EXPLAINING = JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_number,
    parse_float=_number,
    parse_constant=_constant,
)
