"""Answers as JSON bytes."""

import hashlib

from django.http import HttpRequest, HttpResponse

from handoffs.schemas.base import Out


def json(status: int, text: str) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="application/json")


def out(status: int, shape: Out) -> HttpResponse:
    return json(status, shape.model_dump_json())


def versioned(request: HttpRequest, shape: Out) -> HttpResponse:
    """Answer with an ETag over the very text, or 304 when the asker has it.

    It is over the text, not over the state's version: addresses in it expire by themselves.
    """
    text = shape.model_dump_json()
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'
    known = request.META.get("HTTP_IF_NONE_MATCH", "")
    if etag in known or known.strip() == "*":
        response = HttpResponse(status=304)
    else:
        response = json(200, text)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def replayed(response: HttpResponse, replay: bool) -> HttpResponse:
    if replay:
        response["Idempotent-Replay"] = "true"
    return response
