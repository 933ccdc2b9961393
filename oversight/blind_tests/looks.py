"""What can be seen of a handoff without seeing what is wrong with it.

What a fault says is left out of the words, in copies and in real ones alike: whoever sees that has
caught it. How long it makes a text, how large an amount and how new a date is counted: what is
always the largest, say, gives itself away before anybody reads on.
"""

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from datetime import date
from typing import Any

from oversight.blind_tests import dates, faults, material, namings
from oversight.blind_tests.edits import How, Unusable
from oversight.blind_tests.faults import Change, Fault, Made, place
from oversight.blind_tests.material import Material
from oversight.statistics.blindness import Look

_BLANK = "▢"
_PARTS: Mapping[str, material.Path] = {
    "ask": ("brief", "ask"),
    "summary": ("brief", "summary"),
    "draft": ("brief", "draft"),
    "advice": ("brief", "recommendation"),
    "steps": ("brief", "steps"),
    "options": ("brief", "options"),
    "facts": ("brief", "facts"),
    "flags": ("brief", "flags"),
    "evidence": ("brief", "evidence"),
    "arguments": ("arguments",),
    "input": ("input",),
}
_COUNTED = ("facts", "flags", "evidence", "steps", "options")
_WORD = re.compile(r"\w+")
_LETTERS, _DIGIT = re.compile(r"[^\W\d_]+"), re.compile(r"\d")
# a value that is one of these was written by no person and no agent
_ODD = re.compile(r"  +|\.\d{3,}\b|\bnan\b|\bNone\b|[ ,]\.")
_FAR = 400


def of_real(source: Material, fault: Fault, *, of: Hashable, opened: date) -> Look:
    """Look at a real one as at a copy with this fault: at the same places less is seen."""
    body: Mapping[str, Any] = source.body
    for edit in fault.edits:
        at = place(edit.at, body)
        if edit.how not in (How.ADD_TEXT, How.ALSO):
            body = _blank(body, at, material.find(body, at), fault)
    return _look(source.body, body, of, opened)


def of_copy(made: Made, fault: Fault, *, of: Hashable, stands: date) -> Look:
    """Look at a copy as it would stand in a queue on that day."""
    body: Mapping[str, Any] = made.material.body
    for edit, change in zip(fault.edits, made.changes, strict=True):
        if change.how is How.ADD_TEXT and isinstance(change.new, str):
            body = material.put(body, change.at, change.new.removesuffix(str(edit.value)))
        elif change.how not in (How.ADD_TEXT, How.ALSO):
            body = _blank(body, change.at, change.new, fault)
    return _look(made.material.body, body, of, stands)


def _blank(body: Mapping[str, Any], at: material.Path, value: Any, fault: Fault) -> dict[str, Any]:
    """Write a blank as the fault would write what is wrong: in as many places."""
    change = Change(at=at, how=How.SET, old=value, new=_BLANK)
    try:
        return dict(body) if value is None else faults.write(fault, body, change)
    except Unusable:
        return dict(body)


def _look(whole: Mapping[str, Any], blanked: Mapping[str, Any], of: Hashable, day: date) -> Look:
    return Look(of=of, figures=dict(_figures(whole, day)), words=frozenset(_words(blanked)))


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield each word with the part that says it; a number, an id or a name by its shape.

    Days are none: copies stand today, and real ones stood then. How long ago is among the figures.
    """
    people = {name.word.casefold() for name in namings.find(body)}
    for part, at in _PARTS.items():
        for text in material.texts(body, (at,)):
            for word in _WORD.findall(dates.without(text).casefold()):
                yield f"{part}: {'Name' if word in people else _shape(word)}"


def _shape(word: str) -> str:
    """Return it with noughts for digits, and one letter for what letters an id has."""
    if not any(character.isdigit() for character in word):
        return word
    return _LETTERS.sub("a", _DIGIT.sub("0", word))


def _figures(body: Mapping[str, Any], day: date) -> Iterator[tuple[str, float]]:
    brief = body.get("brief") or {}
    for part in _COUNTED:
        yield f"how many {part}", float(len(brief.get(part) or ()))
    for part, at in _PARTS.items():
        said = [str(value) for _, value in material.leaves(body, (at,))]
        yield f"length of {part}", math.log1p(sum(map(len, said)))
    for name, value in (body.get("arguments") or {}).items():
        yield from _figure(name, value)
    yield from _of_texts(list(material.texts(body)), day)


def _figure(name: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, int | float):
        yield f"how much {name}", math.copysign(math.log1p(abs(value)), value)
        yield f"decimals of {name}", float(len(repr(value).partition(".")[2]))
    elif isinstance(value, str | list):
        yield f"length of {name}", math.log1p(len(value))


def _of_texts(said: list[str], day: date) -> Iterator[tuple[str, float]]:
    together = "\n".join(said)
    signs = max(1, len(together))
    yield "capitals", sum(map(str.isupper, together)) / signs
    yield "digits", sum(map(str.isdigit, together)) / signs
    yield "odd writing", math.log1p(len(_ODD.findall(together)))
    days = [(one - day).days for one in dates.found(together, day.year)]
    near = [max(-_FAR, min(_FAR, one)) for one in days]
    yield "dates", math.log1p(len(near))
    yield "newest date", _log(max(near, default=0))
    yield "oldest date", _log(min(near, default=0))


def _log(days: int) -> float:
    return math.copysign(math.log1p(abs(days)), days)
