"""The shortest way in: a proposal is taken from the web server's own hands.

Django builds a request, resolves an address, sends signals and builds a response: for the hottest
path that costs more than the ruling. Only what comes as expected is taken here; anything unusual
about its framing goes through Django, which answers it as ever.
"""

from collections.abc import Callable
from functools import cached_property
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware

from config import door
from handoffs.api import problems, proposals
from handoffs.idempotency import Told

Headers = list[tuple[str, str]]
StartResponse = Callable[[str, Headers], Any]
Application = Callable[[dict[str, Any], Any], Any]

PATH = "/api/v1/proposals"
_STATUS = {200: "200 OK", 201: "201 Created"}


class _Received:
    """What `proposals.take` and the problems read of a request."""

    path = PATH

    def __init__(self, environ: dict[str, Any], length: int) -> None:
        self.META = environ
        self.request_id = door.request_id(environ)
        self._length = length

    @cached_property
    def body(self) -> bytes:
        body: bytes = self.META["wsgi.input"].read(self._length)
        return body


class ProposalDoor:
    """Answer POST /api/v1/proposals; hand everything else to Django."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._headers = {secure: _headers(secure) for secure in (False, True)}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST":
            return self._django(environ, start_response)
        length = _length(environ)
        if length is None:
            return self._django(environ, start_response)
        request = _Received(environ, length)
        try:
            ours = connections[DEFAULT_DB_ALIAS]
            if ours.errors_occurred or ours.close_at is not None:
                # what broke or grew old is not used again
                ours.close_if_unusable_or_obsolete()
            told = proposals.take(request)
        except Exception as error:
            return self._refused(request, error, start_response)
        return self._told(request, told, start_response)

    def _told(self, request: _Received, told: Told, start_response: StartResponse) -> list[bytes]:
        body = told.body.encode()
        headers = [
            ("X-Request-Id", request.request_id),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            *self._headers[_secure(request.META)],
        ]
        if told.replayed:
            headers.append(("Idempotent-Replay", "true"))
        start_response(_STATUS[told.status], headers)
        return [body]

    def _refused(
        self, request: _Received, error: Exception, start_response: StartResponse
    ) -> list[bytes]:
        response = problems.response(request, error)
        headers = [
            *response.items(),
            ("X-Request-Id", request.request_id),
            ("Content-Length", str(len(response.content))),
            *self._headers[_secure(request.META)],
        ]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return [response.content]


def _length(environ: dict[str, Any]) -> int | None:
    """Return the length of a body that can simply be read, else None."""
    length = environ.get("CONTENT_LENGTH", "")
    plain = length.isascii() and length.isdigit() and "HTTP_TRANSFER_ENCODING" not in environ
    return int(length) if plain and not environ.get("SCRIPT_NAME") else None


def _secure(environ: dict[str, Any]) -> bool:
    """Tell whether it came by HTTPS, as Django does."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == value)
    return bool(environ.get("wsgi.url_scheme") == "https")


def _headers(secure: bool) -> Headers:
    """Return what every answer of the API carries, as the middleware before the door sets it."""
    response = HttpResponse()
    del response["Content-Type"]
    door.mark(response)
    environ = {"REQUEST_METHOD": "POST", "wsgi.input": BytesIO(), "wsgi.url_scheme": "http"}
    if secure:
        environ["wsgi.url_scheme"] = "https"
        if settings.SECURE_PROXY_SSL_HEADER:
            name, value = settings.SECURE_PROXY_SSL_HEADER
            environ[name] = value
    SecurityMiddleware(lambda _: response)(WSGIRequest(environ))
    return list(response.items())
