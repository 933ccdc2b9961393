"""How a value of some JSON Schema is filled in: which control, with which choices.

What is beyond a form (a choice between shapes, a list of many kinds, depth without end) is a field
of raw JSON: everything can be edited, and the schema checks all of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from handoffs.texts import mark_invisible
from reviews.pages.changes import MISSING

DEPTH = 4
LONG_TEXT = 60
SCALARS = ("string", "integer", "number", "boolean")
Choices = tuple[tuple[Any, str], ...]
_DATE_INPUTS = {"date": date.fromisoformat, "time": time.fromisoformat}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One control. `schema` has its references followed; an empty text may mean null."""

    kind: str
    schema: Mapping[str, Any]
    nullable: bool = False
    choices: Choices = ()

    @property
    def items(self) -> Mapping[str, Any]:
        found = self.schema.get("items")
        return found if isinstance(found, Mapping) else {}


def shape(schema: Any, value: Any, *, root: Mapping[str, Any], depth: int) -> Shape:
    """Decide how one value is edited."""
    known, nullable = resolved(schema, root)
    nullable = nullable or (value is None and "type" not in known)
    if "const" in known or known.get("readOnly") is True:
        return Shape(kind="fixed", schema=known)
    if (choices := _choices(known)) is not None:
        return Shape(kind="enum", schema=known, nullable=nullable, choices=choices)
    kind = _type(known, value)
    choices = ()
    if kind == "object":
        kind = _object(known, value, depth)
    elif kind == "array":
        kind, choices = _array(known, value, root, depth)
    elif kind == "boolean" and nullable:
        kind, choices = "enum", ((True, "yes"), (False, "no"))
    elif kind == "string":
        kind = _text(known, value)
    elif kind not in SCALARS:
        kind = "json"
    return Shape(kind=kind, schema=known, nullable=nullable, choices=choices)


def resolved(schema: Any, root: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Follow references, and see through a choice between something and nothing."""
    known = dict(schema) if isinstance(schema, Mapping) else {}
    for _ in range(40):
        if isinstance(reference := known.pop("$ref", None), str):
            defined = (root.get("$defs") or {}).get(reference.rpartition("/")[2])
            known = {**(defined if isinstance(defined, Mapping) else {}), **known}
            continue
        either = next((key for key in ("anyOf", "oneOf") if _or_nothing(known.get(key))), None)
        if either is None:
            break
        something = next(one for one in known.pop(either) if one.get("type") != "null")
        inner, _ = resolved(something, root)
        return {**inner, **known}, True
    declared = known.get("type")
    return known, isinstance(declared, list) and "null" in declared


def _or_nothing(forms: Any) -> bool:
    return (
        isinstance(forms, list)
        and len(forms) == 2
        and all(isinstance(one, Mapping) for one in forms)
        and sum(one.get("type") == "null" for one in forms) == 1
    )


def _choices(schema: Mapping[str, Any]) -> Choices | None:
    """Return the values to choose from: an enum's, or those of a oneOf that names each."""
    if isinstance(values := schema.get("enum"), list) and values:
        return tuple((one, shown(one)) for one in values if one is not None)
    for key in ("oneOf", "anyOf"):
        forms = schema.get(key)
        if isinstance(forms, list) and forms and all(_named(one) for one in forms):
            return tuple(
                (one["const"], str(one.get("title") or shown(one["const"]))) for one in forms
            )
    return None


def _named(form: Any) -> bool:
    return isinstance(form, Mapping) and "const" in form


def _type(schema: Mapping[str, Any], value: Any) -> str:
    """Return the type to edit it as; "" where there is none or what is there does not fit it."""
    if any(key in schema for key in ("oneOf", "anyOf", "allOf", "not", "if", "prefixItems")):
        return ""
    declared = schema.get("type")
    types = [declared] if isinstance(declared, str) else list(declared or ())
    types = [one for one in types if one != "null"]
    if value is MISSING or value is None:
        return types[0] if types else "object" if schema.get("properties") else ""
    own = type_of(value)
    if not types or own in types:
        return own
    return "number" if own == "integer" and "number" in types else ""


def type_of(value: Any) -> str:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case dict():
            return "object"
        case list():
            return "array"
        case _:
            return ""


def _object(schema: Mapping[str, Any], value: Any, depth: int) -> str:
    names = set(schema.get("properties") or {}) | set(value if isinstance(value, dict) else {})
    if depth >= DEPTH or not names:
        return "json"
    if names == {"amount", "currency"}:
        return "money"
    return "group"


def _array(
    schema: Mapping[str, Any], value: Any, root: Mapping[str, Any], depth: int
) -> tuple[str, Choices]:
    given = value if isinstance(value, list) else []
    items, _ = resolved(schema.get("items") or {}, root)
    choices = _choices(items)
    if choices is not None:
        known = [one for one, _ in choices]
        once = all(given.count(one) == 1 and one in known for one in given)
        return ("checks", choices) if once else ("json", ())
    if all(isinstance(one, dict) for one in given) and (given or items.get("properties")):
        return ("rows" if depth + 1 < DEPTH else "json"), ()
    plain = all(_is_scalar(one) and shown(one) == shown(one).strip() for one in given)
    one_line = all(
        shown(one) and "\n" not in shown(one) and "\r" not in shown(one) for one in given
    )
    types = {items.get("type") or "", *(type_of(one) for one in given)} - {""}
    if types == {"number", "integer"}:
        types = {"number"}
    lines = plain and one_line and len(types) == 1 and types <= set(SCALARS)
    return ("lines" if lines else "json"), ()


def _text(schema: Mapping[str, Any], value: Any) -> str:
    text = value if isinstance(value, str) else ""
    if (read := _DATE_INPUTS.get(str(schema.get("format")))) and _reads(read, text):
        return str(schema["format"])
    if len(text) > LONG_TEXT or "\n" in text or "\r" in text or schema.get("maxLength", 0) > 200:
        return "long"
    return "string"


def _reads(read: Any, text: str) -> bool:
    """Tell whether a browser's own control can hold it: what it cannot read it would empty."""
    try:
        return not text or read(text).isoformat() == text
    except ValueError:
        return False


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def shown(value: Any) -> str:
    """Print a scalar as it is edited; hidden characters stay hidden here, or they would change."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)


def raw(value: Any) -> str:
    """Print JSON to be edited; hidden characters are written as the escapes that JSON has."""
    if value is MISSING:
        return ""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if mark_invisible(text).text == text:
        return text
    return "".join(
        one if one == "\n" or mark_invisible(one).text == one else json.dumps(one)[1:-1]
        for one in text
    )
