"""Pages about the API: what it takes and answers, and what each refusal means."""

import json
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.errors import DomainError, NotSignedIn
from config.api import api
from handoffs import receipts
from handoffs.api import access, problems

_ERRORS_HEAD = """\
# What the API refuses, and what to do

Every refusal is an RFC 9457 problem: `application/problem+json` with `type`, `title`, `status`,
`detail` (what happened, what it means, what to do), `code` (stable, for machines), `fields` (each
with its `path` as you wrote it and a `message`) and `request_id` (also the `X-Request-Id` header).
`type` is an address that explains the code. 429, 503 and `in_progress` say in `Retry-After` how
many seconds to wait. Nothing of a refused request is stored, and its Idempotency-Key stays unused.

| Status | Code | What it means |
|---|---|---|"""
_ACTS = ("get", "post", "put")


@require_safe
@login_not_required
def openapi_json(request: HttpRequest) -> HttpResponse:
    """Serve the document to people who are signed in and to whoever has a key."""
    if not _may_read(request):
        return problems.response(request, NotSignedIn())
    return HttpResponse(document_text(), content_type="application/json")


def _may_read(request: HttpRequest) -> bool:
    return request.user.is_authenticated or access.has_key(request)


@cache
def document_text() -> str:
    """Write the document once: it changes with the code only."""
    return json.dumps(api.get_openapi_schema(), indent=2, ensure_ascii=False) + "\n"


@require_safe
@login_not_required
def docs(request: HttpRequest) -> HttpResponse:
    """Show the document as a page of ours: it works under the strict policy, without scripts."""
    if not _may_read(request):
        return redirect_to_login(request.get_full_path())
    return render(request, "api/docs.html", {"chapters": chapters(), "shapes": shapes()})


@require_safe
@login_not_required
def errors(request: HttpRequest) -> HttpResponse:
    return render(request, "api/errors.html", {"refusals": catalogue()})


@require_safe
@login_not_required
def error(request: HttpRequest, slug: str) -> HttpResponse:
    """Explain one code: where the `type` of a problem leads."""
    for refusal in catalogue():
        if refusal.slug == slug:
            return render(request, "api/error.html", {"refusal": refusal})
    raise Http404


@require_safe
@login_not_required
def jwks(request: HttpRequest) -> HttpResponse:
    """Publish the keys that receipts are signed with."""
    key = receipts.key_from_json(settings.RECEIPT_KEY)
    response = JsonResponse(receipts.public_jwks([key]))
    response["Cache-Control"] = "public, max-age=300"
    return response


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One code, as its page tells of it."""

    code: str
    slug: str
    status: int
    title: str
    says: str


@cache
def catalogue() -> tuple[Refusal, ...]:
    """Every refusal that the document names, by status and code."""
    named = set(_codes(json.loads(document_text())))
    found = {
        kind.code: Refusal(
            code=kind.code,
            slug=problems.slug(kind.code),
            status=kind.status,
            title=kind.title,
            says=" ".join((kind.__doc__ or "").split()),
        )
        for kind in _kinds(DomainError)
        if kind.code in named
    }
    return tuple(sorted(found.values(), key=lambda one: (one.status, one.code)))


def errors_page() -> str:
    """Write the catalogue as the page that docs/api holds."""
    rows = [f"| {one.status} | `{one.code}` | {one.says} |" for one in catalogue()]
    return "\n".join([_ERRORS_HEAD, *rows, ""])


def _kinds(kind: type[DomainError]) -> list[type[DomainError]]:
    below = kind.__subclasses__()
    return below + [deeper for one in below for deeper in _kinds(one)]


def _codes(document: dict[str, Any]) -> list[str]:
    # these can come from anywhere, so no operation lists them
    codes = ["method_not_allowed", "internal_error"]
    for operation in _operations(document):
        for answered in operation["responses"].values():
            codes += answered.get("x-codes", [])
    return codes


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"method": method.upper(), "path": path, **operations[method]}
        for path, operations in document["paths"].items()
        for method in _ACTS
        if method in operations
    ]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation, as the page shows it."""

    id: str
    method: str
    path: str
    says: str
    body: str
    answers: list["Answer"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: str
    shape: str
    says: str


@dataclass(frozen=True, kw_only=True)
class Shape:
    name: str
    says: str
    fields: list["Field"]


@dataclass(frozen=True, kw_only=True)
class Field:
    name: str
    type: str
    required: bool
    says: str


def chapters() -> list[tuple[str, list[Operation]]]:
    operations = _operations(json.loads(document_text()))
    tagged = sorted(operations, key=lambda one: one["tags"][0])
    return [
        (tag, [_operation(one) for one in group])
        for tag, group in groupby(tagged, key=lambda one: str(one["tags"][0]))
    ]


def _operation(data: dict[str, Any]) -> Operation:
    return Operation(
        id=data["operationId"],
        method=data["method"],
        path=data["path"],
        says=data.get("description") or data["summary"],
        body=_shape_of(data.get("requestBody", {})),
        answers=[
            Answer(status=status, shape=_shape_of(told), says=told["description"])
            for status, told in data["responses"].items()
        ],
    )


def _shape_of(part: dict[str, Any]) -> str:
    for content in part.get("content", {}).values():
        return _type(content["schema"])
    return ""


def shapes() -> list[Shape]:
    schemas = json.loads(document_text())["components"]["schemas"]
    return [
        Shape(name=name, says=schema.get("description", ""), fields=_fields(schema))
        for name, schema in schemas.items()
    ]


def _fields(schema: dict[str, Any]) -> list[Field]:
    required = schema.get("required", [])
    return [
        Field(
            name=name,
            type=_type(field),
            required=name in required,
            says=field.get("description", ""),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def _type(schema: dict[str, Any]) -> str:
    """Say in a few words what belongs there."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(str(one) for one in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}{_limit(schema, 'maxItems')}"
    return f"{schema.get('format') or schema.get('type', 'any JSON')}{_limit(schema, 'maxLength')}"


def _limit(schema: dict[str, Any], name: str) -> str:
    return f", at most {schema[name]}" if name in schema else ""
