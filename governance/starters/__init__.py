"""Risk tier maps to start from, each with its test cases; a workflow's own limits go in first."""

from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from handoffs.signals import ActionType
from handoffs.states import Impact, Reversibility

_HOME = Path(__file__).parent


class Starter(NamedTuple):
    """A map's body, its cases, and what it is for."""

    body: dict[str, Any]
    cases: list[dict[str, Any]]
    says: str


def names() -> list[str]:
    """Return the names of all starter maps."""
    return sorted(path.stem for path in _HOME.glob("*.yaml"))


def load(name: str) -> Starter:
    """Return a starter map; raises KeyError for a name that `names` does not have."""
    data = yaml.safe_load(text(name))
    return Starter(body=data["map"], cases=data["cases"], says=data["says"])


def action_types(name: str) -> list[ActionType]:
    """Return the example action types that the cases of a starter are about."""
    data = yaml.safe_load(text(name))
    return [
        ActionType(
            name=type_name,
            impact=Impact(one["impact"]),
            reversibility=Reversibility(one["reversibility"]),
            schema=one["arguments"],
        )
        for type_name, one in data["action_types"].items()
    ]


@cache
def text(name: str) -> str:
    """Return a starter as it is written, comments included."""
    if name not in names():
        raise KeyError(name)
    return (_HOME / f"{name}.yaml").read_text(encoding="utf-8")
