"""One test case as a form: arguments typed by the schema, signals by the catalogue."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from handoffs import signals, strict_json
from handoffs.signals import Known, Type
from handoffs.strict_json import JsonRefused
from reviews.forms import arguments as argument_form

LISTED = ("arguments", "signals", "input", "brief")
BRIEF = ("ask", "summary", "draft")
# names that a case states elsewhere or that follow from its action type
_NOT_A_SIGNAL = signals.ACTION_FACTS | {"first_seen"}


@dataclass(frozen=True, kw_only=True)
class SignalField:
    name: str
    label: str
    hint: str
    kind: str
    value: str
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseForm:
    """What the form holds: a case as JSON, and what was typed where it does not fit."""

    case: dict[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] | None = None


def names() -> list[tuple[str, Known]]:
    return [
        (name, known)
        for name, known in signals.CATALOGUE.items()
        if "." not in name and name not in _NOT_A_SIGNAL
    ]


def lenient(schema: Any) -> Any:
    """Return a schema that asks for nothing: a case brings only what its point needs."""
    if isinstance(schema, list):
        return [lenient(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: lenient(one)
        for key, one in schema.items()
        if not (key == "required" and isinstance(one, list))
    }


def signal_fields(form: CaseForm) -> tuple[SignalField, ...]:
    given = form.case.get("signals") or {}
    return tuple(
        SignalField(
            name=f"s.{name}",
            label=name.replace("_", " "),
            hint=known.says,
            kind=_kind(known),
            value=_typed(form, f"s.{name}", _shown(given.get(name))),
            error=form.errors.get(f"s.{name}", ""),
        )
        for name, known in names()
    )


def _kind(known: Known) -> str:
    if known.type is Type.LIST:
        return "lines"
    return "number" if known.type in (Type.NUMBER, Type.COUNT) else "text"


def _typed(form: CaseForm, name: str, otherwise: str) -> str:
    return form.typed.get(name, "") if form.typed is not None else otherwise


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)


def pairs(form: CaseForm, name: str) -> str:
    """Show an object as lines of `name: value`; a text that reads as something else is quoted."""
    given = form.case.get("signals") or {} if name == "values" else form.case
    held = given.get(name) or {}
    lines = [f"{key}: {_scalar(value)}" for key, value in held.items()]
    return _typed(form, name, "\n".join(lines))


def _scalar(value: Any) -> str:
    if isinstance(value, str) and value == value.strip() and "\n" not in value:
        return value if _read(value) == value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _read(text: str) -> Any:
    """Read what stands after the colon: JSON where it is JSON, and else the text itself."""
    try:
        return strict_json.parse(text.encode())
    except (JsonRefused, UnicodeEncodeError):
        return text


def of_post(posted: QueryDict, schema: Mapping[str, Any]) -> CaseForm:
    """Read what was typed; what does not fit is an error at its field."""
    typed = {name: str(posted[name]) for name in posted}
    errors: dict[str, str] = {}
    reading = argument_form.read(schema, {}, typed)
    errors |= reading.errors
    made = {
        "name": typed.get("name", "").strip(),
        "action_type": typed.get("action_type", ""),
        "arguments": reading.arguments,
        "signals": _signals(typed, errors),
        "at": _moment(typed, errors),
        "first_seen": {"yes": True, "no": False}.get(typed.get("first_seen", "")),
        "input": _pairs(typed, "input", errors),
        "brief": {key: typed[f"brief.{key}"] for key in BRIEF if typed.get(f"brief.{key}")},
        "tier": typed.get("tier", ""),
        "rules": sorted(posted.getlist("rules")),
    }
    kept = {key: one for key, one in made.items() if one not in (None, {}, "") or key == "rules"}
    return CaseForm(case=kept, errors=errors, typed=typed)


def _signals(typed: Mapping[str, str], errors: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, known in names():
        text = typed.get(f"s.{name}", "").strip()
        if not text:
            continue
        value = _value(known, text)
        try:
            signals.from_json({name: value})
        except signals.SignalsRefused as refused:
            errors[f"s.{name}"] = refused.message
            continue
        found[name] = value
    values = _pairs(typed, "values", errors)
    return found | ({"values": values} if values else {})


def _value(known: Known, text: str) -> Any:
    if known.type is Type.LIST:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return _read(text) if known.type in (Type.NUMBER, Type.COUNT) else text


def _pairs(typed: Mapping[str, str], name: str, errors: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in typed.get(name, "").splitlines():
        key, colon, value = line.partition(":")
        if not line.strip():
            continue
        if not colon or not key.strip():
            errors[name] = "Each line is a name, a colon and a value: amount: 250"
            continue
        found[key.strip()] = _read(value.strip())
    return found


def _moment(typed: Mapping[str, str], errors: dict[str, str]) -> str | None:
    text = typed.get("at", "").strip()
    if not text:
        return None
    try:
        read = parse_datetime(text)
    except ValueError:
        read = None
    if read is None:
        errors["at"] = "This is not a time. Write it as 2030-01-31T12:00."
        return None
    return read.isoformat() if read.tzinfo else f"{read.isoformat()}+00:00"
