"""What the OpenAPI document needs beyond what ninja writes."""

from typing import Any

from ninja.openapi.schema import OpenAPISchema
from pydantic.json_schema import models_json_schema

from handoffs.schemas.problems import Problem
from handoffs.schemas.proposals import ProposalIn

DESCRIPTION = """\
Agents propose, people answer, runs go on. Times are RFC 3339 in UTC, refusals are RFC 9457 \
problems with a stable `code`, every POST takes an `Idempotency-Key`. Fields are only ever added.\
"""
_REQUEST_ID = {
    "description": "Names this request in problems and logs.",
    "schema": {"type": "string"},
}
_CHALLENGE = {"description": "Bearer", "schema": {"type": "string"}}


def complete(document: OpenAPISchema) -> OpenAPISchema:
    """Add the shapes that no signature names, and the headers that every answer has."""
    schemas = document["components"]["schemas"]
    schemas.update(_definitions())
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    for operations in document["paths"].values():
        for operation in operations.values():
            _complete_operation(operation)
    return document


def _definitions() -> dict[str, Any]:
    shapes, rest = models_json_schema(
        [(ProposalIn, "validation"), (Problem, "serialization")],
        ref_template="#/components/schemas/{model}",
    )
    definitions: dict[str, Any] = rest["$defs"]
    return definitions


def _complete_operation(operation: dict[str, Any]) -> None:
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, response in operation["responses"].items():
        headers = response.setdefault("headers", {})
        headers["X-Request-Id"] = _REQUEST_ID
        if status == 401:
            headers["WWW-Authenticate"] = _CHALLENGE
