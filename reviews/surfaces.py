"""What an answer is filled in with, where words are not enough: a form for each such verb.

Pure. A surface is a JSON Schema and what stands in it before anybody touched it, so that one form
shows all of them and one check holds for every way an answer comes in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from handoffs import argument_schema
from handoffs.states import Verb

LONG = 4_000
TASK_FIELDS = ("objective", "constraints", "risk_tolerance", "success")
_RISKS = {
    "low": "Low: ask before anything that cannot be undone",
    "medium": "Medium: ask where policy asks",
    "high": "High: go ahead, report afterwards",
}


@dataclass(frozen=True, kw_only=True)
class Surface:
    """The form of one verb.

    `shows_changes`: what it changes is shown before it is sent, and exactly that is sent.
    """

    verb: str
    heading: str
    schema: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    shows_changes: bool = False

    @cached_property
    def _compiled(self) -> argument_schema.ArgumentSchema:
        return argument_schema.compile(self.schema)

    def problems(self, filled: Mapping[str, Any]) -> list[argument_schema.Problem]:
        return self._compiled.check(dict(filled), path="details")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a handoff gives a person to work with beside its proposal."""

    brief: Mapping[str, Any]
    task: Mapping[str, Any] | None = None
    input: Any = None

    @property
    def recovery(self) -> Mapping[str, Any]:
        found = self.brief.get("recovery")
        return found if isinstance(found, Mapping) else {}

    @property
    def patchable(self) -> Mapping[str, Any] | None:
        """What failed was given this: as the agent says, or else what the run began with."""
        given = self.recovery.get("input", self.input)
        return given if isinstance(given, Mapping) and given else None


def surface(verb: str, ground: Ground) -> Surface | None:
    """Return the form of this verb; None where words are enough."""
    match verb:
        case Verb.DEFINE:
            return _define(ground)
        case Verb.PATCH_INPUT if ground.patchable is not None:
            return _patch(ground)
        case Verb.SWITCH_TOOL:
            return _alternative(verb, "tool", "Tool", "Which tool instead?", ground, "tools")
        case Verb.REROUTE:
            return _alternative(verb, "route", "Route", "Which way instead?", ground, "routes")
        case Verb.NARROW_SCOPE:
            return _narrow(ground)
        case Verb.HAND_BACK:
            return _hand_back()
        case Verb.TAKE_OVER:
            return _take_over()
    return None


def _define(ground: Ground) -> Surface:
    task = ground.task or {}
    return Surface(
        verb=Verb.DEFINE,
        heading="Define the task",
        schema=form(
            objective=text("Objective", "What the run is to achieve, in a sentence or two.", 1),
            constraints={
                "type": "array",
                "title": "Constraints",
                "description": "What it has to keep to.",
                "items": {"type": "string", "minLength": 1, "maxLength": 300},
                "maxItems": 30,
            },
            risk_tolerance={
                "title": "Risk tolerance",
                "oneOf": [{"const": one, "title": said} for one, said in _RISKS.items()],
            },
            success=text("Done when", "How anyone can tell that it is achieved.", 1),
            required=["objective", "risk_tolerance", "success"],
        ),
        before={name: task[name] for name in TASK_FIELDS if task.get(name)},
        shows_changes=True,
    )


def _patch(ground: Ground) -> Surface:
    given = ground.recovery.get("input_schema")
    schema = given if isinstance(given, Mapping) and "input" in ground.recovery else None
    return Surface(
        verb=Verb.PATCH_INPUT,
        heading="Mend the input, then try again",
        schema=schema or {"type": "object"},
        before=ground.patchable or {},
        shows_changes=True,
    )


def _alternative(
    verb: str, name: str, title: str, heading: str, ground: Ground, offered: str
) -> Surface:
    found = _listed(ground.recovery.get(offered))
    instruction = text("What to do with it", "The agent reads it.", 0 if found else 1)
    if not found:
        schema = form(instruction=instruction, required=["instruction"])
    else:
        choice = {"title": title, "oneOf": [_option(one) for one in found]}
        schema = form(**{name: choice}, instruction=instruction, required=[name])
    return Surface(verb=verb, heading=heading, schema=schema)


def _narrow(ground: Ground) -> Surface:
    parts = _listed(ground.recovery.get("scope"))
    instruction = text("In words", "What to leave, and why that is enough.", 0 if parts else 1)
    if not parts:
        schema = form(instruction=instruction, required=["instruction"])
        return Surface(verb=Verb.NARROW_SCOPE, heading="Narrow the task", schema=schema)
    keep = {
        "type": "array",
        "title": "Go on with",
        "items": {"oneOf": [_option(one) for one in parts]},
        "minItems": 1,
        "maxItems": max(1, len(parts) - 1),
    }
    return Surface(
        verb=Verb.NARROW_SCOPE,
        heading="Narrow the task",
        schema=form(keep=keep, instruction=instruction, required=["keep"]),
        before={"keep": [str(one["id"]) for one in parts]},
    )


def _hand_back() -> Surface:
    return Surface(
        verb=Verb.HAND_BACK,
        heading="Hand it back to the agent",
        schema=form(
            done=text("What you did", "The agent does not do it again.", 1),
            left=text("What is left", "The agent goes on with this.", 1),
            required=["done", "left"],
        ),
    )


def _take_over() -> Surface:
    return Surface(
        verb=Verb.TAKE_OVER,
        heading="Finish it by hand",
        schema=form(
            done=text("What you did, or will do", "Kept with the decision.", 0),
            told=text("To the requester", "They read this on their page, word for word.", 0),
        ),
    )


def parts_of(ground: Ground) -> list[str]:
    """Return the ids of the parts that a task was said to have."""
    return [str(one["id"]) for one in _listed(ground.recovery.get("scope"))]


def form(*, required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
        "x-order": list(properties),
    }


def text(title: str, hint: str, least: int) -> dict[str, Any]:
    return {
        "type": "string",
        "title": title,
        "description": hint,
        "minLength": least,
        "maxLength": LONG,
    }


def _option(one: Mapping[str, Any]) -> dict[str, Any]:
    said = " – ".join(filter(None, (str(one["label"]), str(one.get("consequence") or ""))))
    return {"const": str(one["id"]), "title": said}


def _listed(found: Any) -> list[Mapping[str, Any]]:
    items = found if isinstance(found, list) else []
    return [one for one in items if isinstance(one, Mapping) and "id" in one and "label" in one]
