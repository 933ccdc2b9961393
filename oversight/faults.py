"""The library of faults: what is made wrong in a handoff that was right, and where it shows.

A fault is data that two people approve. It edits the agent's side, and then what the agent says no
longer fits what it says it from; or the world's side, and then what the agent wants is no longer
right. What was edited is edited throughout its side, in every way it is written there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from handoffs.states import Verb
from oversight import material
from oversight.material import AGENT, WORLD, Material, Path
from reviews.caught import Wrong


class Kind(StrEnum):
    WRONG_ENTITY = "wrong entity"
    WRONG_AMOUNT = "wrong amount"
    STALE_FACT = "stale fact"
    SCOPE_CREEP = "scope creep"
    POLICY_IGNORED = "policy ignored"
    INJECTED = "injected instruction"
    WRONG_TIME = "right action at the wrong time"
    MISREAD_EVIDENCE = "misread evidence"


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Harm(StrEnum):
    """What happens if it is followed: something is let through, or kept from somebody."""

    ALLOWS = "wrongly allows"
    DENIES = "wrongly denies"


class How(StrEnum):
    SET = "set"
    SCALE = "scale"
    TRANSPOSE = "transpose"
    SHIFT_DAYS = "shift days"
    ADD_TEXT = "add text"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One value that becomes another; `value` is what `how` needs: itself, a factor, days, text."""

    at: Path
    how: How
    value: Any = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`shown_by` says to whoever met it where it could be seen: the label of a fact, say."""

    name: str
    kind: Kind
    difficulty: Difficulty
    harm: Harm
    action_type: str
    edits: tuple[Edit, ...]
    shown_at: Path
    told: str


@dataclass(frozen=True, kw_only=True)
class Made:
    """A test: what is shown, what would be wrong to say, and what its reviewer is told after."""

    material: Material
    wrong: Wrong
    # what stood there before, and what now; of the first edit
    before: str
    after: str


class Unusable(ValueError):
    """This fault can't be put into this handoff: it lacks the place, or nothing would be wrong."""


# which sides a kind of fault edits: one of each is needed, and nothing else is touched
_SIDES: Mapping[Kind, tuple[bool, bool]] = {
    Kind.WRONG_ENTITY: (True, False),
    Kind.WRONG_AMOUNT: (True, False),
    Kind.STALE_FACT: (False, True),
    Kind.SCOPE_CREEP: (True, False),
    Kind.POLICY_IGNORED: (False, True),
    Kind.INJECTED: (True, True),
    Kind.WRONG_TIME: (False, True),
    Kind.MISREAD_EVIDENCE: (True, False),
}
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
# words that tell somebody what this is
_TELLING = re.compile(
    r"\b(?:blind test|this is a test|test case|planted|overread|dummy|fake|lorem ipsum)\b",
    re.IGNORECASE,
)


def side(at: Path) -> material.Sides:
    """Return the side that a place lies on; raises ValueError for a place on none."""
    for sides in (AGENT, WORLD):
        if any(at[: len(one)] == one for one in sides):
            return sides
    raise ValueError(f"{at} is on no side")


def problems(fault: Fault) -> list[str]:
    """Say what keeps this fault out of the library, in words for its author."""
    found = []
    try:
        sides = [side(edit.at) for edit in fault.edits]
    except ValueError:
        return ["An edit is neither on the agent's side nor on the world's."]
    if (AGENT in sides, WORLD in sides) != _SIDES[fault.kind]:
        agent, world = _SIDES[fault.kind]
        which = " and ".join(["the agent's side"] * agent + ["the world's side"] * world)
        found.append(f"A fault of this kind edits {which}, and nothing else.")
    if fault.shown_at[:1] not in {("brief",), ("input",)} or side(fault.shown_at) is not WORLD:
        found.append("Where it shows has to be a fact, evidence, a flag or the original input.")
    if not fault.told.strip():
        found.append("Say what its reviewer is told afterwards.")
    if any(_TELLING.search(str(edit.value)) for edit in fault.edits):
        found.append("An edit says what it is: nobody would be tested by it.")
    return found


def make(fault: Fault, source: Material) -> Made:
    """Put the fault into a handoff that was right; raises Unusable where it does not fit."""
    if source.action_type != fault.action_type:
        raise Unusable("It is of another action type.")
    if problems(fault):
        raise Unusable(problems(fault)[0])
    body, first = dict(source.body), ("", "")
    values: list[tuple[Path, Any]] = []
    for number, edit in enumerate(fault.edits):
        old = material.find(body, edit.at)
        new = _edited(edit, old)
        body = _put(body, edit, old, new)
        if edit.at[0] == "arguments":
            values.append((edit.at[1:], new))
        first = (str(old if old is not None else "nothing"), str(new)) if number == 0 else first
    _check_shows(fault, source, body, values)
    wrong = Wrong(verb=Verb.APPROVE, values=tuple(values))
    return Made(material=source.with_body(body), wrong=wrong, before=first[0], after=first[1])


def _put(body: Mapping[str, Any], edit: Edit, old: Any, new: Any) -> dict[str, Any]:
    try:
        made = material.put(body, edit.at, new)
    except KeyError:
        raise Unusable(f"It has no {edit.at[-1]}.") from None
    if edit.how is How.ADD_TEXT or old is None:
        return made
    return material.respell(made, old, new, side(edit.at))


def _edited(edit: Edit, old: Any) -> Any:
    new = _HOWS[edit.how](old, edit.value)
    if new == old:
        raise Unusable("It would change nothing.")
    return new


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


_HOWS: Mapping[How, Callable[[Any, Any], Any]] = {
    How.SET: _set,
    How.SCALE: _scale,
    How.TRANSPOSE: _transpose,
    How.SHIFT_DAYS: _shift_days,
    How.ADD_TEXT: _add_text,
}


def _check_shows(
    fault: Fault, source: Material, body: Mapping[str, Any], values: list[tuple[Path, Any]]
) -> None:
    """Make sure that somebody who looks can see it: a test nobody can pass measures nothing."""
    if material.find(body, fault.shown_at) is None:
        raise Unusable("Where it should show there is nothing.")
    if fault.kind in (Kind.WRONG_ENTITY, Kind.WRONG_AMOUNT):
        for path, new in values:
            old = material.find(source.body, ("arguments", *path))
            if not material.says(body, old, WORLD) or material.says(body, new, WORLD):
                raise Unusable("Nothing in the brief says what would be right.")
