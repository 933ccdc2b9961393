"""The way in for agents: past everything that only browsers need."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve

from handoffs import ids
from handoffs.api import problems, reading

PREFIX = "/api/"
# pages for people who are signed in, or for a key: sessions are needed there
_PAGES = frozenset({"/api/v1/docs", "/api/v1/openapi.json"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class AgentDoor:
    """Answer the API without sessions, cookies, languages and messages.

    It stands before the middleware that serves browsers and calls the view itself: none of that
    means anything to an agent, and together it costs more than the rest of the framework. Every
    answer leaves with a request id, and every refusal, also the framework's own, as a problem.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        request.request_id = request_id(request.META)  # type: ignore[attr-defined]
        _take_chunks(request)
        response = self._answer(request)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        mark(response)
        _measure(response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            page = request.path_info in _PAGES
            answered = self.get_response(request) if page else _call(request)
        except Exception as error:
            return problems.response(request, error)
        assert isinstance(answered, HttpResponse)
        if request.method == "OPTIONS" and answered.status_code == 405:
            return _options(answered)
        return problems.replace(request, answered)


def _call(request: HttpRequest) -> HttpResponseBase:
    found = resolve(request.path_info, settings.ROOT_URLCONF)
    request.resolver_match = found
    if request.method != "HEAD":
        answered: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return answered
    request.method = "GET"
    answered = found.func(request, *found.args, **found.kwargs)
    assert isinstance(answered, HttpResponse)
    request.method = "HEAD"
    _measure(answered)
    answered.content = b""
    return answered


def _take_chunks(request: HttpRequest) -> None:
    """Read a body that came without its length: Django takes it for an empty one."""
    if request.META.get("CONTENT_LENGTH") or "HTTP_TRANSFER_ENCODING" not in request.META:
        return
    body = request.META["wsgi.input"].read(reading.MAX_CHECKPOINT + 1)
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._body = body


def _measure(response: HttpResponse) -> None:
    """Say how long the answer is, so that the connection can carry the next one."""
    if response.content:
        response.setdefault("Content-Length", str(len(response.content)))
    elif not response.has_header("Content-Length"):
        del response["Content-Type"]


def _options(refused: HttpResponse) -> HttpResponse:
    response = HttpResponse(status=204)
    allowed = [method.strip() for method in refused.get("Allow", "").split(",") if method.strip()]
    if "GET" in allowed:
        allowed.append("HEAD")
    response["Allow"] = ", ".join(sorted({*allowed, "OPTIONS"}))
    return response


def mark(response: HttpResponse) -> None:
    """Set what every answer carries: it is nobody's but the asker's, and it is what it says."""
    response.setdefault("Cache-Control", "no-store")
    response.setdefault("X-Content-Type-Options", "nosniff")


def request_id(headers: Mapping[str, Any]) -> str:
    """Take the caller's own id where it cannot do harm in a log or header, else make one."""
    given = headers.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else ids.new("req")
