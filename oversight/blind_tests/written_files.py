"""Tests by hand as they are stored, beside generators: plain data that two people read."""

from collections.abc import Mapping
from typing import Any

from handoffs.states import Verb
from oversight.blind_tests.faults import Difficulty, Harm, Kind
from oversight.blind_tests.material import Material, Path
from oversight.blind_tests.written import Written
from reviews.caught import Wrong

# what generators do not have
FORM = "by hand"
_WORDS = ("name", "told", "right")


def is_by_hand(body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("form") == FORM


def write(written: Written) -> dict[str, Any]:
    """Return the test as plain data."""
    values = [[[*path], value] for path, value in written.wrong.values]
    return {
        **{name: getattr(written, name) for name in _WORDS},
        "form": FORM,
        "kind": written.kind.value,
        "difficulty": written.difficulty.value,
        "harm": written.harm.value,
        "action_type": written.material.action_type,
        "kind_of_handoff": written.material.kind,
        "body": dict(written.material.body),
        "wrong": {
            "verb": written.wrong.verb.value,
            "option": written.wrong.option,
            "values": values,
        },
        "shown_at": [*written.shown_at],
    }


def read(body: Any) -> Written:
    """Return the test; raises ValueError, in words for its author, where it is none."""
    if not is_by_hand(body):
        raise ValueError("This is no test by hand.")
    try:
        wrong = body["wrong"]
        return Written(
            **{name: _text(body, name) for name in _WORDS},
            kind=Kind(body["kind"]),
            difficulty=Difficulty(body["difficulty"]),
            harm=Harm(body["harm"]),
            material=Material(
                action_type=_text(body, "action_type"),
                kind=_text(body, "kind_of_handoff"),
                body=_mapping(body["body"]),
            ),
            wrong=Wrong(
                verb=Verb(wrong["verb"]),
                option=wrong["option"],
                values=tuple((_path(path), value) for path, value in wrong["values"]),
            ),
            shown_at=_path(body["shown_at"]),
        )
    except KeyError as missing:
        raise ValueError(f"It has no {missing.args[0]}.") from None
    except TypeError:
        raise ValueError("What is wrong with it is not told as values.") from None


def _text(body: Mapping[str, Any], name: str) -> str:
    if not isinstance(body[name], str) or not body[name].strip():
        raise ValueError(f"Its {name} is no text.")
    return str(body[name])


def _mapping(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise ValueError("What is shown is an object.")
    return body


def _path(steps: Any) -> Path:
    if not isinstance(steps, list) or not all(type(step) in (str, int) for step in steps):
        raise ValueError(f"{steps!r} is no place: a list of names and numbers.")
    return tuple(steps)
