"""The condition of a rule: a small typed tree, read from JSON, that always has an answer.

    {"all": […]}  {"any": […]}  {"not": …}  {"missing": "confidence"}
    {"signal": "confidence", "op": "<", "value": 0.8}

No expression language, no calls, no clock: a parsed tree is bounded, cannot fail and reads the
same everywhere. A comparison with what is not there, or is of another kind than the comparison,
is neither true nor false but unknown; `all`, `any` and `not` carry that on (Kleene's logic).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handoffs import signals, texts
from handoffs.signals import Known, Type

MAX_DEPTH = 8
MAX_NODES = 100
MAX_LIST = 500
MAX_TEXT = 200

EQUAL = ("==", "!=")
ORDERED = ("<", "<=", ">", ">=")
OPERATORS = (*EQUAL, *ORDERED, "in", "contains_any")
_OPERATORS_OF = {
    Type.NUMBER: (*EQUAL, *ORDERED, "in"),
    Type.COUNT: (*EQUAL, *ORDERED, "in"),
    Type.TEXT: (*EQUAL, "in", "contains_any"),
    Type.LIST: ("contains_any",),
    Type.OPEN: OPERATORS,
}

Scalar = bool | int | float | str


class PolicyError(ValueError):
    """A policy that is not read, with the place and the reason."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class Compare:
    signal: str
    op: str
    value: Scalar | tuple[Scalar, ...]


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


Condition = Compare | Missing | Not | AllOf | AnyOf


def parse(data: Any, path: str = "when") -> Condition:
    """Read a condition from JSON, or raise PolicyError naming the place and the reason."""
    budget = [MAX_NODES]
    return _parse(data, path, 1, budget)


def _parse(data: Any, path: str, depth: int, budget: list[int]) -> Condition:
    budget[0] -= 1
    if budget[0] < 0:
        raise PolicyError(path, f"A condition has at most {MAX_NODES} parts. Split the rule.")
    if depth > MAX_DEPTH:
        raise PolicyError(path, f"A condition nests at most {MAX_DEPTH} deep. Split the rule.")
    if not isinstance(data, Mapping):
        raise PolicyError(path, "A condition is an object.")
    keys = set(data)
    if keys == {"all"} or keys == {"any"}:
        (key,) = keys
        items = data[key]
        if not isinstance(items, list) or not items:
            raise PolicyError(f"{path}.{key}", "A list of at least one condition belongs here.")
        read = tuple(
            _parse(item, f"{path}.{key}.{index}", depth + 1, budget)
            for index, item in enumerate(items)
        )
        return AllOf(read) if key == "all" else AnyOf(read)
    if keys == {"not"}:
        return Not(_parse(data["not"], f"{path}.not", depth + 1, budget))
    if keys == {"missing"}:
        name, _ = _name(data["missing"], f"{path}.missing")
        return Missing(name)
    if keys == {"signal", "op", "value"}:
        return _comparison(data, path)
    raise PolicyError(
        path, "One of all, any, not, missing belongs here, or the three of signal, op and value."
    )


def _name(name: Any, path: str) -> tuple[str, Known]:
    expected = signals.known(name) if isinstance(name, str) and len(name) <= 600 else None
    if expected is None:
        shown = f"“{name:.60}”" if isinstance(name, str) else "This"
        raise PolicyError(
            path,
            f"{shown} is not a name policy reads. It reads {', '.join(signals.CATALOGUE)}, "
            "values.… and arguments.….",
        )
    return name, expected


def _comparison(data: Mapping[str, Any], path: str) -> Compare:
    name, expected = _name(data["signal"], f"{path}.signal")
    op = data["op"]
    if not isinstance(op, str) or op not in OPERATORS:
        raise PolicyError(f"{path}.op", f"One of {' '.join(OPERATORS)} belongs here.")
    allowed = _OPERATORS_OF[expected.type]
    if op not in allowed:
        raise PolicyError(
            f"{path}.op", f"{name} is a {expected.type}, which takes {' '.join(allowed)}."
        )
    value = _value(data["value"], op, expected, f"{path}.value")
    for one in value if isinstance(value, tuple) else (value,):
        _check_reachable(one, op, name, expected, f"{path}.value")
    return Compare(name, op, value)


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
    if isinstance(data, bool) and expected.type is Type.OPEN and op in EQUAL:
        return data
    if not isinstance(data, str):
        raise PolicyError(path, "A text belongs here.")
    if not data.strip() or len(data) > MAX_TEXT or "\x00" in data or not _is_utf8(data):
        raise PolicyError(path, f"A text of 1 to {MAX_TEXT} ordinary characters belongs here.")
    if op == "contains_any" and expected.type is not Type.LIST and not texts.keyword(data):
        raise PolicyError(path, "A keyword has at least one letter or digit.")
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
        case Compare(signal, op, value):
            shown = list(value) if isinstance(value, tuple) else value
            return {"signal": signal, "op": op, "value": shown}
        case Missing(signal):
            return {"missing": signal}
        case Not(item):
            return {"not": to_json(item)}
        case AllOf(items):
            return {"all": [to_json(item) for item in items]}
        case AnyOf(items):
            return {"any": [to_json(item) for item in items]}


def leaves(condition: Condition) -> Iterator[Compare | Missing]:
    """Give every comparison of a condition."""
    match condition:
        case Compare() | Missing():
            yield condition
        case Not(item):
            yield from leaves(item)
        case AllOf(items) | AnyOf(items):
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


def in_words(condition: Condition) -> str:
    """Say a condition as a person would: "amount is above 200 and flags include legal_threat"."""
    match condition:
        case Compare(signal, op, value):
            verb = "include" if op == "contains_any" and _is_list(signal) else _OP_IN_WORDS[op]
            listed = value if isinstance(value, tuple) else (value,)
            return f"{_name_in_words(signal)} {verb} {_joined([_shown(v) for v in listed], 'or')}"
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
    prefix, _, path = name.partition(".")
    if not path:
        return name.replace("_", " ")
    return f"argument {path}" if prefix == "arguments" else path


def _shown(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"“{value}”" if isinstance(value, str) else str(value)
