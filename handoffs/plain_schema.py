"""Tell at one glance that arguments fit a schema of the plain kind: fields, types, limits, choices.

Most schemas are of that kind and most arguments fit. What is not plain, or does not fit, is for
the whole checker, which can also say why.
"""

from collections.abc import Callable, Mapping
from typing import Any

Fits = Callable[[Any], bool]

# they say something about a schema, and nothing about a value
_NOTES = {"$schema", "$comment", "title", "description", "default", "examples", "deprecated"}
_OF_ANY = _NOTES | {"type", "enum", "const"}
_OF_TEXT = _OF_ANY | {"minLength", "maxLength"}
_OF_NUMBER = _OF_ANY | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
_OF_OBJECT = _NOTES | {"type", "properties", "required", "additionalProperties"}
_INFINITE = float("inf")


def compile(schema: Any) -> Fits | None:
    """Return a test that lets pass only what the schema allows; None where there is no such test.

    It may fail what is allowed all the same.
    """
    if not isinstance(schema, Mapping):
        return None
    match schema.get("type"):
        case "string":
            return _text(schema)
        case "number":
            return _number(schema, (int, float))
        case "integer":
            return _number(schema, (int,))
        case "boolean" if schema.keys() <= _NOTES | {"type"}:
            return lambda value: value is True or value is False
        case "object":
            return _object(schema)
    return None


def _text(schema: Mapping[str, Any]) -> Fits | None:
    if not schema.keys() <= _OF_TEXT:
        return None
    least, most = schema.get("minLength", 0), schema.get("maxLength", _INFINITE)
    chosen = _choices(schema, str)
    if chosen is not None:
        return lambda value: type(value) is str and value in chosen and least <= len(value) <= most
    return lambda value: type(value) is str and least <= len(value) <= most


def _number(schema: Mapping[str, Any], types: tuple[type, ...]) -> Fits | None:
    if not schema.keys() <= _OF_NUMBER - {"enum", "const"}:
        return None
    least, most = schema.get("minimum", -_INFINITE), schema.get("maximum", _INFINITE)
    above = schema.get("exclusiveMinimum", -_INFINITE)
    below = schema.get("exclusiveMaximum", _INFINITE)
    return lambda value: type(value) in types and least <= value <= most and above < value < below


def _choices(schema: Mapping[str, Any], kind: type) -> frozenset[Any] | None:
    """Return the values to choose from; None where any will do."""
    found: frozenset[Any] | None = None
    if "enum" in schema:
        found = frozenset(one for one in schema["enum"] if type(one) is kind)
    if "const" in schema:
        const = frozenset([schema["const"]] if type(schema["const"]) is kind else [])
        found = const if found is None else found & const
    return found


def _object(schema: Mapping[str, Any]) -> Fits | None:
    if not schema.keys() <= _OF_OBJECT:
        return None
    tests: dict[str, Fits] = {}
    for name, inner in schema.get("properties", {}).items():
        test = compile(inner)
        if test is None:
            return None
        tests[name] = test
    required = frozenset(schema.get("required", ()))

    def fits(value: Any) -> bool:
        if type(value) is not dict or not required <= value.keys():
            return False
        for name, item in value.items():
            # what is not named is for the whole checker, whether it is allowed or not
            test = tests.get(name)
            if test is None or not test(item):
                return False
        return True

    return fits
