"""The condition of a rule: a small typed tree, read from JSON, that always has an answer.

    {"all": […]}  {"any": […]}  {"not": …}  {"missing": "confidence"}
    {"signal": "confidence", "op": "<", "value": 0.8}
    {"fields": ["input.text", "brief.ask"], "op": "contains_any", "list": "legal-words"}

No expression language, no calls, no clock: a parsed tree is bounded, cannot fail and reads the
same everywhere. A comparison with what is not there, or is of another kind than the comparison,
is neither true nor false but unknown; `all`, `any` and `not` carry that on (Kleene's logic).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from handoffs import signals, texts
from handoffs.signals import Known, Type

MAX_DEPTH = 8
MAX_NODES = 100
MAX_LIST = 500
MAX_TEXT = 200
MAX_FIELDS = 10

EQUAL = ("==", "!=")
ORDERED = ("<", "<=", ">", ">=")
OPERATORS = (*EQUAL, *ORDERED, "in", "contains_any")
_OPERATORS_OF = {
    Type.NUMBER: (*EQUAL, *ORDERED, "in"),
    Type.COUNT: (*EQUAL, *ORDERED, "in"),
    Type.TEXT: (*EQUAL, "in", "contains_any"),
    Type.LIST: ("contains_any",),
    Type.TRUTH: EQUAL,
    Type.OPEN: OPERATORS,
}

Scalar = bool | int | float | str


class PolicyError(ValueError):
    """A policy that is not read, with the place and the reason."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class ListKind(StrEnum):
    """What a list of a map is for."""

    KEYWORDS = "keywords"
    WATCHLIST = "watchlist"


@dataclass(frozen=True)
class WordList:
    """A list that rules name: words to find in texts, or names to watch for."""

    kind: ListKind
    entries: tuple[str, ...]


Lists = Mapping[str, WordList]
_OP_OF_KIND = {ListKind.KEYWORDS: "contains_any", ListKind.WATCHLIST: "in"}


@dataclass(frozen=True)
class Compare:
    """One comparison; with `list`, `value` holds the entries of that list of the map."""

    signal: str
    op: str
    value: Scalar | tuple[Scalar, ...]
    list: str | None = None


@dataclass(frozen=True)
class AnyField:
    """The same comparison of several fields: holds when it holds of any.

    Fields that are not there are passed over, as long as one is there.
    """

    items: tuple[Compare, ...]


@dataclass(frozen=True)
class Missing:
    signal: str


@dataclass(frozen=True)
class Not:
    item: "Condition"


@dataclass(frozen=True)
class AllOf:
    items: tuple["Condition", ...]


@dataclass(frozen=True)
class AnyOf:
    items: tuple["Condition", ...]


Condition = Compare | AnyField | Missing | Not | AllOf | AnyOf
_NO_LISTS: Lists = MappingProxyType({})


def parse(data: Any, path: str = "when", lists: Lists = _NO_LISTS) -> Condition:
    """Read a condition from JSON, or raise PolicyError naming the place and the reason."""
    return _Parser(lists).read(data, path, 1)


class _Parser:
    """Reads one condition, within its bounds."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._left = MAX_NODES

    def read(self, data: Any, path: str, depth: int) -> Condition:
        self._count(path, depth)
        if not isinstance(data, Mapping):
            raise PolicyError(path, "A condition is an object.")
        match sorted(map(str, data)):
            case ["all"] | ["any"] as keys:
                items = self._items(data[keys[0]], f"{path}.{keys[0]}", depth + 1)
                return AllOf(items) if keys == ["all"] else AnyOf(items)
            case ["not"]:
                return Not(self.read(data["not"], f"{path}.not", depth + 1))
            case ["missing"]:
                return Missing(_name(data["missing"], f"{path}.missing")[0])
            case ["op", "signal", "value"] | ["list", "op", "signal"]:
                return self._comparison(data, data["signal"], path, "signal")
            case ["fields", "op", "value"] | ["fields", "list", "op"]:
                return self._any_field(data, path, depth)
        raise PolicyError(
            path,
            "One of all, any, not, missing belongs here, or the three of signal (or fields), op "
            "and value (or list).",
        )

    def _count(self, path: str, depth: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise PolicyError(path, f"A condition has at most {MAX_NODES} parts. Split the rule.")
        if depth > MAX_DEPTH:
            raise PolicyError(path, f"A condition nests at most {MAX_DEPTH} deep. Split the rule.")

    def _items(self, items: Any, path: str, depth: int) -> tuple[Condition, ...]:
        if not isinstance(items, list) or not items:
            raise PolicyError(path, "A list of at least one condition belongs here.")
        return tuple(self.read(item, f"{path}.{at}", depth) for at, item in enumerate(items))

    def _any_field(self, data: Mapping[str, Any], path: str, depth: int) -> AnyField:
        fields = data["fields"]
        if not isinstance(fields, list) or not 0 < len(fields) <= MAX_FIELDS:
            raise PolicyError(f"{path}.fields", f"A list of 1 to {MAX_FIELDS} names belongs here.")
        made: list[Compare] = []
        for index, name in enumerate(fields):
            if name in fields[:index]:
                raise PolicyError(f"{path}.fields.{index}", "This field stands here twice.")
            self._count(path, depth)
            made.append(self._comparison(data, name, path, f"fields.{index}"))
        return AnyField(tuple(made))

    def _comparison(self, data: Mapping[str, Any], given: Any, path: str, at: str) -> Compare:
        name, expected = _name(given, f"{path}.{at}")
        op = data["op"]
        if not isinstance(op, str) or op not in OPERATORS:
            raise PolicyError(f"{path}.op", f"One of {' '.join(OPERATORS)} belongs here.")
        allowed = ORDERED if expected.runs_on else _OPERATORS_OF[expected.type]
        if op not in allowed:
            kind = "clock" if expected.runs_on else expected.type
            raise PolicyError(f"{path}.op", f"{name} is a {kind}, which takes {' '.join(allowed)}.")
        if "list" in data:
            entries = self._entries(data["list"], op, name, expected, path)
            return Compare(name, op, entries, data["list"])
        value = _value(data["value"], op, expected, f"{path}.value")
        for one in value if isinstance(value, tuple) else (value,):
            _check_reachable(one, op, name, expected, f"{path}.value")
        return Compare(name, op, value)

    def _entries(
        self, given: Any, op: str, name: str, expected: Known, path: str
    ) -> tuple[str, ...]:
        found = self._lists.get(given) if isinstance(given, str) else None
        if found is None:
            raise PolicyError(f"{path}.list", f"There is no list “{given!s:.60}” in this map.")
        if _OP_OF_KIND[found.kind] != op:
            wanted = _OP_OF_KIND[found.kind]
            raise PolicyError(f"{path}.op", f"{given} holds {found.kind}, which takes {wanted}.")
        if expected.type not in (Type.TEXT, Type.OPEN) or expected.choices:
            raise PolicyError(f"{path}.list", f"{name} is not a text that a list could know.")
        return found.entries


def _name(name: Any, path: str) -> tuple[str, Known]:
    expected = signals.known(name) if isinstance(name, str) and len(name) <= 600 else None
    if expected is None:
        shown = f"“{name:.60}”" if isinstance(name, str) else "This"
        raise PolicyError(
            path,
            f"{shown} is not a name policy reads. It reads {', '.join(signals.CATALOGUE)}, "
            f"{', '.join(f'{prefix}.…' for prefix in signals.OPEN_PREFIXES)}.",
        )
    return name, expected


def _value(data: Any, op: str, expected: Known, path: str) -> Scalar | tuple[Scalar, ...]:
    if op not in {"in", "contains_any"}:
        return _scalar(data, op, expected, path)
    if not isinstance(data, list) or not 0 < len(data) <= MAX_LIST:
        raise PolicyError(path, f"A list of 1 to {MAX_LIST} belongs here.")
    items = tuple(_scalar(item, op, expected, f"{path}.{i}") for i, item in enumerate(data))
    if len({isinstance(item, str) for item in items}) > 1:
        raise PolicyError(path, "Texts and numbers are mixed; all of one kind belong here.")
    return items


def _scalar(data: Any, op: str, expected: Known, path: str) -> Scalar:
    numeric = op in ORDERED or expected.type in {Type.NUMBER, Type.COUNT}
    if signals.is_number(data) and (
        numeric or (expected.type is Type.OPEN and op != "contains_any")
    ):
        if abs(data) >= 2**53:
            raise PolicyError(path, "Numbers go up to 2^53 - 1 here.")
        return data
    if numeric:
        raise PolicyError(path, "A number belongs here.")
    if isinstance(data, bool) and expected.type in (Type.OPEN, Type.TRUTH) and op in EQUAL:
        return data
    if expected.type is Type.TRUTH:
        raise PolicyError(path, "true or false belongs here.")
    text = check_text(data, path)
    if op == "contains_any" and expected.type is not Type.LIST and not texts.keyword(text):
        raise PolicyError(path, "A keyword has at least one letter or digit.")
    return text


def check_text(data: Any, path: str) -> str:
    """Return a text that a value could equal, or raise PolicyError."""
    if not isinstance(data, str):
        raise PolicyError(path, "A text belongs here.")
    if not data.strip() or len(data) > MAX_TEXT or "\x00" in data or not _is_utf8(data):
        raise PolicyError(path, f"A text of 1 to {MAX_TEXT} ordinary characters belongs here.")
    return data


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _check_reachable(value: Scalar, op: str, name: str, expected: Known, path: str) -> None:
    """Refuse what could never be compared with success: 85 for a share, a word never used."""
    if signals.is_number(value):
        edge = (op == "<" and value == expected.low) or (op == ">" and value == expected.high)
        if edge or not signals.in_range(expected, value):
            raise PolicyError(
                path, f"{name} lies in {signals.bounds(expected)}: {op} {value} decides nothing."
            )
    elif expected.choices and value not in expected.choices:
        raise PolicyError(path, f"{name} is one of {', '.join(expected.choices)}.")


def to_json(condition: Condition) -> dict[str, Any]:
    """Write a condition as `parse` reads it."""
    match condition:
        case Compare():
            return {"signal": condition.signal, **_compared(condition)}
        case AnyField(items):
            return {"fields": [item.signal for item in items], **_compared(items[0])}
        case Missing(signal):
            return {"missing": signal}
        case Not(item):
            return {"not": to_json(item)}
        case AllOf(items):
            return {"all": [to_json(item) for item in items]}
        case AnyOf(items):
            return {"any": [to_json(item) for item in items]}


def _compared(leaf: Compare) -> dict[str, Any]:
    if leaf.list is not None:
        return {"op": leaf.op, "list": leaf.list}
    return {"op": leaf.op, "value": [*leaf.value] if isinstance(leaf.value, tuple) else leaf.value}


def leaves(condition: Condition) -> Iterator[Compare | Missing]:
    """Give every comparison of a condition."""
    match condition:
        case Compare() | Missing():
            yield condition
        case Not(item):
            yield from leaves(item)
        case AllOf(items) | AnyOf(items) | AnyField(items):
            for item in items:
                yield from leaves(item)


_OP_IN_WORDS = {
    "==": "is",
    "!=": "is not",
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "in": "is one of",
    "contains_any": "mentions",
}
_NAMES_IN_WORDS = {"time.hour": "the hour", "time.weekday": "the weekday"}


def in_words(condition: Condition) -> str:
    """Say a condition as a person would: "amount is above 200 and flags include legal_threat"."""
    match condition:
        case Compare("first_seen", op, value):
            new = (op == "==") is value
            return "its action type " + ("is new here" if new else "was proposed before")
        case Compare(signal):
            return f"{_name_in_words(signal)} {_compared_in_words(condition)}"
        case AnyField(items):
            names = _joined([_name_in_words(item.signal) for item in items], "or")
            return f"{names} {_compared_in_words(items[0])}"
        case Missing(signal):
            return f"{_name_in_words(signal)} {'are' if _is_list(signal) else 'is'} not given"
        case Not(Missing(signal)):
            return f"{_name_in_words(signal)} {'are' if _is_list(signal) else 'is'} given"
        case Not(item):
            return f"not ({in_words(item)})"
        case AllOf(items):
            return _joined([_inner(item) for item in items], "and")
        case AnyOf(items):
            return _joined([_inner(item) for item in items], "or")


def _compared_in_words(leaf: Compare) -> str:
    if leaf.list is not None:
        return f"{'mentions a word of' if leaf.op == 'contains_any' else 'is on'} {leaf.list}"
    verb = _OP_IN_WORDS[leaf.op]
    if leaf.op == "contains_any" and _is_list(leaf.signal):
        verb = "include"
    listed = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
    return f"{verb} {_joined([_shown(value) for value in listed], 'or')}"


def _inner(condition: Condition) -> str:
    said = in_words(condition)
    is_joined = isinstance(condition, AllOf | AnyOf) and len(condition.items) > 1
    return f"({said})" if is_joined else said


def _joined(parts: list[str], word: str) -> str:
    return f" {word} ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _is_list(name: str) -> bool:
    expected = signals.known(name)
    return expected is not None and expected.type is Type.LIST


def _name_in_words(name: str) -> str:
    if name in _NAMES_IN_WORDS:
        return _NAMES_IN_WORDS[name]
    prefix, _, path = name.partition(".")
    match prefix:
        case _ if not path:
            return name.replace("_", " ")
        case "arguments":
            return f"argument {path}"
        case "values":
            return path
        case _:
            return f"{prefix} {path}"


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"“{value}”" if isinstance(value, str) else str(value)
