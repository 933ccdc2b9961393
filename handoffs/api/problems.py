"""Every refusal in the one shape, whoever refused."""

import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.db import InternalError as DatabaseInternalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja.errors import HttpError, ValidationError

from accounts.errors import DomainError, NotSignedIn
from handoffs import moves, stops
from handoffs.api import reading, showing
from handoffs.api.refusals import (
    Conflict,
    InternalError,
    MethodNotAllowed,
    NotJson,
    Overloaded,
    TooLarge,
)
from handoffs.errors import BadShape, IllegalTransition, NotFound, SteppedIn, WorkflowStopped

logger = logging.getLogger(__name__)
_HALTED = (WorkflowStopped, SteppedIn)
MEDIA_TYPE = "application/problem+json"
_Refused = TypeVar("_Refused", bound=DomainError)


def body(request: object, refused: DomainError) -> dict[str, Any]:
    halt = showing.stopped(refused.halt) if isinstance(refused, _HALTED) else None
    return {
        "type": f"{settings.PUBLIC_URL}/docs/errors/{slug(refused.code)}",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.message,
        "code": refused.code,
        "fields": [{"path": one.path, "message": one.message} for one in refused.fields],
        "request_id": getattr(request, "request_id", ""),
        **({"stopped": halt.model_dump(mode="json")} if halt else {}),
    }


def slug(code: str) -> str:
    return code.replace("_", "-")


def response(request: object, error: Exception) -> HttpResponse:
    """Answer with the problem that `error` stands for."""
    refused = refusal(error)
    if isinstance(refused, InternalError):
        logger.exception(
            "A request to the API broke.",
            exc_info=error,
            extra={"action": "api.broke", "request_id": getattr(request, "request_id", "")},
        )
    if isinstance(refused, IllegalTransition) and refused.to_state:
        _after(moves.count_refusal, refused)
    if isinstance(refused, WorkflowStopped):
        _after(stops.met, refused)
    text = json.dumps(body(request, refused), ensure_ascii=False)
    answer = HttpResponse(text, status=refused.status, content_type=MEDIA_TYPE)
    if refused.retry_after is not None:
        answer["Retry-After"] = str(refused.retry_after)
    if isinstance(refused, NotSignedIn):
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def refusal(error: Exception) -> DomainError:
    """Name what went wrong; what nobody foresaw is our fault."""
    match error:
        case DomainError():
            return error
        case ValidationError():
            return _misshapen(error)
        case HttpError():
            return _from_framework(error)
        case Http404():
            return NotFound()
        case RequestDataTooBig():
            return TooLarge()
        case UnreadablePostError() | SuspiciousOperation():
            return NotJson("The request could not be read. Nothing was stored. Send it again.")
        case DatabaseError() | InterfaceError():
            return _from_database(error)
    return InternalError()


def _from_database(error: Exception) -> DomainError:
    match error:
        case IntegrityError():
            return Conflict()
        case DataError():
            return BadShape(
                "A value is longer or larger than can be kept. Nothing was stored. Send less."
            )
        case OperationalError() | InterfaceError() | DatabaseInternalError():
            # no connection, no room, a lock or statement that took too long, a read-only standby
            sqlstate = getattr(error.__cause__, "sqlstate", None)
            logger.warning(
                "The database refused: %s.",
                sqlstate,
                extra={"action": "api.overloaded", "sqlstate": sqlstate},
            )
            return Overloaded(retry_after=2)
    return InternalError()


def _from_framework(error: HttpError) -> DomainError:
    """The framework wraps what a body parser raises; what was meant is the cause."""
    if isinstance(error.__cause__, Exception):
        return refusal(error.__cause__)
    return NotSignedIn() if error.status_code == 401 else InternalError()


def _misshapen(error: ValidationError) -> DomainError:
    """Take the framework's own prefix off the paths: source, then the parameter's name."""
    first = error.errors[0]
    if first["loc"] == ("body", "body") and first["type"] == "missing":
        return NotJson("The body is empty. Nothing was stored. Send a JSON object.")
    skip = 2 if first["loc"][0] == "body" else 1
    return reading.bad_fields(error.errors, skip=skip)


def _after(count: Callable[[_Refused], None], refused: _Refused) -> None:
    """Count what was tried; its transaction is over, and failing to count must not hide it."""
    try:
        count(refused)
    except DatabaseError:
        logger.warning("A refusal could not be counted.", extra={"action": "api.not_counted"})


def replace(request: HttpRequest, answered: HttpResponse) -> HttpResponse:
    """Turn an answer that the framework wrote by itself into a problem."""
    if answered.status_code < 400 or answered.get("Content-Type", "").startswith(MEDIA_TYPE):
        return answered
    refused: DomainError = InternalError()
    if answered.status_code == 404:
        refused = NotFound("There is nothing at this address. Nothing was done. Check the path.")
    elif answered.status_code == 405:
        refused = MethodNotAllowed()
    elif answered.status_code == 400:
        refused = NotJson("The request could not be read. Nothing was stored. Send it again.")
    better = response(request, refused)
    if answered.has_header("Allow"):
        better["Allow"] = answered["Allow"]
    return better
