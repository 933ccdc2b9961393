"""The library of faults: what is made wrong in a handoff that was right, and where it shows.

A fault is data that two people approve. It edits the agent's side, and then what the agent says no
longer fits what it says it from; or the world's side, and then what the agent wants is no longer
right. What was edited is edited throughout its side, in every way it is written there.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from handoffs.states import Verb
from oversight.blind_tests import dates, material
from oversight.blind_tests.edits import Edit as Edit
from oversight.blind_tests.edits import How as How
from oversight.blind_tests.edits import Unusable as Unusable
from oversight.blind_tests.edits import edited
from oversight.blind_tests.material import AGENT, WORLD, Material, Path
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


@dataclass(frozen=True, kw_only=True)
class Fault:
    """`shown_at` is where it can be seen, and `own` are labels of facts that the agent reckoned."""

    name: str
    kind: Kind
    difficulty: Difficulty
    harm: Harm
    action_type: str
    edits: tuple[Edit, ...]
    shown_at: Path
    told: str
    own: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an edit did to one handoff."""

    at: Path
    how: How
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True)
class Made:
    """A test: what is shown, what would be wrong to say, and what its reviewer is told after."""

    material: Material
    wrong: Wrong
    # what stood there before, and what now; of the first edit
    before: str
    after: str
    changes: tuple[Change, ...] = ()


# which sides a kind of fault edits, the agent's and the world's; nothing else is touched
_SIDES: Mapping[Kind, tuple[tuple[bool, bool], ...]] = {
    Kind.WRONG_ENTITY: ((True, False),),
    Kind.WRONG_AMOUNT: ((True, False),),
    Kind.STALE_FACT: ((False, True),),
    Kind.SCOPE_CREEP: ((True, False),),
    Kind.POLICY_IGNORED: ((False, True),),
    # an instruction is put there and followed; or one that stood there all along is
    Kind.INJECTED: ((True, True), (True, False)),
    # asked for another day, or come to another state of things
    Kind.WRONG_TIME: ((False, True), (True, False)),
    Kind.MISREAD_EVIDENCE: ((True, False),),
}
_ARGUMENT = re.compile(r"\{(\w+)\}")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}")
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
    if (AGENT in sides, WORLD in sides) not in _SIDES[fault.kind]:
        which = " or ".join(_sides_in_words(*one) for one in _SIDES[fault.kind])
        found.append(f"A fault of this kind edits {which}, and nothing else.")
    if fault.shown_at[:1] not in {("brief",), ("input",)} or side(fault.shown_at) is not WORLD:
        found.append("Where it shows has to be a fact, evidence, a flag or the original input.")
    if not fault.told.strip():
        found.append("Say what its reviewer is told afterwards.")
    if any(_TELLING.search(str(edit.value)) for edit in fault.edits):
        found.append("An edit says what it is: nobody would be tested by it.")
    return found


def _sides_in_words(agent: bool, world: bool) -> str:
    return " and ".join(["the agent's side"] * agent + ["the world's side"] * world)


def make(fault: Fault, source: Material) -> Made:
    """Put the fault into a handoff that was right; raises Unusable where it does not fit."""
    if source.action_type != fault.action_type:
        raise Unusable("It is of another action type.")
    if problems(fault):
        raise Unusable(problems(fault)[0])
    shown = _shown(fault, source.body)
    body, changes = dict(source.body), []
    for edit in fault.edits:
        at = place(edit.at, source.body)
        old = material.find(body, at)
        new = edited(edit, old, body, shown)
        body = write(fault, body, Change(at=at, how=edit.how, old=old, new=new))
        changes.append(Change(at=at, how=edit.how, old=old, new=new))
    _check_shows(fault, source.body, shown, changes)
    values = tuple((one.at[1:], one.new) for one in changes if one.at[0] == "arguments")
    before, after = changes[0].old, changes[0].new
    return Made(
        material=source.with_body(body),
        wrong=Wrong(verb=Verb.APPROVE, values=values),
        before="nothing" if before is None else str(before),
        after=str(after),
        changes=tuple(changes),
    )


def place(at: Path, body: Mapping[str, Any]) -> Path:
    """Fill in what a label says of an argument."""
    said = body.get("arguments") or {}
    return tuple(
        _ARGUMENT.sub(lambda hit: str(said.get(hit[1], hit[0])), step)
        if isinstance(step, str)
        else step
        for step in at
    )


def _shown(fault: Fault, body: Mapping[str, Any]) -> str:
    """Return all that stands where the fault is to be seen, in its order."""
    at = place(fault.shown_at, body)
    said = "\n".join(str(value) for _, value in material.leaves(body, (at,)))
    if not said.strip():
        raise Unusable("Where it should show there is nothing.")
    return said


_ADDS = frozenset({How.ADD_TEXT, How.ALSO})


def write(fault: Fault, body: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Write what is new there, and wherever this side says it."""
    try:
        made = material.put(body, change.at, change.new)
    except KeyError:
        raise Unusable(f"It has no {change.at[-1]}.") from None
    mine, theirs = material.agents(body, fault.own), material.worlds(body, fault.own)
    if side(change.at) is WORLD:
        if not any(_lies(change.at, one, body) for one in theirs):
            raise Unusable(f"{change.at[-2]} only repeats what the agent wants.")
        mine = theirs
    if change.how in _ADDS or change.old is None:
        return _added(made, change, mine) if change.how is How.ALSO else made
    if side(change.at) is WORLD and _is_word(change.old):
        return _respell_word(made, change, body)
    return material.respell(made, change.old, change.new, mine)


def _lies(at: Path, side: Path, body: Mapping[str, Any]) -> bool:
    if at[:2] != ("brief", "facts") or side[:2] != ("brief", "facts"):
        return at[: len(side)] == side
    facts = body["brief"]["facts"]
    return material.find(facts, at[2:3]) is material.find(facts, side[2:3])


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not any(character.isdigit() for character in value)


def _respell_word(made: dict[str, Any], change: Change, body: Mapping[str, Any]) -> dict[str, Any]:
    """Write a word that stands for itself; prose that has it by chance stays as it is.

    "delivered" may be said of anything: it changes in what comes from the same record, as a value.
    """
    record = (material.find(body, change.at[:-1]) or {}).get("source") if len(change.at) > 3 else ""
    quoted = re.compile(rf"(?<=[\"']){re.escape(change.old)}(?=[\"'])")
    for part in ("facts", "evidence"):
        for at, one in enumerate(made["brief"].get(part) or ()):
            if not record or one.get("source") != record:
                continue
            for name in ("value", "snippet"):
                text = one.get(name)
                if isinstance(text, str):
                    new = quoted.sub(lambda _: str(change.new), text)
                    made = material.put(made, ("brief", part, at, name), new)
    return made


def _added(made: dict[str, Any], change: Change, mine: material.Sides) -> dict[str, Any]:
    """Say the longer list wherever the shorter one stood as a whole."""
    for way in (json.dumps, str):
        old, new = way(change.old), way(change.new)
        for path, leaf in list(material.leaves(made, mine)):
            if isinstance(leaf, str) and old in leaf:
                made = material.put(made, path, leaf.replace(old, new))
    return made


def _check_shows(
    fault: Fault, body: Mapping[str, Any], shown: str, changes: Sequence[Change]
) -> None:
    """Make sure that somebody who looks can see it: a test nobody can pass measures nothing."""
    if fault.kind in _UNCHECKED:
        return
    theirs = material.worlds(body, fault.own)
    for change in changes:
        if change.at[0] != "arguments":
            continue
        right, wrong = _apart(change)
        if not all(_says(body, one, theirs) for one in right):
            raise Unusable("Nothing in the brief says what would be right.")
        spoken = _says(body, wrong, theirs)
        if spoken and not all(_last(shown, one) > _last(shown, wrong) for one in right):
            raise Unusable("Nothing in the brief says what would be right.")


def _says(body: Mapping[str, Any], value: Any, sides: material.Sides) -> bool:
    """Tell whether it stands there; a day however it is written, and whatever its time."""
    day = _DAY.match(value) if isinstance(value, str) else None
    if day is None:
        return material.says(body, value, sides)
    year = int(value[:4])
    said = (one.isoformat() for text in material.texts(body, sides)
            for one in dates.found(text, year))  # fmt: skip
    return day[0] in said


# what shows there is the instruction itself, or a policy
_UNCHECKED = frozenset({Kind.INJECTED, Kind.STALE_FACT, Kind.POLICY_IGNORED})


def _apart(change: Change) -> tuple[list[Any], Any]:
    """Return what was right, and what is wrong now."""
    if change.how is How.ALSO:
        return list(change.old), change.new[-1]
    return [change.old], change.new


def _last(text: str, value: Any) -> int:
    """Return where it is said last; a later word overrides an earlier one."""
    if isinstance(value, str) and _DAY.match(value):
        return dates.last(text, value[:10])
    pattern = material.said(value)
    return max((hit.start() for hit in pattern.finditer(text)), default=-1) if pattern else -1
