"""What a handoff is made of, as plain data: what an agent said, and what it said it from.

A test is made of one. The agent's side is what it wants and how it puts it; the world's side is
what that can be checked against. A fault lies between the two, or nobody could see it.
"""

import copy
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
Sides = tuple[Path, ...]

AGENT: Sides = (
    ("arguments",), ("brief", "ask"), ("brief", "summary"), ("brief", "draft"), ("brief", "steps"),
    ("brief", "options"), ("brief", "recommendation"), ("brief", "confidence"),
    ("brief", "on_answer"),
)  # fmt: skip
WORLD: Sides = (("brief", "facts"), ("brief", "evidence"), ("brief", "flags"), ("input",))


@dataclass(frozen=True, kw_only=True)
class Material:
    """`body` holds `arguments`, `brief` and `input`, each as the agent sent it."""

    action_type: str
    kind: str
    body: Mapping[str, Any]

    @property
    def brief(self) -> Mapping[str, Any]:
        return self.body.get("brief") or {}

    def with_body(self, body: Mapping[str, Any]) -> "Material":
        return Material(action_type=self.action_type, kind=self.kind, body=body)


def agents(body: Mapping[str, Any], own: Collection[str] = ()) -> Sides:
    """Return the agent's side: also the facts that only say its arguments again.

    `own` are labels of facts that it reckons from them.
    """
    return (*AGENT, *(("brief", "facts", at) for at in _repeating(body, own)))


def worlds(body: Mapping[str, Any], own: Collection[str] = ()) -> Sides:
    """Return what the arguments can be checked against."""
    facts, repeating = (body.get("brief") or {}).get("facts") or (), _repeating(body, own)
    others = (("brief", "facts", at) for at in range(len(facts)) if at not in repeating)
    return (*others, *(one for one in WORLD if one != ("brief", "facts")))


def _repeating(body: Mapping[str, Any], own: Collection[str]) -> set[int]:
    said: dict[str, list[Any]] = {}
    for name, value in _named(body.get("arguments") or {}):
        said.setdefault(_plain(name), []).append(value)
    return {
        at
        for at, fact in enumerate((body.get("brief") or {}).get("facts") or ())
        if fact.get("label") in own
        or any(
            _repeats(str(fact.get("value", "")), value)
            for value in said.get(_plain(str(fact.get("label", ""))), ())
        )
    }


def _named(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in arguments.items():
        yield name, value
        if isinstance(value, Mapping):
            yield from _named(value)


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").strip()


def _repeats(written: str, value: Any) -> bool:
    """Tell whether a fact says this value, as it is or as JSON, and perhaps cut short."""
    written, ways = " ".join(written.split()), [json.dumps(value), *spellings(value)]
    ways += [json.dumps(value, ensure_ascii=False), str(value)]
    begun = written.removesuffix("…").rstrip() if written.endswith("…") else None
    for way in (" ".join(way.split()) for way in ways):
        if way.strip('"') == written or begun and way.startswith(begun):
            return True
    return False


def leaves(body: Any, sides: Sides = ((),)) -> Iterator[tuple[Path, Any]]:
    """Go through the texts and numbers that lie on these sides, with their places."""
    for side in sides:
        yield from _under(side, find(body, side))


def _under(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _under((*path, key), one)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _under((*path, number), one)
    elif value is not None:
        yield path, value


def texts(body: Any, sides: Sides = ((),)) -> Iterator[str]:
    return (value for _, value in leaves(body, sides) if isinstance(value, str))


def find(body: Any, path: Path) -> Any:
    """Return what lies there; None where there is no such place.

    A fact is found by its label and evidence by its id: ("brief", "facts", "Status").
    """
    for step in path:
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list | tuple):
            number = _number(body, step)
            body = None if number is None else body[number]
        else:
            return None
    return body


def in_words(path: Path, body: Any) -> str:
    """Say where on the page a place on the world's side is to be seen."""
    beside = find(body, path[:3])
    named = beside if isinstance(beside, Mapping) else {}
    if path[:2] == ("brief", "facts"):
        return f"In the facts, beside “{named['label']}”." if "label" in named else "In the facts."
    if path[:2] == ("brief", "evidence"):
        return f"In the evidence “{named['title']}”." if "title" in named else "In the evidence."
    if path[:2] == ("brief", "flags"):
        return "In the flags."
    return "In the request itself."


def put(body: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return a copy in which this place holds `value`; raises KeyError where there is none."""
    made = copy.deepcopy(dict(body))
    _set(made, path, value)
    return made


def _set(made: dict[str, Any], path: Path, value: Any) -> None:
    last = find(made, path[:-1])
    if isinstance(last, dict):
        last[path[-1]] = value
        return
    number = _number(last, path[-1]) if isinstance(last, list) else None
    if number is None:
        raise KeyError(path)
    last[number] = value


def change(body: Any, how: Callable[[Any], Any]) -> Any:
    """Return a copy in which each text and number became what `how` makes of it."""
    if isinstance(body, Mapping):
        return {key: change(one, how) for key, one in body.items()}
    if isinstance(body, list | tuple):
        return [change(one, how) for one in body]
    return body if body is None else how(body)


def _number(rows: Any, step: str | int) -> int | None:
    if isinstance(step, int):
        return step if 0 <= step < len(rows) else None
    for number, row in enumerate(rows):
        if isinstance(row, Mapping) and step in (row.get("label"), row.get("id")):
            return number
    return None


def spellings(value: Any) -> tuple[str, ...]:
    """Return how this value may be written, the longest first: 1200.5 is also "1,200.50"."""
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ()
    plain, cents = _shortest(value), f"{value:,.2f}"
    swapped = cents.translate(str.maketrans(",.", ".,"))
    whole = (f"{value:,.0f}",) if float(value).is_integer() else ()
    found = {plain, str(value), cents, f"{value:.2f}", swapped, swapped.replace(".", ""), *whole}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _shortest(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else str(value)


def said(value: Any) -> re.Pattern[str] | None:
    """Return what finds this value in a text, and not within a longer word or number."""
    ways = "|".join(map(re.escape, spellings(value)))
    return re.compile(rf"(?<![\w])(?<!\d[.,])(?:{ways})(?![\w])(?![.,]\d)") if ways else None


def says(body: Any, value: Any, sides: Sides) -> bool:
    """Tell whether this value stands anywhere on these sides, as itself or in words."""
    pattern = said(value)
    for _, leaf in leaves(body, sides):
        if isinstance(leaf, str) and pattern is not None and pattern.search(leaf):
            return True
        if not isinstance(leaf, str) and type(leaf) is not bool and leaf == value:
            return True
    return False


def respell(body: Mapping[str, Any], old: Any, new: Any, sides: Sides) -> dict[str, Any]:
    """Return a copy in which these sides say `new` wherever they said `old`, written alike."""
    made = copy.deepcopy(dict(body))
    pattern = said(old)
    if pattern is None:
        return made
    for path, leaf in list(leaves(made, sides)):
        if isinstance(leaf, str):
            _set(made, path, pattern.sub(lambda hit: _alike(hit[0], old, new), leaf))
        elif type(leaf) is type(old) and leaf == old:
            _set(made, path, new)
    return made


def _alike(written: str, old: Any, new: Any) -> str:
    """Write `new` as `old` was written here."""
    if isinstance(old, str) or isinstance(new, str):
        return str(new)
    for write in _WRITINGS:
        if write(old) == written:
            return write(new)
    return str(new)


def _comma(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def writings(value: float) -> list[str]:
    """Return this number in each way, always in the same order."""
    return [write(value) for write in _WRITINGS]


_WRITINGS: tuple[Callable[[Any], str], ...] = (
    lambda value: f"{value:.2f}",
    lambda value: f"{value:,.2f}",
    _comma,
    lambda value: _comma(value).replace(".", ""),
    lambda value: f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}",
    lambda value: _shortest(value),
)
