"""What the OpenAPI document says of an operation beside its shapes."""

from collections import defaultdict
from typing import Any

from accounts.errors import DomainError, NotSignedIn
from handoffs.api.refusals import (
    BadHeader,
    Conflict,
    NotJson,
    NotJsonType,
    Overloaded,
    TooLarge,
)
from handoffs.errors import BadShape, IdempotencyMismatch, InProgress
from handoffs.idempotency import BadKey

Refusal = type[DomainError]

_ALWAYS: tuple[Refusal, ...] = (NotSignedIn, Overloaded)
_BODY: tuple[Refusal, ...] = (NotJson, NotJsonType, TooLarge, BadShape)
_KEYED: tuple[Refusal, ...] = (BadKey, IdempotencyMismatch, InProgress, Conflict)

_KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Your own name for this request: sent again with the same body, it is "
    "answered as the first time.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_REQUEST_ID_PARAMETER = {
    "in": "header",
    "name": "X-Request-Id",
    "required": False,
    "description": "Told back, and named in problems and logs.",
    "schema": {"type": "string"},
}
_IF_MATCH_PARAMETER = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "The version you saw last; 0: there is none yet.",
    "schema": {"type": "string", "pattern": '^("\\d{1,9}"|\\d{1,9}|\\*)$'},
}
_IF_NONE_MATCH_PARAMETER = {
    "in": "header",
    "name": "If-None-Match",
    "required": False,
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "description": "Seconds to wait before trying again.",
    "schema": {"type": "integer", "minimum": 0},
}


def header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string"}}


def asks(*refusals: Refusal) -> dict[str, Any]:
    """Describe an operation that only reads."""
    return _extra((*_ALWAYS, *refusals), [])


def looks_up(*refusals: Refusal) -> dict[str, Any]:
    """Describe a read with query parameters, which may be misshapen."""
    return reads_versions(*refusals, BadShape)


def reads_versions(*refusals: Refusal) -> dict[str, Any]:
    """Describe a read that can be asked whether anything changed."""
    extra = _extra((*_ALWAYS, *refusals), [_IF_NONE_MATCH_PARAMETER])
    extra["responses"][200] = {"headers": {"ETag": header("Changes with the answer.")}}
    extra["responses"][304] = {"description": "Not changed since."}
    return extra


def does(*refusals: Refusal, told: tuple[int, ...] = (200,)) -> dict[str, Any]:
    """Describe a POST: it has a body and takes an Idempotency-Key."""
    extra = _extra((*_ALWAYS, *_BODY, *_KEYED, *refusals), [_KEY_PARAMETER])
    for status in told:
        extra["responses"][status] = {
            "headers": {"Idempotent-Replay": header("true: this was answered before.")}
        }
    return extra


def replaces(*refusals: Refusal, most: str) -> dict[str, Any]:
    """Describe a PUT of any JSON."""
    extra = _extra((*_ALWAYS, *_BODY, BadHeader, *refusals), [_IF_MATCH_PARAMETER])
    extra["responses"][200] = {"headers": {"ETag": header("The version now stored.")}}
    extra["requestBody"] = {
        "required": True,
        "content": {"application/json": {"schema": {"description": f"Any JSON, up to {most}."}}},
    }
    return extra


def _extra(refusals: tuple[Refusal, ...], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    by_status: dict[int, list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        if refusal not in by_status[refusal.status]:
            by_status[refusal.status].append(refusal)
    return {
        "parameters": [*parameters, _REQUEST_ID_PARAMETER],
        "responses": {status: _problem(by_status[status]) for status in sorted(by_status)},
    }


def _problem(refusals: list[Refusal]) -> dict[str, Any]:
    codes = " · ".join(f"`{refusal.code}` {refusal.title}" for refusal in refusals)
    problem: dict[str, Any] = {
        "description": codes,
        "x-codes": [refusal.code for refusal in refusals],
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    if {refusal.status for refusal in refusals} & {429, 503} or InProgress in refusals:
        problem["headers"] = {"Retry-After": _RETRY_AFTER}
    return problem
