"""A typed form over an action's arguments, made from its JSON Schema.

What a form cannot show (a shape it does not know, depth beyond three) stays as it was: the
arguments are changed in place, never rebuilt.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from handoffs import argument_schema
from reviews.pages.changes import MISSING
from reviews.pages.facts import in_order
from reviews.pages.text import marked
from reviews.pages.values import label as humanise

DEPTH = 3
LONG_TEXT = 60
SCALARS = ("string", "integer", "number", "boolean")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One control: `kind` picks the template's branch, `children` are a group's own fields."""

    kind: str
    name: str
    label: str
    value: str = ""
    was: str = ""
    checked: bool = False
    choices: tuple[tuple[str, bool], ...] = ()
    hint: str = ""
    required: bool = False
    error: str = ""
    step: str = ""
    children: tuple["Field", ...] = ()

    @property
    def id(self) -> str:
        return "f-" + "".join(c if c.isalnum() else f"-{ord(c)}-" for c in self.name)


@dataclass(kw_only=True)
class Reading:
    """What was typed, read back into arguments; `errors` are by field name."""

    arguments: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)


def fields(
    schema: Mapping[str, Any],
    arguments: Mapping[str, Any],
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> tuple[Field, ...]:
    """Return the form over `arguments`; with `typed`, as it was filled in."""
    maker = _Maker(typed=typed, errors=errors or {})
    return maker.members("a", schema, arguments, depth=0)


def read(
    schema: Mapping[str, Any], arguments: Mapping[str, Any], typed: Mapping[str, str]
) -> Reading:
    """Read what was typed; what was not touched keeps its exact value and type."""
    reading = Reading(arguments=deepcopy(dict(arguments)))
    _read_members("a", schema, reading.arguments, typed, reading.errors, depth=0)
    if not reading.errors:
        for finding in argument_schema.compile(schema).check(reading.arguments, path="a"):
            parts = finding.path.split(".")[1:]
            reading.errors.setdefault(_joined("a", *parts) if parts else "a", finding.message)
    return reading


def _joined(*parts: object) -> str:
    head, *others = (str(part) for part in parts)
    return "/".join([head, *(part.replace("~", "~0").replace("/", "~1") for part in others)])


def _member_schemas(schema: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Pair each property with its schema; what the schema does not name is taken as it is."""
    named = dict(schema.get("properties") or {})
    found = named | {key: _schema_of(item) for key, item in value.items() if key not in named}
    return {key: found[key] for key in in_order(found, schema)}


def _schema_of(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case dict():
            return {"type": "object"}
        case list():
            items = {json.dumps(_schema_of(item), sort_keys=True) for item in value}
            return {"type": "array", "items": json.loads(items.pop()) if len(items) == 1 else {}}
        case None:
            return {}
        case _:
            return {"type": "string"}


def _kind(schema: Mapping[str, Any], value: Any, depth: int) -> str:
    """Decide how one value is edited; "fixed" is shown and left alone."""
    declared = schema.get("type") or _schema_of(None if value is MISSING else value).get("type")
    types = [declared] if isinstance(declared, str) else list(declared or ())
    kind = next((one for one in types if one != "null"), "")
    if schema.get("enum"):
        return "enum"
    if kind == "object" and depth < DEPTH and (value is MISSING or isinstance(value, dict)):
        return "group" if schema.get("properties") or (value and value is not MISSING) else "fixed"
    if kind == "array" and (value is MISSING or isinstance(value, list)):
        return _array_kind(schema, value if isinstance(value, list) else [], depth)
    if kind not in SCALARS or not (value is MISSING or value is None or _is_scalar(value)):
        return "fixed"
    return kind


def _array_kind(schema: Mapping[str, Any], value: list[Any], depth: int) -> str:
    items = schema.get("items") or {}
    if value and all(isinstance(item, dict) for item in value) and depth + 1 < DEPTH:
        return "rows"
    plain = all(_is_scalar(item) and "\n" not in str(item) for item in value)
    return "lines" if plain and items.get("type") in SCALARS else "fixed"


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def shown(value: Any) -> str:
    """Print a scalar as it is edited; hidden characters stay hidden here, or they would change."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, kw_only=True)
class _Maker:
    typed: Mapping[str, str] | None
    errors: Mapping[str, str]

    def members(
        self, name: str, schema: Mapping[str, Any], value: Mapping[str, Any], depth: int
    ) -> tuple[Field, ...]:
        required = set(schema.get("required") or ())
        return tuple(
            self.one(
                _joined(name, key),
                one,
                value.get(key, MISSING),
                title=marked(one.get("title") or humanise(key)),
                required=key in required,
                depth=depth + 1,
            )
            for key, one in _member_schemas(schema, value).items()
        )

    def one(
        self,
        name: str,
        schema: Mapping[str, Any],
        value: Any,
        *,
        title: str,
        required: bool,
        depth: int,
    ) -> Field:
        kind = _kind(schema, value, depth - 1)
        text = self.typed.get(name, "") if self.typed is not None else _text(kind, value)
        checked = text == "on" if self.typed is not None else value is True
        return Field(
            kind="long" if kind == "string" and _is_long(schema, value) else kind,
            name=name,
            label=title,
            value=_fixed(value) if kind == "fixed" else text,
            was=marked(_text(kind, value)),
            checked=checked,
            choices=_choices(schema, text, required) if kind == "enum" else (),
            hint=marked(schema.get("description") or ""),
            required=required and value != "" and not _may_be_null(schema),
            error=self.errors.get(name, ""),
            step="1" if kind == "integer" else "any",
            children=self._children(kind, name, schema, value, depth),
        )

    def _children(
        self, kind: str, name: str, schema: Mapping[str, Any], value: Any, depth: int
    ) -> tuple[Field, ...]:
        if kind == "group":
            return self.members(name, schema, {} if value is MISSING else value, depth)
        if kind != "rows":
            return ()
        items = schema.get("items") or {}
        return tuple(
            Field(
                kind="row",
                name=_joined(name, number),
                label=f"{number + 1}.",
                checked=bool(self.typed and self.typed.get(_joined(name, number) + "~out")),
                children=self.members(_joined(name, number), items, row, depth + 1),
            )
            for number, row in enumerate(value)
        )


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    """Tell whether leaving it empty says something: nothing is a value of its own there."""
    declared = schema.get("type")
    return isinstance(declared, list) and "null" in declared


def _text(kind: str, value: Any) -> str:
    if kind == "lines":
        return "\n".join(shown(item) for item in ([] if value is MISSING else value))
    return "" if kind in ("group", "rows", "fixed") else shown(value)


def _fixed(value: Any) -> str:
    return "" if value is MISSING else marked(json.dumps(value, indent=2, ensure_ascii=False))


def _is_long(schema: Mapping[str, Any], value: Any) -> bool:
    text = value if isinstance(value, str) else ""
    return len(text) > LONG_TEXT or "\n" in text or schema.get("maxLength", 0) > 200


def _choices(
    schema: Mapping[str, Any], chosen: str, required: bool
) -> tuple[tuple[str, bool], ...]:
    values = [shown(item) for item in schema["enum"]]
    return tuple((item, item == chosen) for item in ([] if required else [""]) + values)


def _read_members(
    name: str,
    schema: Mapping[str, Any],
    into: dict[str, Any],
    typed: Mapping[str, str],
    errors: dict[str, str],
    depth: int,
) -> None:
    for key, one in _member_schemas(schema, into).items():
        before = into.get(key, MISSING)
        try:
            after = _read_one(_joined(name, key), one, before, typed, errors, depth + 1)
        except ValueError as problem:
            errors[_joined(name, key)] = str(problem)
            continue
        if after is MISSING:
            into.pop(key, None)
        else:
            into[key] = after


def _read_one(
    name: str,
    schema: Mapping[str, Any],
    before: Any,
    typed: Mapping[str, str],
    errors: dict[str, str],
    depth: int,
) -> Any:
    kind = _kind(schema, before, depth - 1)
    if kind == "fixed":
        return before
    if kind == "group":
        into = {} if before is MISSING else before
        _read_members(name, schema, into, typed, errors, depth)
        return into if into or before is not MISSING else MISSING
    if kind == "rows":
        return _read_rows(name, schema.get("items") or {}, before, typed, errors, depth)
    if kind == "boolean":
        on = typed.get(name) == "on"
        return before if on == (before is True) else on
    if name not in typed:
        return before
    return _read_text(kind, schema, before, typed[name])


def _read_rows(
    name: str,
    items: Mapping[str, Any],
    before: list[dict[str, Any]],
    typed: Mapping[str, str],
    errors: dict[str, str],
    depth: int,
) -> list[dict[str, Any]]:
    kept = []
    for number, row in enumerate(before):
        if typed.get(_joined(name, number) + "~out"):
            continue
        _read_members(_joined(name, number), items, row, typed, errors, depth + 1)
        kept.append(row)
    return kept


def _read_text(kind: str, schema: Mapping[str, Any], before: Any, typed: str) -> Any:
    text = typed.replace("\r\n", "\n")
    if text == _text(kind, before).replace("\r\n", "\n"):
        return before
    if kind == "lines":
        item = (schema.get("items") or {}).get("type", "string")
        known = {shown(one): one for one in ([] if before is MISSING else before)}
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        return [known[line] if line in known else _scalar(item, line) for line in lines]
    if kind == "enum":
        return _chosen(schema, text)
    if text == "" and kind != "string":
        return None if _may_be_null(schema) else MISSING
    if text == "" and before is MISSING:
        return MISSING
    return _scalar(kind, text)


def _chosen(schema: Mapping[str, Any], text: str) -> Any:
    if text == "":
        return MISSING
    found = [item for item in schema["enum"] if shown(item) == text]
    if not found:
        raise ValueError("Choose one of the values.")
    return found[0]


def _scalar(kind: str, text: str) -> Any:
    """Read one typed text as its kind; the message says what would be right."""
    if kind == "string":
        return text
    if kind == "boolean":
        return text == "yes"
    try:
        return int(text)
    except ValueError:
        if kind == "integer":
            raise ValueError("A whole number, in digits.") from None
    try:
        number = float(text.strip())
    except ValueError:
        raise ValueError("A number, with a point before the decimals.") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("A number, with a point before the decimals.")
    return number
