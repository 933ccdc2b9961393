"""All versions of a workflow's map, what changed between any two, and how the next one begins."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.errors import DomainError
from accounts.http import UserRequest
from governance import maps, starters
from governance.admin import map_door, map_meanwhile, map_pages, map_words
from governance.admin.map_meanwhile import Refused
from governance.differences import Change
from handoffs.admin.base import actor, may_edit
from handoffs.models import RiskTierMap, Workflow
from handoffs.states import Tier

SHOWN = 100
EMPTY = {"default": Tier.HARD_APPROVAL.value}


@dataclass(frozen=True, kw_only=True)
class VersionHead:
    """The head of pages that are over a workflow rather than over one version."""

    workflow: str
    versions_url: str
    name: str
    url: str = ""
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class VersionLine:
    pk: int
    version: int
    standing: str
    tone: str
    author: str
    effective_at: datetime | None
    superseded_at: datetime | None
    rules: int
    url: str


@dataclass(frozen=True, kw_only=True)
class VersionsPage:
    head: VersionHead
    lines: tuple[VersionLine, ...]
    compare_url: str
    start_url: str
    more: int = 0


@require_GET
@never_cache
def versions(request: UserRequest, pk: int) -> HttpResponse:
    """List the versions of a workflow's map, newest first."""
    workflow, now = map_door.find_workflow(request, pk), timezone.now()
    found = workflow.maps.select_related("author").order_by("-version")
    lines = tuple(line(one, now) for one in found[:SHOWN])
    page = VersionsPage(
        head=_head(workflow),
        lines=lines,
        compare_url=map_door.url("changes", workflow.pk),
        start_url=map_door.url("start", workflow.pk) if may_edit(request, workflow) else "",
        more=max(0, found.count() - SHOWN) if len(lines) == SHOWN else 0,
    )
    return map_door.show(request, "versions", page)


def _head(workflow: Workflow) -> VersionHead:
    return VersionHead(
        workflow=workflow.name,
        versions_url=map_door.url("versions", workflow.pk),
        name=f"{workflow.name}: risk tier maps",
    )


def line(map: RiskTierMap, now: datetime) -> VersionLine:
    words, tone = map_words.standing(maps.standing(map, now))
    return VersionLine(
        pk=map.pk,
        version=map.version,
        standing=words,
        tone=tone,
        author=str(map.author) if map.author else "",
        effective_at=map.effective_at,
        superseded_at=map.superseded_at or map.retired_at,
        rules=len(map.body.get("rules") or []) if isinstance(map.body, dict) else 0,
        url=map_door.url("change", map.pk),
    )


@dataclass(frozen=True, kw_only=True)
class ChangesPage:
    head: VersionHead
    old: VersionLine
    new: VersionLine
    choices: tuple[tuple[int, str, bool, bool], ...]
    changes: tuple[Change, ...]
    unreadable: str = ""
    url: str = ""


@require_GET
@never_cache
def changes(request: UserRequest, pk: int) -> HttpResponse:
    """Say in sentences what differs between any two versions."""
    workflow, now = map_door.find_workflow(request, pk), timezone.now()
    found = list(workflow.maps.select_related("author").order_by("-version")[:SHOWN])
    old, new = (
        _chosen(found, request.GET.get("from", ""), -1),
        _chosen(found, request.GET.get("to", ""), 0),
    )
    if old is None or new is None:
        raise Http404
    before, why = map_pages.read(old)
    after, why_not = map_pages.read(new)
    page = ChangesPage(
        head=_head(workflow),
        old=line(old, now),
        new=line(new, now),
        choices=tuple(
            (one.version, f"version {one.version}", one is old, one is new) for one in found
        ),
        changes=tuple(map_pages.changes(before, after)) if before and after else (),
        unreadable=why or why_not,
        url=map_door.url("changes", workflow.pk),
    )
    return map_door.show(request, "changes", page)


def _chosen(found: list[RiskTierMap], version: str, otherwise: int) -> RiskTierMap | None:
    if not version and found:
        return found[otherwise]
    return next((one for one in found if str(one.version) == version), None)


@dataclass(frozen=True, kw_only=True)
class StartPage:
    head: VersionHead
    url: str
    choices: tuple[tuple[str, str, str, bool], ...]
    refused: Refused | None = None


@require_http_methods(["GET", "POST"])
@never_cache
def start(request: UserRequest, pk: int) -> HttpResponse:
    """Begin a draft: from what is in force, an older version, a starter map, or nothing."""
    workflow, now = map_door.find_workflow(request, pk), timezone.now()
    if not may_edit(request, workflow):
        raise PermissionDenied
    refused = None
    if request.method == "POST":
        try:
            made = _started(request, workflow, now)
            messages.success(request, f"Version {made.version} is begun as a draft.")
            return map_door.to_map(made)
        except DomainError as refusal:
            refused = map_meanwhile.plain(refusal.message)
    page = StartPage(
        head=_head(workflow),
        url=map_door.url("start", workflow.pk),
        choices=tuple(_sources(workflow, now)),
        refused=refused,
    )
    return map_door.show(request, "start", page, status=422 if refused else 200)


def _started(request: UserRequest, workflow: Workflow, now: datetime) -> RiskTierMap:
    kind, _, name = request.POST.get("source", "").partition(":")
    base: RiskTierMap | None = None
    body: dict[str, Any] = EMPTY
    cases: list[dict[str, Any]] = []
    if kind == "version":
        base = workflow.maps.filter(version=name).first() if name.isdecimal() else None
        body, cases = (base.body, base.cases) if base else (EMPTY, [])
    elif kind == "starter":
        body, cases = _starter(workflow, name)
    if base is None and kind not in ("starter", "empty"):
        raise Http404
    return maps.draft(
        workflow, body, cases=cases, base=base, by=actor(request), author=request.user, now=now
    )


def _starter(workflow: Workflow, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Take over a starter's rules, and its cases about action types that the workflow has."""
    try:
        found = starters.load(name)
    except KeyError:
        raise Http404 from None
    known = set(workflow.action_types.values_list("name", flat=True))
    return found.body, [case for case in found.cases if case["action_type"] in known]


@cache
def _offered() -> tuple[tuple[str, str, str, bool], ...]:
    return tuple(
        (
            f"starter:{name}",
            f"Starter: {name.replace('-', ' ')}",
            f"{starters.load(name).says} Its limits are examples; set yours.",
            False,
        )
        for name in starters.names()
    )


def _sources(workflow: Workflow, now: datetime) -> list[tuple[str, str, str, bool]]:
    """Offer what a draft can begin from; what is in force is chosen already."""
    found = list(workflow.maps.order_by("-version")[:SHOWN])
    drawn = []
    for one in found:
        words, _ = map_words.standing(maps.standing(one, now))
        drawn.append((f"version:{one.version}", f"Version {one.version}", words, False))
    chosen = next((row for row in drawn if row[2] == "in force"), None)
    drawn = [row for row in drawn if row is not chosen]
    first = [(*chosen[:3], True)] if chosen else []
    empty = ("empty:", "Empty", "everything asks for approval until rules say otherwise", not first)
    return [*first, *_offered(), empty, *drawn]
