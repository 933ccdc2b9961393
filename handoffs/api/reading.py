"""A request's bytes and headers, read strictly or refused by name."""

import re
from typing import Any, Protocol

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import ValidationError

from accounts.errors import FieldProblem
from handoffs import idempotency, strict_json
from handoffs.api.refusals import BadHeader, NotJson, NotJsonType, TooLarge
from handoffs.errors import BadShape

MAX_BODY = strict_json.MAX_BYTES
MAX_CHECKPOINT = 4 * MAX_BODY
_JSON_TYPE = re.compile(r"application/json\s*(;.*)?", re.IGNORECASE | re.DOTALL)
_UTF8 = re.compile(r";\s*charset\s*=\s*\"?utf-?8\"?\s*(;|$)", re.IGNORECASE)
_ETAG = re.compile(r'"?(\d{1,9})"?')
_OUR_WORDS = {
    "missing": "This field is required.",
    "extra_forbidden": "There is no such field.",
    "string_type": "A text belongs here.",
    "int_type": "A whole number belongs here.",
    "float_type": "A number belongs here.",
    "bool_type": "true or false belongs here.",
    "dict_type": "An object belongs here.",
    "model_type": "An object belongs here.",
    "model_attributes_type": "An object belongs here.",
    "list_type": "A list belongs here.",
}


class Received(Protocol):
    """What a request is read from: Django's own, or one that came past it."""

    path: str
    META: dict[str, Any]

    @property
    def body(self) -> bytes: ...


def read(request: Received, *, most: int = MAX_BODY) -> Any:
    """Return the JSON value of the body, or raise what is wrong with it."""
    check_type(request)
    check_length(request, most)
    try:
        return strict_json.parse(request.body, max_bytes=most)
    except strict_json.JsonRefused as refused:
        raise _refusal(refused) from None


def _refusal(refused: strict_json.JsonRefused) -> NotJson | TooLarge | BadShape:
    if refused.status == 413:
        return TooLarge(f"{refused.message} Nothing was stored.")
    fields = (FieldProblem(refused.path, refused.message),) if refused.path else ()
    kind = NotJson if refused.status == 400 else BadShape
    return kind(f"{refused.message} Nothing was stored.", fields=fields)


def check_type(request: Received) -> None:
    """Refuse a body that does not say it is plain JSON in UTF-8."""
    declared = request.META.get("CONTENT_TYPE", "")
    if not _JSON_TYPE.fullmatch(declared):
        raise NotJsonType
    if "charset" in declared.lower() and not _UTF8.search(declared):
        raise NotJsonType("The body is declared in a charset that is not UTF-8. Send UTF-8.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise NotJsonType("The body is encoded, and nothing here decodes it. Send it plain.")


def check_length(request: Received, most: int) -> None:
    """Refuse by the declared length, before a byte is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > most:
        raise TooLarge(f"The body has {length} bytes; at most {most} are read. Send less.")


def key(request: Received) -> str | None:
    return idempotency.read_key(request.META.get("HTTP_IDEMPOTENCY_KEY"))


def if_match(request: HttpRequest) -> int | None:
    """Return the version in If-Match, or None when the sender does not mind."""
    value = request.META.get("HTTP_IF_MATCH")
    if value is None or value == "*":
        return None
    found = _ETAG.fullmatch(value.strip())
    if not found:
        raise BadHeader(fields=(FieldProblem("If-Match", "The ETag of a checkpoint belongs here"),))
    return int(found[1])


def misshapen(error: ValidationError, *, within: tuple[str | int, ...] = ()) -> BadShape:
    """Say what is wrong with each field, by its path as the sender wrote it."""
    return bad_fields([dict(one) for one in error.errors(include_url=False)], skip=len(within))


def bad_fields(errors: list[dict[str, Any]], *, skip: int = 0) -> BadShape:
    """Name at most twenty: whoever sends fifty wrong items mends them by one rule."""
    return BadShape(
        fields=tuple(
            FieldProblem(".".join(str(part) for part in one["loc"][skip:]), _words(one))
            for one in errors[:20]
        )
    )


def _words(error: dict[str, Any]) -> str:
    if error["type"] in _OUR_WORDS:
        return _OUR_WORDS[error["type"]]
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should ")
    message = message[:1].upper() + message[1:]
    return message if message.endswith(".") else f"{message}."


class StrictParser(Parser):
    """Read bodies for ninja, and keep what was read: the idempotency fingerprint is over it."""

    def parse_body(self, request: HttpRequest) -> Any:
        request.sent = read(request)  # type: ignore[attr-defined]
        return request.sent  # type: ignore[attr-defined]
