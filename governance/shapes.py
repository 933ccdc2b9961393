"""What an action type's schema promises of one argument, as far as it says so plainly.

References, alternatives and conditions are not followed: nothing is promised there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoffs import signals

_NOT_PLAIN = {"$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"}
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    ((list, tuple), "array"),
    (Mapping, "object"),
)


@dataclass(frozen=True)
class Shape:
    """What an argument may be; empty means that nothing is promised."""

    kinds: tuple[str, ...] = ()
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    required: bool = False

    def fits(self, value: Any) -> bool:
        """Tell whether the argument may have this value; None is its absence."""
        if value is None:
            return not self.required
        if self.kinds and not _kinds_of(value) & set(self.kinds):
            return False
        same = (one == value and type(one) is type(value) for one in self.choices)
        if self.choices and not any(same):
            return False
        return not signals.is_number(value) or self._in_range(value)

    def _in_range(self, value: float) -> bool:
        below = self.low is not None and (value < self.low or (self.low_open and value == self.low))
        above = self.high is not None and (
            value > self.high or (self.high_open and value == self.high)
        )
        return not below and not above


ANY = Shape()


def of(schema: Mapping[str, Any], path: list[str]) -> Shape | None:
    """Return the shape of the argument behind a path, or None when there surely is none."""
    required = True
    for segment in path:
        if _NOT_PLAIN & set(schema):
            return ANY
        kind = schema.get("type", "object")
        if "object" not in (kind if isinstance(kind, list) else [kind]):
            return None
        properties = schema.get("properties", {})
        if segment not in properties:
            return None if schema.get("additionalProperties") is False else ANY
        required = (
            required and schema.get("type") == "object" and segment in schema.get("required", ())
        )
        schema = properties[segment]
        if not isinstance(schema, Mapping):
            return ANY
    return _read(schema, required)


def names(schema: Mapping[str, Any]) -> list[str]:
    """Return the arguments that a schema names."""
    return [*schema.get("properties", {})]


def _read(schema: Mapping[str, Any], required: bool) -> Shape:
    kind = schema.get("type", [])
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    low_open = above is not None and (low is None or above >= low)
    high_open = below is not None and (high is None or below <= high)
    return Shape(
        kinds=tuple(kind) if isinstance(kind, list) else (kind,),
        choices=tuple(schema.get("enum", ())),
        low=above if low_open else low,
        high=below if high_open else high,
        low_open=low_open,
        high_open=high_open,
        required=required,
    )


def _kinds_of(value: Any) -> set[str]:
    for python, kind in _KINDS:
        if isinstance(value, python):
            return {kind}
    return {"number", "integer"} if value == int(value) else {"number"}
