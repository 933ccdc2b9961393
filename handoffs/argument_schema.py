"""Check arguments against the action type's JSON Schema (draft 2020-12), in bounded time.

Managers write schemas and agents send arguments; neither may stop the service. What could make
checking slow or reach out of it is refused when the schema is saved: references that leave it or
run in circles, schemas that unfold without measure, patterns that backtrack without end.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from handoffs import canonical, patterns, plain_schema

MAX_HEIGHT = 40
MAX_PARTS = 2_000
MAX_VALUES = 2_000
MAX_PROBLEMS = 20
_DIALECT = "https://json-schema.org/draft/2020-12/schema"

# they leave the schema, or make what one part means depend on where it was reached from
_REFUSED = {
    "$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "patternProperties",
    "unevaluatedItems", "unevaluatedProperties",
}  # fmt: skip
_MAPS_OF_SCHEMAS = {"properties", "$defs", "dependentSchemas"}
_LISTS_OF_SCHEMAS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_SCHEMAS = {
    "items", "contains", "additionalProperties", "propertyNames", "if", "then", "else", "not",
}  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """What is wrong with one argument, in plain words."""

    path: str
    message: str


class SchemaRefused(ValueError):
    """A schema that may not be saved, with the place and the reason."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or 'The schema'}: {message}")
        self.path = path
        self.message = message


@dataclass(frozen=True)
class ArgumentSchema:
    """A compiled schema; keep it, since compiling costs more than checking."""

    schema: Mapping[str, Any]
    _validator: Any
    _fits: plain_schema.Fits | None

    def check(self, arguments: Any, *, path: str = "arguments") -> list[Problem]:
        """Return what is wrong, ordered by path, at most twenty; an empty list means nothing."""
        if self._fits is not None and self._fits(arguments):
            return []
        if _count(arguments) > MAX_VALUES:
            return [Problem(path, f"More than {MAX_VALUES} values. Send fewer.")]
        found = {
            Problem(".".join([path, *map(str, error.absolute_path)]), _in_words(error))
            for error in self._validator.iter_errors(arguments)
        }
        return sorted(found, key=lambda one: (one.path, one.message))[:MAX_PROBLEMS]


def compile(schema: Any) -> ArgumentSchema:
    """Read a schema for arguments, or raise SchemaRefused."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        raise SchemaRefused("", 'Arguments are an object: "type" has to be "object".')
    if schema.get("$schema", _DIALECT) != _DIALECT:
        raise SchemaRefused("$schema", f"Only draft 2020-12 is understood: {_DIALECT}")
    _walk(schema, "", 1, [MAX_PARTS])
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        path = ".".join(map(str, error.absolute_path))
        raise SchemaRefused(path, f"{error.message:.200}.") from None
    _Unfolding(schema.get("$defs", {})).check(schema)
    validator = _Validator(schema, format_checker=_FORMATS)
    return ArgumentSchema(schema, validator, plain_schema.compile(schema))


def _walk(schema: Any, path: str, height: int, budget: list[int]) -> None:
    """Look at every subschema before anything else reads them."""
    budget[0] -= 1
    if height > MAX_HEIGHT or budget[0] < 0:
        raise SchemaRefused(path, "The schema is too deep or too large. Simplify it.")
    if not isinstance(schema, Mapping):
        return
    for keyword in sorted(_REFUSED & set(schema)):
        raise SchemaRefused(_dot(path, keyword), f"{keyword} is not supported here.")
    reference = schema.get("$ref", "#/$defs/none")
    if not isinstance(reference, str) or not re.fullmatch(r"#/\$defs/[A-Za-z0-9_-]+", reference):
        raise SchemaRefused(_dot(path, "$ref"), "A reference stays inside: #/$defs/name.")
    if isinstance(pattern := schema.get("pattern"), str) and (trouble := patterns.trouble(pattern)):
        raise SchemaRefused(_dot(path, "pattern"), trouble)
    for at, inner in _subschemas(schema):
        _walk(inner, _dot(path, at), height + 1, budget)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for keyword, value in schema.items():
        if keyword in _SCHEMAS:
            yield keyword, value
        elif keyword in _MAPS_OF_SCHEMAS and isinstance(value, Mapping):
            yield from ((f"{keyword}.{name}", inner) for name, inner in value.items())
        elif keyword in _LISTS_OF_SCHEMAS and isinstance(value, list):
            yield from ((f"{keyword}.{index}", inner) for index, inner in enumerate(value))


class _Unfolding:
    """Measure a schema with every reference written out: circles, and few that become many."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self._measured: dict[str, tuple[int, int]] = {}

    def check(self, schema: Mapping[str, Any]) -> None:
        for name in self._definitions:
            self._definition(name, ())
        parts, height = self._measure(schema, ())
        if parts > MAX_PARTS or height > MAX_HEIGHT:
            raise SchemaRefused("", "The references unfold into too many parts. Simplify them.")

    def _measure(self, part: Any, open_names: tuple[str, ...]) -> tuple[int, int]:
        if not isinstance(part, Mapping):
            return 1, 1
        inside = [
            self._measure(inner, open_names)
            for at, inner in _subschemas(part)
            if not at.startswith("$defs.")
        ]
        if "$ref" in part:
            inside.append(self._definition(part["$ref"].removeprefix("#/$defs/"), open_names))
        return (
            1 + sum(parts for parts, _ in inside),
            1 + max((height for _, height in inside), default=0),
        )

    def _definition(self, name: str, open_names: tuple[str, ...]) -> tuple[int, int]:
        if name not in self._definitions:
            raise SchemaRefused(f"$defs.{name}", "There is no such definition.")
        if name in open_names or len(open_names) > MAX_HEIGHT:
            raise SchemaRefused(f"$defs.{name}", "The references run in a circle, or too far.")
        if name not in self._measured:
            measured = self._measure(self._definitions[name], (*open_names, name))
            self._measured[name] = measured
        return self._measured[name]


def _count(value: Any) -> int:
    """Count values, but not far beyond the limit."""
    waiting, count = [value], 0
    while waiting and count <= MAX_VALUES:
        one = waiting.pop()
        count += 1
        if isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return count


def _dot(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not patterns.matches(pattern, instance):
        yield ValidationError("pattern")


def _required(_: Any, names: list[str], instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping):
        for name in names:
            if name not in instance:
                yield ValidationError("required", path=[name])


def _additional(
    validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping):
        for name in instance.keys() - schema.get("properties", {}).keys():
            if allowed is False:
                yield ValidationError("additionalProperties", path=[name])
            else:
                yield from validator.descend(instance[name], allowed, path=name)


def _unique(_: Any, wanted: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    # the library compares every pair of objects
    if not wanted or not isinstance(instance, list):
        return
    if len({_identity(item) for item in instance}) < len(instance):
        yield ValidationError("uniqueItems")


def _identity(item: Any) -> bytes:
    try:
        return canonical.encode(item)
    except canonical.NotCanonical:
        return repr(item).encode(errors="replace")


_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {
        "pattern": _pattern,
        "required": _required,
        "additionalProperties": _additional,
        "uniqueItems": _unique,
    },
)


def _shaped(form: str, read: Callable[[str], Any]) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        if isinstance(value, str):
            if not re.fullmatch(form, value, re.ASCII):
                return False
            read(value)
        return True

    return fits


_DATE, _TIME, _ZONE = (
    r"\d{4}-\d\d-\d\d",
    r"\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?",
    r"(?:Z|[+-]\d\d:\d\d)",
)
_FORMATS_KNOWN: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "date": (_DATE, date.fromisoformat, "a date such as 2030-01-31"),
    "time": (_TIME + _ZONE + "?", time.fromisoformat, "a time such as 12:00"),
    "date-time": (
        f"{_DATE}T{_TIME}{_ZONE}",
        datetime.fromisoformat,
        "a time with its zone such as 2030-01-31T12:00:00Z",
    ),
    "uuid": (r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", UUID, "a UUID"),
    "email": (r"[^@\s]{1,64}@[^@\s]{1,255}", str, "an e-mail address"),
}
_FORMATS = FormatChecker(formats=())
for _name, (_form, _read, _) in _FORMATS_KNOWN.items():
    _FORMATS.checks(_name, raises=ValueError)(_shaped(_form, _read))

_TYPES = {
    "string": "a text", "number": "a number", "integer": "a whole number", "object": "an object",
    "boolean": "true or false", "array": "a list", "null": "null",
}  # fmt: skip
_WORDS: dict[str, str] = {
    "required": "This is missing.",
    "additionalProperties": "This is not known here. Leave it out.",
    "uniqueItems": "An item stands here twice.",
    "minimum": "At least {} belongs here.",
    "maximum": "At most {} belongs here.",
    "exclusiveMinimum": "More than {} belongs here.",
    "exclusiveMaximum": "Less than {} belongs here.",
    "multipleOf": "A multiple of {} belongs here.",
    "minLength": "At least {} characters belong here.",
    "maxLength": "At most {} characters belong here.",
    "minItems": "At least {} items belong here.",
    "maxItems": "At most {} items belong here.",
    "minProperties": "At least {} fields belong here.",
    "maxProperties": "At most {} fields belong here.",
    "const": "{} belongs here.",
    "pattern": "The form is not right: {}",
    "not": "This form is not allowed.",
    "contains": "None of the items has the form that one must have.",
    "dependentRequired": "A field that goes with another one is missing.",
}


def _in_words(error: ValidationError) -> str:
    keyword = str(error.validator)
    wanted: Any = error.validator_value
    match keyword:
        case "type":
            types = wanted if isinstance(wanted, list) else [wanted]
            named = " or ".join(_TYPES.get(one, str(one)) for one in types)
            return f"{named[:1].upper()}{named[1:]} belongs here."
        case "enum":
            return f"One of {', '.join(map(_shown, wanted))} belongs here."[:300]
        case "format":
            known = _FORMATS_KNOWN.get(str(wanted))
            return f"This is not {known[2] if known else wanted}."
        case "anyOf" | "oneOf":
            reasons = sorted({_in_words(inner) for inner in error.context or ()})
            return f"None of the forms allowed here fits. {' '.join(reasons[:4])}".strip()
    said = _WORDS.get(keyword, "This is not allowed here.")
    return said.format(_shown(wanted)) if "{}" in said else said


def _shown(value: Any) -> str:
    return f"{value}"[:100]
