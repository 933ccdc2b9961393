"""Interim: check arguments against a JSON Schema."""

from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator


@dataclass(frozen=True)
class Finding:
    path: str
    message: str


@dataclass(frozen=True)
class ArgumentSchema:
    validator: Draft202012Validator


def parse(schema: dict[str, Any]) -> ArgumentSchema:
    return ArgumentSchema(Draft202012Validator(schema))


def problems(schema: ArgumentSchema, arguments: dict[str, Any]) -> list[Finding]:
    return [
        Finding("".join(f".{part}" for part in error.absolute_path), error.message)
        for error in schema.validator.iter_errors(arguments)
    ]


def schema_problems(schema: dict[str, Any]) -> list[str]:
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return [error.message]
    return []
