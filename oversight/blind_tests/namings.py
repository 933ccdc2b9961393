"""Whom a handoff names: in fields that say so, in records as JSON, in addresses and handles.

A word is a name where something says so; from there on it is one everywhere. What stands only in
prose is found where it follows "my name is".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oversight.blind_tests import material

PARTS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_GIVEN = re.compile(r"(?:^|_)(?:first|given|middle|fore)_?name$")
_FAMILY = re.compile(r"(?:^|_)(?:last|family|sur)_?name$")
# what is called so is a person, if it is written like one
_PERSON = re.compile(
    r"(?:^|[_ ])(?:person|customer|passenger|recipient|user|participant|sender|author|employee"
    r"|patient|client|guest|owner|assignee|contact|payee|beneficiary|full_?name"
    r"|(?:customer|user|passenger|guest|patient|account_holder)_?name)s?$"
)
_HANDLE_OF = re.compile(
    r"(?:^|[_ ])(?:user|customer|client|member|owner|patient|guest)(?:[_ ]?id)?$"
)
_HANDLE = re.compile(r"^([a-z]+)[._]([a-z]+)[._]?\d*$")
_ADDRESS = re.compile(r"(?<![\w.])([a-z]+)[._]([a-z]+)\d*@", re.IGNORECASE)
_WRITTEN = re.compile(r"^[^\W\d_a-z][^\W\d_]+(?:['’. -]+[^\W\d_a-z][^\W\d_]*){0,3}$")
_FIELD = re.compile(r"""["'](\w+)["']\s*:\s*["']([^"'{}\[\]]{2,60})["']""")
_SAID = re.compile(
    r"\b(?:[Mm]y name is|[Tt]his is|[Mm]ein Name ist|[Ii]ch hei[sß]+e|[Jj]e m'appelle|[Mm]e llamo)"
    r" ([^\W\d_a-z][^\W\d_]+(?: [^\W\d_a-z][^\W\d_]+){0,2})"
)
# one letter is an initial; these are no names wherever they stand
_NO_NAMES = frozenset({
    "The", "This", "User", "Customer", "Client", "None", "Null", "Unknown", "Support", "Info",
    "Sales", "Office", "Team", "Admin", "Service", "No", "Contact", "Account", "Agent", "Bot",
    "System", "External", "General", "Random", "Private", "Mail",
})  # fmt: skip


@dataclass(frozen=True)
class Name:
    """One word of a name, and whether it comes last."""

    word: str
    family: bool


def find(body: Mapping[str, Any]) -> list[Name]:
    """Return each word that names somebody, once, as it was written first."""
    found: dict[str, Name] = {}
    for name in _all(body):
        if len(name.word) > 1 and name.word.capitalize() not in _NO_NAMES:
            found.setdefault(name.word.casefold(), name)
    return list(found.values())


def _all(body: Mapping[str, Any]) -> Iterator[Name]:
    yield from _of_facts((body.get("brief") or {}).get("facts") or [])
    yield from _whole(str((body.get("requester") or {}).get("name") or ""))
    for path, value in material.leaves(body):
        if isinstance(value, str):
            yield from _field(_label(path), value)
    everything = "\n".join(material.texts(body))
    for label, value in _FIELD.findall(everything):
        yield from _field(label, value)
    for hit in _SAID.findall(everything):
        yield from _whole(hit)
    yield from _of_addresses(everything)


def _of_facts(facts: Iterable[Mapping[str, Any]]) -> Iterator[Name]:
    for fact in facts:
        label, value = str(fact.get("label", "")), str(fact.get("value", ""))
        if fact.get("kind") == "person":
            # "Lea Brandt (gold)": what stands in brackets is no name
            yield from _whole(value.partition("(")[0])
        else:
            yield from _field(label.rpartition(":")[2].strip(), value)


def _label(path: material.Path) -> str:
    return next((str(step) for step in reversed(path) if isinstance(step, str)), "")


def _field(label: str, value: str) -> Iterator[Name]:
    label = label.casefold().strip().replace(" ", "_")
    if _GIVEN.search(label) or _FAMILY.search(label):
        family = bool(_FAMILY.search(label))
        yield from (Name(word, family) for word in PARTS.findall(value))
    elif _PERSON.search(label) and _WRITTEN.match(value):
        yield from _whole(value)
    handle = _HANDLE.match(value) if _HANDLE_OF.search(label) else None
    if handle:
        yield from (Name(handle[1], False), Name(handle[2], True))


def _of_addresses(text: str) -> Iterator[Name]:
    """Yield the words of "mei.kovacs82@…" where the text also writes one of them as a name."""
    for hit in _ADDRESS.findall(text):
        if any(re.search(rf"\b{part.capitalize()}\b", text) for part in hit if len(part) > 2):
            yield from (Name(hit[0], False), Name(hit[1], True))


def _whole(name: str) -> Iterator[Name]:
    parts = PARTS.findall(name)
    for number, part in enumerate(parts):
        yield Name(part, family=number == len(parts) - 1 and number > 0)
