"""What the detector remembers of an action type: bounded, whatever passes by.

Texts are kept as short digests: enough to know one again, too little to read a customer's data in.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handoffs.titles import visible

# the last so many of an action type are what the next is compared with
LAST = 500
DAYS = 14
# a field with more values than this is free text, not a category
MOST_VALUES = 300
MOST_PATHS = 40
REPEATS_SECONDS = 600
_MOST_REPEATS = 2000
_PATH_LENGTH = 60
_DEPTH = 4
# beyond this a number is no amount, and its square is no number
_LARGEST = 1e150


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A proposal as the detector sees it; `digest` is that of its arguments."""

    id: str
    action_type: str
    arguments: Mapping[str, Any]
    digest: str
    run: str
    at: datetime

    @property
    def hour(self) -> int:
        return int(self.at.timestamp()) // 3600


@dataclass(kw_only=True)
class History:
    """What is known of one action type of one workflow.

    `values` has, for each path, every value there was, and `recent` the last of them in order; a
    path that turned out to be free text has None. `repeats` counts what came again with the same
    arguments in the same run lately, `ended` how often that used to be.
    """

    total: int = 0
    first_hour: int = 0
    numbers: dict[str, list[float]] = field(default_factory=dict)
    values: dict[str, list[int] | None] = field(default_factory=dict)
    recent: dict[str, list[int]] = field(default_factory=dict)
    hours: dict[int, int] = field(default_factory=dict)
    repeats: dict[str, tuple[int, float]] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        hours = {str(hour): count for hour, count in self.hours.items()}
        repeats = {key: list(kept) for key, kept in self.repeats.items()}
        return {**vars(self), "hours": hours, "repeats": repeats}


def from_json(data: Mapping[str, Any]) -> History:
    hours = {int(hour): count for hour, count in data["hours"].items()}
    repeats = {key: (kept[0], kept[1]) for key, kept in data["repeats"].items()}
    return History(**{**data, "hours": hours, "repeats": repeats})


def learn(history: History, seen: Seen) -> None:
    """Take one more into the history, and let go of what is too old or too much."""
    history.first_hour = history.first_hour if history.total else seen.hour
    history.total += 1
    for path, number in numbers(seen.arguments):
        _learn_number(history, path, number)
    for path, text in categories(seen.arguments):
        _learn_value(history, path, known(text))
    history.hours[seen.hour] = history.hours.get(seen.hour, 0) + 1
    for hour in [hour for hour in history.hours if hour < seen.hour - DAYS * 24]:
        del history.hours[hour]
    _learn_repeat(history, seen)


def _learn_number(history: History, path: str, number: float) -> None:
    if path in history.numbers or len(history.numbers) < MOST_PATHS:
        kept = history.numbers.setdefault(path, [])
        kept.append(number)
        del kept[:-LAST]


def _learn_value(history: History, path: str, value: int) -> None:
    if path not in history.values and len(history.values) >= MOST_PATHS:
        return
    values = history.values.setdefault(path, [])
    if values is None:
        return
    if value not in values:
        values.append(value)
    if len(values) > MOST_VALUES:
        history.values[path] = None
        history.recent.pop(path, None)
        return
    recent = history.recent.setdefault(path, [])
    recent.append(value)
    del recent[:-LAST]


def _learn_repeat(history: History, seen: Seen) -> None:
    now = seen.at.timestamp()
    count = repeated(history, seen)
    began = history.repeats.get(repeat_key(seen), (0, now))[1] if count > 1 else now
    over = [key for key, (_, since) in history.repeats.items() if since < now - REPEATS_SECONDS]
    oldest = sorted(history.repeats, key=lambda key: history.repeats[key][1])
    over += oldest[: max(0, len(history.repeats) - _MOST_REPEATS)]
    for key in dict.fromkeys(over):
        history.ended.append(history.repeats.pop(key)[0])
    del history.ended[:-LAST]
    history.repeats[repeat_key(seen)] = (count, began)


def repeated(history: History, seen: Seen) -> int:
    """Return the how-manyth this is of the same in the same run within ten minutes."""
    count, since = history.repeats.get(repeat_key(seen), (0, 0.0))
    return count + 1 if since >= seen.at.timestamp() - REPEATS_SECONDS else 1


def repeat_key(seen: Seen) -> str:
    return f"{known(seen.run)}-{known(seen.digest)}"


def numbers(arguments: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield each number with its path; a list counts as its length."""
    for path, value in _leaves(arguments, "", 0):
        if isinstance(value, list):
            yield f"{path} (how many)", float(len(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            if abs(value) <= _LARGEST:
                yield path, float(value)
            else:
                yield path, _LARGEST if value > 0 else -_LARGEST


def categories(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each text and each yes or no with its path."""
    for path, value in _leaves(arguments, "", 0):
        if isinstance(value, bool):
            yield path, "yes" if value else "no"
        elif isinstance(value, str):
            yield path, value


def _leaves(value: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        name = key if key.isascii() and key.isprintable() else visible(key)
        place = f"{path}.{name}" if path else name
        if len(place) > _PATH_LENGTH:
            continue
        if not isinstance(item, Mapping):
            yield place, item
        elif depth < _DEPTH:
            yield from _leaves(item, place, depth + 1)


def known(text: str) -> int:
    """Return a number to know a text again by."""
    raw = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=6).digest(), "big")
