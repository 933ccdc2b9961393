"""Faults of the library as JSON, so that what two people approve is what is used.

Whatever was approved is read strictly: what is missing or unknown raises ValueError.
"""

from collections.abc import Mapping
from typing import Any

from handoffs.states import Verb
from oversight.faults import Difficulty, Edit, Fault, Harm, How, Kind
from oversight.material import Material, Path
from oversight.written import Written
from reviews.caught import Wrong

GENERATOR, BY_HAND = "generator", "by hand"


def of_fault(fault: Fault) -> dict[str, Any]:
    edits = [
        {"at": list(edit.at), "how": edit.how.value, "value": edit.value} for edit in fault.edits
    ]
    return {**_common(fault), "form": GENERATOR, "action_type": fault.action_type, "edits": edits}


def of_written(written: Written) -> dict[str, Any]:
    values = [[list(path), value] for path, value in written.wrong.values]
    wrong = {"verb": written.wrong.verb.value, "option": written.wrong.option, "values": values}
    return {
        **_common(written),
        "form": BY_HAND,
        "action_type": written.material.action_type,
        "kind_of_handoff": written.material.kind,
        "body": dict(written.material.body),
        "wrong": wrong,
        "right": written.right,
    }


def is_by_hand(body: Mapping[str, Any]) -> bool:
    return body.get("form") == BY_HAND


def fault(body: Mapping[str, Any]) -> Fault:
    """Read a generator."""
    _check_form(body, GENERATOR)
    try:
        edits = tuple(
            Edit(at=_path(one["at"]), how=How(one["how"]), value=one["value"])
            for one in body["edits"]
        )
        return Fault(**_said(body), action_type=str(body["action_type"]), edits=edits)
    except (KeyError, TypeError) as error:
        raise ValueError(f"This is no fault: {error}") from None


def written(body: Mapping[str, Any]) -> Written:
    """Read a test by hand."""
    _check_form(body, BY_HAND)
    try:
        shown = Material(
            action_type=str(body["action_type"]),
            kind=str(body["kind_of_handoff"]),
            body=body["body"],
        )
        wrong = body["wrong"]
        values = tuple((_path(path), value) for path, value in wrong["values"])
        return Written(
            **_said(body),
            material=shown,
            wrong=Wrong(verb=Verb(wrong["verb"]), option=wrong["option"], values=values),
            right=str(body["right"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"This is no test: {error}") from None


def _common(one: Fault | Written) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "difficulty": one.difficulty.value,
        "harm": one.harm.value,
        "shown_at": list(one.shown_at),
        "told": one.told,
    }


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": str(body["name"]),
        "kind": Kind(body["kind"]),
        "difficulty": Difficulty(body["difficulty"]),
        "harm": Harm(body["harm"]),
        "shown_at": _path(body["shown_at"]),
        "told": str(body["told"]),
    }


def _path(steps: Any) -> Path:
    if not isinstance(steps, list) or not all(type(step) in (str, int) for step in steps):
        raise ValueError(f"{steps} is no place")
    return tuple(steps)


def _check_form(body: Mapping[str, Any], form: str) -> None:
    if body.get("form") != form:
        raise ValueError(f"This is no fault of the form {form}")
