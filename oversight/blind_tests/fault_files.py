"""Faults as they are stored: plain data that two people read and approve, and its digest."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import rfc8785

from oversight.blind_tests.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.blind_tests.material import Path

_WORDS = ("name", "action_type", "told")


def write(fault: Fault) -> dict[str, Any]:
    """Return the fault as plain data."""
    words = {name: getattr(fault, name) for name in _WORDS}
    kinds = {"kind": fault.kind, "difficulty": fault.difficulty, "harm": fault.harm}
    edits = [{"at": [*edit.at], "how": edit.how.value, "value": edit.value} for edit in fault.edits]
    plain = {name: one.value for name, one in kinds.items()}
    own = {"own": [*fault.own]} if fault.own else {}
    return {**words, **plain, "edits": edits, "shown_at": [*fault.shown_at], **own}


def read(body: Any) -> Fault:
    """Return the fault; raises ValueError, in words for its author, where it is none."""
    if not isinstance(body, Mapping):
        raise ValueError("A fault is an object.")
    try:
        return Fault(
            **{name: _text(body, name) for name in _WORDS},
            kind=Kind(body["kind"]),
            difficulty=Difficulty(body["difficulty"]),
            harm=Harm(body["harm"]),
            edits=tuple(_edit(one) for one in body["edits"]),
            shown_at=_path(body["shown_at"]),
            own=tuple(map(str, body.get("own") or ())),
        )
    except KeyError as missing:
        raise ValueError(f"It has no {missing.args[0]}.") from None
    except TypeError:
        raise ValueError("Its edits are no list.") from None


def digest(body: Mapping[str, Any]) -> str:
    """Return what the text of a fault is approved and certified by."""
    return f"sha256:{hashlib.sha256(rfc8785.dumps(dict(body))).hexdigest()}"


def _text(body: Mapping[str, Any], name: str) -> str:
    if not isinstance(body[name], str) or not body[name].strip():
        raise ValueError(f"Its {name} is no text.")
    return str(body[name])


def _edit(one: Any) -> Edit:
    if not isinstance(one, Mapping):
        raise ValueError("An edit is an object.")
    return Edit(at=_path(one["at"]), how=How(one["how"]), value=one.get("value"))


def _path(steps: Any) -> Path:
    places = isinstance(steps, Sequence) and not isinstance(steps, str)
    if not places or not steps or not all(type(step) in (str, int) for step in steps):
        raise ValueError(f"{steps!r} is no place: a list of names and numbers.")
    return tuple(steps)
