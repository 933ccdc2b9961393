"""The names a condition may read, as a manager chooses them: grouped, typed, with what fits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handoffs import signals
from handoffs.signals import Known, Type

DEPTH = 3
_SEGMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class Kind(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    LIST = "list"
    TRUTH = "truth"
    CLOCK = "clock"
    OPEN = "open"


_PRESENCE = (("missing", "is not given"), ("given", "is given"))
_ORDER = (
    (">", "is above"), (">=", "is at least"), ("<", "is below"), ("<=", "is at most"),
)  # fmt: skip
_EQUAL = (("==", "is"), ("!=", "is not"))
_ONE_OF = (("in", "is one of"), ("not:in", "is none of"))
_MENTIONS = (("contains_any", "mentions any of"), ("not:contains_any", "mentions none of"))
_INCLUDES = (("contains_any", "include any of"), ("not:contains_any", "include none of"))

# the comparisons that fit, in the order in which they are offered
COMPARISONS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    Kind.NUMBER: (*_ORDER, *_EQUAL, *_ONE_OF, *_PRESENCE),
    Kind.CLOCK: (*_ORDER, *_PRESENCE),
    Kind.TEXT: (*_EQUAL, *_ONE_OF, *_MENTIONS, *_PRESENCE),
    Kind.CHOICE: (*_EQUAL, *_ONE_OF, *_PRESENCE),
    Kind.LIST: (*_INCLUDES, *_PRESENCE),
    Kind.TRUTH: (("==", "is"), *_PRESENCE),
    Kind.OPEN: (*_ORDER, *_EQUAL, *_ONE_OF, *_MENTIONS, *_PRESENCE),
}
ALL_WORDS = dict((*_ORDER, *_EQUAL, *_ONE_OF, *_MENTIONS, *_PRESENCE))


@dataclass(frozen=True, kw_only=True)
class Name:
    """One entry of the list of signals; one that ends in a dot asks for the rest of the path."""

    name: str
    label: str
    kind: Kind
    choices: tuple[str, ...] = ()
    hint: str = ""

    @property
    def is_prefix(self) -> bool:
        return self.name.endswith(".")


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What the signal field offers, by group."""

    groups: tuple[tuple[str, tuple[Name, ...]], ...]

    def find(self, name: str) -> Name:
        """Return what is known of a name; one that nobody declared is open."""
        for _, names in self.groups:
            for one in names:
                if one.name == name:
                    return one
        known = signals.known(name)
        kind = Kind.OPEN if known is None else _kind(known)
        return Name(name=name, label=name, kind=kind)


def vocabulary(
    action_types: Mapping[str, Mapping[str, Any]], used: Iterable[str] = ()
) -> Vocabulary:
    """Offer the catalogue, the typed arguments of the action types, and what rules already read."""
    known = {name: _catalogued(name, known) for name, known in signals.CATALOGUE.items()}
    if "action_type" in known and action_types:
        known["action_type"] = _chosen(known["action_type"], tuple(sorted(action_types)))
    arguments = _arguments(action_types)
    others = sorted(
        name for name in set(used) if name not in known and name not in arguments and name
    )
    groups = [
        ("Signals", [one for name, one in known.items() if name not in _ELSEWHERE]),
        ("The action", [known[name] for name in _ACTION if name in known]),
        ("Arguments of the action", list(arguments.values())),
        ("Time", [one for name, one in known.items() if name.startswith("time.")]),
        ("Brief", [one for name, one in known.items() if name.startswith("brief.")]),
        ("Named in this map", [Name(name=n, label=_spaced(n), kind=Kind.OPEN) for n in others]),
        ("By a name of your own", list(_prefixes())),
    ]
    return Vocabulary(groups=tuple((title, tuple(names)) for title, names in groups if names))


_ACTION = ("action_type", "impact", "reversibility", "first_seen")
_ELSEWHERE = {*_ACTION} | {
    name for name in signals.CATALOGUE if name.startswith(("time.", "brief."))
}
_PREFIX_LABELS = {
    "values": "a value the agent sends along: values.…",
    "arguments": "an argument by its path: arguments.…",
    "input": "the run's input: input.…",
}


def _prefixes() -> Iterator[Name]:
    for prefix, says in signals.OPEN_PREFIXES.items():
        label = _PREFIX_LABELS.get(prefix, f"{prefix}.…")
        yield Name(name=f"{prefix}.", label=label, kind=Kind.OPEN, hint=says)


def _catalogued(name: str, known: Known) -> Name:
    return Name(
        name=name,
        label=_spaced(name),
        kind=_kind(known),
        choices=tuple(known.choices),
        hint=known.says,
    )


def _chosen(name: Name, choices: tuple[str, ...]) -> Name:
    return Name(name=name.name, label=name.label, kind=Kind.CHOICE, choices=choices, hint=name.hint)


def _kind(known: Known) -> Kind:
    if known.choices:
        return Kind.CHOICE
    return Kind.CLOCK if known.runs_on else _KINDS[known.type]


_KINDS = {
    Type.NUMBER: Kind.NUMBER,
    Type.COUNT: Kind.NUMBER,
    Type.LIST: Kind.LIST,
    Type.TEXT: Kind.TEXT,
    Type.TRUTH: Kind.TRUTH,
    Type.OPEN: Kind.OPEN,
}


def _arguments(action_types: Mapping[str, Mapping[str, Any]]) -> dict[str, Name]:
    """Name every typed argument once; two types that disagree about one leave it open."""
    found: dict[str, Name] = {}
    where: dict[str, list[str]] = {}
    for action, schema in sorted(action_types.items()):
        for name in _properties(schema, "arguments", schema.get("$defs") or {}, 1):
            where.setdefault(name.name, []).append(action)
            before = found.get(name.name)
            found[name.name] = name if before is None else _agreed(before, name)
    return {
        name: Name(
            name=name,
            label=f"{one.label} ({', '.join(where[name][:3])}{' …' if where[name][3:] else ''})",
            kind=one.kind,
            choices=one.choices,
            hint=one.hint,
        )
        for name, one in found.items()
    }


def _agreed(one: Name, other: Name) -> Name:
    if (one.kind, one.choices) == (other.kind, other.choices):
        return one
    kind = one.kind if one.kind is other.kind is not Kind.CHOICE else Kind.OPEN
    return Name(name=one.name, label=one.label, kind=kind, hint=one.hint)


def _properties(
    schema: Mapping[str, Any], path: str, definitions: Mapping[str, Any], depth: int
) -> Iterator[Name]:
    for key, part in (schema.get("properties") or {}).items():
        if not isinstance(part, Mapping) or not _SEGMENT.fullmatch(key):
            continue
        reference = str(part.get("$ref", "")).removeprefix("#/$defs/")
        part = definitions.get(reference, part) if reference else part
        name = f"{path}.{key}"
        if part.get("properties"):
            if depth < DEPTH:
                yield from _properties(part, name, definitions, depth + 1)
            continue
        yield Name(
            name=name,
            label=str(part.get("title") or _spaced(name.removeprefix("arguments."))),
            kind=_schema_kind(part),
            choices=_schema_choices(part),
            hint=str(part.get("description") or ""),
        )


def _schema_kind(part: Mapping[str, Any]) -> Kind:
    if _schema_choices(part):
        return Kind.CHOICE
    declared = part.get("type")
    types = {declared} if isinstance(declared, str) else set(declared or ()) - {"null"}
    if types and types <= {"number", "integer"}:
        return Kind.NUMBER
    return {
        frozenset({"string"}): Kind.TEXT,
        frozenset({"boolean"}): Kind.TRUTH,
        frozenset({"array"}): Kind.LIST,
    }.get(frozenset(types), Kind.OPEN)


def _schema_choices(part: Mapping[str, Any]) -> tuple[str, ...]:
    values = part.get("enum")
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        return ()
    return tuple(values)


def _spaced(name: str) -> str:
    return name.replace("_", " ")
