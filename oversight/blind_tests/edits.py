"""What an edit makes of one value, and where it finds another to take for it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from oversight.blind_tests import material
from oversight.blind_tests.material import WORLD, Path


class How(StrEnum):
    SET = "set"
    SCALE = "scale"
    TRANSPOSE = "transpose"
    SHIFT_DAYS = "shift days"
    ADD = "add"
    ADD_TEXT = "add text"
    # another one of the same shape that stands in the brief; `value`: what shape, as a pattern
    ANOTHER = "another"
    # the same, put into the list beside those that are right
    ALSO = "also"
    # what this pattern finds where the fault shows: an instruction that is followed
    QUOTE = "quote"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One value that becomes another; `value` is what `how` needs: itself, a factor, days, text.

    A label may name an argument: ("brief", "facts", "Order {order_id}: status", "value").
    """

    at: Path
    how: How
    value: Any = None


class Unusable(ValueError):
    """This fault can't be put into this handoff: it lacks the place, or nothing would be wrong."""


_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")


def edited(edit: Edit, old: Any, body: Mapping[str, Any], shown: str) -> Any:
    """Return what stands there instead; `shown` is what the fault is to be seen in."""
    if edit.how in _FOUND:
        new = _FOUND[edit.how](old, edit.value, body, shown)
    else:
        new = _HOWS[edit.how](old, edit.value)
    if new == old:
        raise Unusable("It would change nothing.")
    return _written_alike(new, old, body)


def _written_alike(new: Any, old: Any, body: Mapping[str, Any]) -> Any:
    """Write 631.0 as 631 where nothing else has a zero behind the point: it would stand out."""
    if not _is_whole_float(new) or _is_whole_float(old):
        return new
    others = any(_is_whole_float(one) for _, one in material.leaves(body))
    return new if others else int(new)


def _is_whole_float(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _set(old: Any, value: Any) -> Any:
    return value


def _scale(old: Any, factor: Any) -> Any:
    if isinstance(old, bool) or not isinstance(old, int | float):
        raise Unusable("There is no number to scale.")
    scaled = old * factor
    return round(scaled) if isinstance(old, int) else round(scaled, _decimals(old))


def _decimals(number: float) -> int:
    _, _, decimals = repr(number).partition(".")
    return max(2, len(decimals)) if "e" not in decimals else 2


def _transpose(old: Any, which: Any) -> Any:
    """Swap two neighbours that differ, letters or digits alike; the last such two by default."""
    if not isinstance(old, str):
        raise Unusable("There is no id to misspell.")
    pairs = [
        at for at in range(len(old) - 1)
        if old[at] != old[at + 1] and old[at : at + 2].isdigit()
    ]  # fmt: skip
    if not pairs:
        raise Unusable("No two neighbouring digits differ.")
    at = pairs[int(which or 0) % len(pairs) - 1]
    return old[:at] + old[at + 1] + old[at] + old[at + 2 :]


def _shift_days(old: Any, days: Any) -> Any:
    if not isinstance(old, str) or not _DATE.match(old):
        raise Unusable("There is no date to move.")
    try:
        moved = date.fromisoformat(old[:10]) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise Unusable("There is no date to move.") from None
    return moved.isoformat() + old[10:]


def _add_text(old: Any, text: Any) -> Any:
    if isinstance(old, str):
        return f"{old.rstrip()} {text}" if old.strip() else text
    if isinstance(old, list):
        return [*old, text]
    raise Unusable("There is no text to add to.")


def _add(old: Any, more: Any) -> Any:
    if isinstance(old, bool) or not isinstance(old, int | float):
        raise Unusable("There is no number to add to.")
    return old + more


_HOWS: Mapping[How, Callable[[Any, Any], Any]] = {
    How.SET: _set,
    How.SCALE: _scale,
    How.TRANSPOSE: _transpose,
    How.SHIFT_DAYS: _shift_days,
    How.ADD: _add,
    How.ADD_TEXT: _add_text,
}


def _another(old: Any, pattern: Any, body: Mapping[str, Any], shown: str) -> Any:
    """Return the one that was spoken of last among those that the agent does not want."""
    if not isinstance(old, str):
        raise Unusable("There is no text to take another for.")
    shape = re.compile(str(pattern) if pattern else _shape(old))
    wanted = {leaf for _, leaf in material.leaves(body, (("arguments",),))}
    said = [hit for text in material.texts(body, WORLD) for hit in shape.findall(text)]
    others = [one for one in dict.fromkeys(said) if one not in wanted]
    if not others:
        raise Unusable("There is no other one.")
    # not the first that comes: the first is often the customer's newest, say
    return others[sum(map(ord, old)) % len(others)]


def _also(old: Any, pattern: Any, body: Mapping[str, Any], shown: str) -> Any:
    if not isinstance(old, list) or not old:
        raise Unusable("There is no list to add to.")
    return [*old, _another(old[0], pattern, body, shown)]


def _quote(old: Any, pattern: Any, body: Mapping[str, Any], shown: str) -> Any:
    hits = [hit[1] for hit in re.finditer(str(pattern), shown)]
    if not hits:
        raise Unusable("There is no instruction to follow.")
    if isinstance(old, bool) or not isinstance(old, int | float):
        return hits[-1]
    try:
        return type(old)(float(hits[-1].replace(",", "")))
    except ValueError:
        raise Unusable("There is no instruction to follow.") from None


_FOUND: Mapping[How, Callable[[Any, Any, Mapping[str, Any], str], Any]] = {
    How.ANOTHER: _another,
    How.ALSO: _also,
    How.QUOTE: _quote,
}


def _shape(word: str) -> str:
    """Return a pattern of what is written like this: digits for digits, letters for letters."""
    made = []
    for kind, run in groupby(word, key=_kind_of):
        count = len(list(run))
        made.append(f"{kind}{{{count}}}" if len(kind) > 1 else re.escape(kind) * count)
    return rf"(?<![\w#]){''.join(made)}(?!\w)"


def _kind_of(character: str) -> str:
    if character.isdigit():
        return "[0-9]"
    return "[A-Z]" if character.isupper() else character
