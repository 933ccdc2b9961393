"""Every operation of the API, out of its document, ready to be called."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from config.api import api

# well-formed ids of things that are not there
NOWHERE = {
    "run_id": "run_" + "0" * 26,
    "handoff_id": "ho_" + "0" * 26,
    "proposal_id": "prop_" + "0" * 26,
    "resumption_id": "res_" + "0" * 26,
    "workflow": "retail-support",
}


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    details: dict[str, Any]

    def at(self, **ids: str) -> str:
        return self.path.format(**(NOWHERE | ids)).removeprefix("/api/v1")

    @property
    def has_body(self) -> bool:
        return "requestBody" in self.details

    @property
    def body(self) -> dict[str, Any]:
        return self.details["requestBody"]["content"]["application/json"]["schema"]

    def __str__(self) -> str:
        return self.id


@cache
def document() -> dict[str, Any]:
    """Return the document; to write it takes a third of a second, and ten files ask for it."""
    return api.get_openapi_schema()


def all_operations() -> list[Operation]:
    return list(_operations())


def with_bodies() -> list[Operation]:
    return [one for one in _operations() if one.has_body]


def _operations() -> Iterator[Operation]:
    for path, methods in document()["paths"].items():
        for method, details in methods.items():
            yield Operation(details["operationId"], method.upper(), path, details)
