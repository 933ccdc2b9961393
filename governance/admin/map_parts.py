"""The parts of a map besides its rules: default and floors, word lists, the whole as JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from accounts.roles import Can
from governance.admin import (
    map_changes,
    map_door,
    map_meanwhile,
    map_pages,
    map_words,
    map_would,
)
from governance.admin.map_meanwhile import Refused
from governance.admin.map_pages import Head
from handoffs import policy, strict_json
from handoffs.models import RiskTierMap
from handoffs.policy import PolicyError
from handoffs.states import Impact, Reversibility
from handoffs.strict_json import JsonRefused

NEW = ""
KINDS = {
    "keywords": "keywords: looked for inside texts, word by word",
    "watchlist": "a watchlist: a value is one of them, whatever its case",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
Choice = tuple[str, str, bool]


@dataclass(frozen=True, kw_only=True)
class PartPage:
    """A part as a form; which fields it has is up to its template."""

    head: Head
    url: str
    edition: int
    refused: Refused | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    would: map_would.Would = field(default_factory=map_would.Would)


@require_http_methods(["GET", "POST"])
@never_cache
def frame(request: UserRequest, pk: int) -> HttpResponse:
    """Edit the default tier, the 2×2 of floors and the time zone."""
    map = map_door.find_draft(request, pk)
    body = map.body if request.method == "GET" else _framed(map.body, request.POST)
    refused = _saved(request, map, body, "Default and floors are saved in the draft.")
    if refused is SAVED:
        return map_door.to_map(map, "frame")
    page = _page(request, map, "frame", refused, body=body, fields=_frame_fields(body))
    return map_door.show(request, "frame", page, status=_status(refused))


def _framed(body: Mapping[str, Any], posted: Mapping[str, str]) -> dict[str, Any]:
    zone = posted.get("time_zone", "").strip() or "UTC"
    return {
        **body,
        **({"time_zone": zone} if zone != body.get("time_zone", "UTC") else {}),
        "default": posted.get("default", ""),
        "floors": {
            impact.value: {kind.value: posted.get(f"{impact}_{kind}", "") for kind in Reversibility}
            for impact in Impact
        },
    }


def _frame_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    given = body.get("floors") or {}
    usual = policy.Floors()

    def floor(impact: str, kind: str) -> str:
        return str((given.get(impact) or {}).get(kind) or getattr(usual, f"{impact}_{kind}"))

    return {
        "default": _tiers(str(body.get("default"))),
        "time_zone": body.get("time_zone", "UTC"),
        "floors": [
            (
                impact.value,
                [
                    (f"{impact}_{kind}", kind.value, _tiers(floor(impact, kind)))
                    for kind in Reversibility
                ],
            )
            for impact in Impact
        ],
    }


def _tiers(chosen: str) -> tuple[Choice, ...]:
    return tuple((tier, said, tier == chosen) for tier, said in map_words.TIERS.items())


@require_http_methods(["GET", "POST"])
@never_cache
def word_list(request: UserRequest, pk: int, name: str = NEW) -> HttpResponse:
    """Edit a word list, one entry a line."""
    map = map_door.find_draft(request, pk)
    kept = (map.body.get("lists") or {}).get(name)
    if request.method == "GET":
        if name and kept is None:
            raise Http404
        return _show_list(request, map, name, name, kept or {"kind": "keywords"}, None)
    called = request.POST.get("name", "").strip() or name
    made = {
        "kind": request.POST.get("kind", "keywords"),
        "entries": _lines(request.POST.get("entries", "")),
    }
    error = _name_error(called, name, map)
    if error:
        refused: Refused | None = map_meanwhile.plain(error)
    else:
        body = map_changes.with_list(map.body, called, made, was=name or None)
        refused = _saved(request, map, body, f"The list {called} is saved in the draft.")
    if refused is SAVED:
        return map_door.to_map(map, "lists")
    return _show_list(request, map, name, called, made, refused)


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _name_error(called: str, was: str, map: RiskTierMap) -> str:
    if not _NAME.fullmatch(called):
        return "A list is named in small letters, digits and hyphens, such as legal-words."
    if called != was and called in (map.body.get("lists") or {}):
        return f"There is a list {called} already. Give this one another name."
    return ""


def _show_list(
    request: UserRequest,
    map: RiskTierMap,
    name: str,
    called: str,
    listed: Mapping[str, Any],
    refused: Refused | None,
) -> HttpResponse:
    fields = {
        "was": name,
        "name": called,
        "kinds": tuple((key, said, key == listed.get("kind")) for key, said in KINDS.items()),
        "entries": "\n".join(map_changes.entries(listed)),
        "count": len(map_changes.entries(listed)),
        "used_by": map_changes.using_list(map.body, name),
        "remove_url": map_door.url("list_remove", map.pk, name) if name else "",
    }
    page = _page(request, map, "list", refused, body=map.body, fields=fields, name=name)
    return map_door.show(request, "list", page, status=_status(refused))


@require_POST
def remove_list(request: UserRequest, pk: int, name: str) -> HttpResponse:
    map = map_door.find_draft(request, pk)
    used = map_changes.using_list(map.body, name)
    if used:
        messages.error(request, f"The list {name} is used by {', '.join(used)}. Change that first.")
        return map_door.to_map(map, "lists")
    try:
        map_door.save(request, map, body=map_changes.without_list(map.body, name))
        messages.success(request, f"The list {name} is gone from the draft.")
    except DomainError as refusal:
        map_door.said(request, refusal)
    return map_door.to_map(map, "lists")


@require_http_methods(["GET", "POST"])
@never_cache
def as_json(request: UserRequest, pk: int) -> HttpResponse:
    """Show a map as JSON to everyone who may see it; whoever may edit a draft edits it here too."""
    map = map_door.find(request, pk)
    if request.method == "GET":
        return _show_json(request, map, _pretty(map.body), None)
    map = map_door.find_draft(request, pk)
    typed = request.POST.get("body", "")
    try:
        body = strict_json.parse(typed.encode())
        if not isinstance(body, dict):
            raise JsonRefused("A map is an object in JSON.")
        policy.parse_map(body)
    except JsonRefused as refusal:
        return _show_json(request, map, typed, map_meanwhile.plain(str(refusal)))
    except PolicyError as error:
        said = map_pages.in_words(error, body if isinstance(body, dict) else {})
        return _show_json(request, map, typed, map_meanwhile.plain(said))
    refused = _saved(request, map, body, "The map is saved in the draft.")
    return map_door.to_map(map) if refused is SAVED else _show_json(request, map, typed, refused)


def _pretty(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _show_json(
    request: UserRequest, map: RiskTierMap, text: str, refused: Refused | None
) -> HttpResponse:
    page = _page(request, map, "json", refused, body=map.body, fields={"body": text})
    return map_door.show(request, "json", page, status=_status(refused))


SAVED = Refused(sentences=())


def _saved(
    request: UserRequest, map: RiskTierMap, body: dict[str, Any], done: str
) -> Refused | None:
    """Save what was posted; None means that there is nothing to save yet."""
    if request.method == "GET" or request.POST.get("do") == "look":
        return None
    try:
        policy.parse_map(body)
        map_door.save(request, map, body=body)
    except PolicyError as error:
        return map_meanwhile.plain(map_pages.in_words(error, body))
    except DomainError as refusal:
        return map_meanwhile.refused(refusal, map, map_door.edition(request))
    messages.success(request, done)
    return SAVED


def _status(refused: Refused | None) -> int:
    if refused is None:
        return 200
    return 409 if refused.again else 422


def _page(
    request: UserRequest,
    map: RiskTierMap,
    part: str,
    refused: Refused | None,
    *,
    body: dict[str, Any],
    fields: Mapping[str, Any],
    name: str = NEW,
) -> PartPage:
    shown = request.method == "GET" or refused is not None
    return PartPage(
        head=map_pages.head(request, map, timezone.now()),
        url=_url(map, part, name),
        edition=map.edition if shown else map_door.edition(request),
        refused=refused,
        fields=fields,
        would=map_would.would(map, body, may_look=request.user.can(Can.READ_AUDIT)),
    )


def _url(map: RiskTierMap, part: str, name: str) -> str:
    if part != "list":
        return map_door.url(part, map.pk)
    return map_door.url("list", map.pk, name) if name else map_door.url("list_add", map.pk)
