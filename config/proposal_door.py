"""The shortest way in: a proposal is taken from the web server's own hands.

Django builds a request, resolves an address, sends signals and builds a response, one request after
the other: for the hottest path that costs more than the ruling. Only what is plainly in order is
taken here; anything else goes through Django, which says what is wrong with it as ever.
"""

from functools import cached_property, partial
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware

from accounts.errors import DomainError
from config import door, gateways
from config.gateways import Application, Gone, Receive, Scope, Send
from handoffs import lots, statements
from handoffs.api import problems, proposals, reading
from handoffs.idempotency import Told
from handoffs.intake import Asked
from handoffs.together import Together
from handoffs.wires import Wire

PATH = "/api/v1/proposals"
Headers = list[tuple[bytes, bytes]]


class Received:
    """What `proposals.asked` and the problems read of a request."""

    path = PATH

    def __init__(self, scope: Scope, body: bytes) -> None:
        self.META = gateways.environ(scope)
        self.body = body

    @cached_property
    def request_id(self) -> str:
        return door.request_id(self.META)


class ProposalDoor:
    """Answer POST /api/v1/proposals; hand everything else to Django."""

    def __init__(self, django: Application) -> None:
        self._django = django
        self._headers = {secure: _headers(secure) for secure in (False, True)}
        # one lot at a time: who comes while it is ruled on and stored makes the next one larger
        self._wire = Wire()
        self._together: Together[Asked, Told | None] = Together(
            partial(lots.settle, self._wire), most=statements.MOST
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_plain(scope):
            await self._django(scope, receive, send)
            return
        try:
            body = await gateways.body(receive)
        except Gone:
            return
        request = Received(scope, body)
        try:
            told = await self._ask(request)
        except DatabaseError as error:
            await self._failed(request, error, send)
            return
        if told is None:
            await self._django(scope, gateways.again(body), send)
        else:
            await self._tell(request, told, send)

    def close(self) -> None:
        """Let go of the connection; whoever comes next makes another."""
        self._wire.close()

    async def _ask(self, request: Received) -> Told | None:
        """Return what it is told, or None when that is for Django to say."""
        try:
            asked = proposals.asked(request)
        except DomainError:
            return None
        return await self._together(asked)

    async def _tell(self, request: Received, told: Told, send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        if told.replayed:
            headers.append((b"idempotent-replay", b"true"))
        await self._send(request, told.status, headers, told.body.encode(), send)

    async def _failed(self, request: Received, error: Exception, send: Send) -> None:
        """Say that nobody knows whether it was stored: with its key it can be sent again."""
        answer = problems.response(request, error)
        await self._send(request, answer.status_code, _raw(answer), answer.content, send)

    async def _send(
        self, request: Received, status: int, headers: Headers, body: bytes, send: Send
    ) -> None:
        headers = [
            *headers,
            (b"x-request-id", request.request_id.encode()),
            (b"content-length", b"%d" % len(body)),
            *self._headers[_secure(request.META)],
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _is_plain(scope: Scope) -> bool:
    """Tell whether it is a proposal with a body that says how long it is, and is not too long."""
    if scope["path"] != PATH or scope["method"] != "POST" or scope.get("root_path"):
        return False
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return len(lengths) == 1 and lengths[0].isdigit() and int(lengths[0]) <= reading.MAX_BODY


def _secure(environ: dict[str, Any]) -> bool:
    """Tell whether it came by HTTPS, as Django does."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        if name in environ:
            return bool(environ[name].split(",", 1)[0].strip() == value)
    return bool(environ["wsgi.url_scheme"] == "https")


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
    return _raw(response)


def _raw(response: HttpResponse) -> Headers:
    return [(name.lower().encode(), value.encode()) for name, value in response.items()]
