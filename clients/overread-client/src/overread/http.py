"""Requests built and responses read, without sending anything."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from overread import canonical, errors
from overread.errors import Field, Halt, Problem, UnexpectedAnswer

_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}")

_BY_CODE: Mapping[tuple[int, str], type[Problem]] = {
    (409, "in_progress"): errors.InProgress,
    (409, "stale_lease"): errors.StaleLease,
    (422, "idempotency_mismatch"): errors.IdempotencyMismatch,
    (503, "workflow_stopped"): errors.WorkflowStopped,
    (503, "stepped_in"): errors.SteppedIn,
}
_BY_STATUS: Mapping[int, type[Problem]] = {
    400: errors.BadRequest,
    401: errors.Unauthorized,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    410: errors.Gone,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
    422: errors.Invalid,
    429: errors.SlowDown,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


@dataclass(frozen=True, kw_only=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    timeout: float | None = None


@dataclass(frozen=True, kw_only=True)
class Response:
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise UnexpectedAnswer(f"The answer ({self.status}) is not JSON.") from error


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the API is and the key that opens it."""

    base_url: str
    key: str = field(repr=False)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Request:
        return Request(method="GET", url=self._url(path, query), headers=self._headers())

    def post(self, path: str, body: Any, key: str | None = None) -> Request:
        """Build a POST; its Idempotency-Key is fixed here, so all retries carry the same one."""
        content, headers = canonical.encode(body), self._headers()
        headers |= {"Content-Type": "application/json", "Idempotency-Key": idempotency_key(key)}
        return Request(method="POST", url=self._url(path), headers=headers, content=content)

    def put(self, path: str, body: Any, if_match: str | None = None) -> Request:
        content, headers = canonical.encode(body), self._headers()
        headers["Content-Type"] = "application/json"
        if if_match is not None:
            headers["If-Match"] = if_match
        return Request(method="PUT", url=self._url(path), headers=headers, content=content)

    def _url(self, path: str, query: Mapping[str, str] | None = None) -> str:
        return self.base_url.rstrip("/") + path + (f"?{urlencode(query)}" if query else "")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}


def open_get(url: str, query: Mapping[str, str] | None = None) -> Request:
    """Build a GET that carries no key: for signed addresses, which may be on another host."""
    joint = "&" if "?" in url else "?"
    address = f"{url}{joint}{urlencode(query)}" if query else url
    return Request(method="GET", url=address, headers={"Accept": "application/json"})


def idempotency_key(key: str | None) -> str:
    """Use the caller's key, or make one."""
    if key is None:
        return str(uuid.uuid4())
    if not _VISIBLE.fullmatch(key):
        raise ValueError("An Idempotency-Key is 1 to 255 visible ASCII characters without spaces.")
    return key


def segment(value: str) -> str:
    """Quote an id for a path, so that no id can lead to another address."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} is not an id.")
    return quote(value, safe="")


def given(optional: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the caller left out: null is not the same as absent."""
    return {name: value for name, value in optional.items() if value is not None}


def problem(response: Response, now: datetime | None = None) -> Problem:
    """Read a refusal; also one that a proxy wrote and that is no problem document."""
    data = _object(response.body)
    status = response.status
    code = str(data.get("code") or f"http_{status}")
    kind = _BY_CODE.get((status, code)) or _BY_STATUS.get(status)
    kind = kind or (errors.ServerError if status >= 500 else Problem)
    refused = kind(
        status=status,
        code=code,
        detail=str(data.get("detail") or ""),
        title=str(data.get("title") or ""),
        type=str(data.get("type") or "about:blank"),
        fields=_fields(data.get("fields")),
        request_id=data.get("request_id") or response.headers.get("x-request-id"),
        retry_after=retry_after(response.headers.get("retry-after"), now or datetime.now(UTC)),
    )
    if isinstance(refused, errors.Halted):
        refused.halt = halt(data.get("stopped"))
    return refused


def halt(data: Any) -> Halt | None:
    """Read what people stopped; a server that says less, or nothing, is no reason to fail."""
    if not isinstance(data, dict):
        return None
    by, since = data.get("by"), data.get("since")
    try:
        at = datetime.fromisoformat(since) if isinstance(since, str) else None
    except ValueError:
        at = None
    return Halt(
        id=str(data.get("id", "")),
        scope=str(data.get("scope", "")),
        reason=str(data.get("reason", "")),
        role=str(by["name"]) if isinstance(by, dict) and by.get("name") else None,
        since=at,
        drill=data.get("drill") is True,
    )


def retry_after(value: str | None, now: datetime) -> float | None:
    """Read Retry-After in either of its forms: seconds, or a date."""
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip()):
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _fields(value: Any) -> tuple[Field, ...]:
    items = value if isinstance(value, list) else []
    return tuple(
        Field(path=str(item.get("path", "")), message=str(item.get("message", "")))
        for item in items
        if isinstance(item, dict)
    )
