"""The page of one version: what it says, who asked for it, what it waits for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format

from accounts.http import UserRequest
from accounts.roles import Can
from governance import cases, maps
from governance.admin import map_door, map_pages, map_signing, map_words, map_would
from governance.admin.map_pages import Floor, Head, RuleLine, WordList
from governance.admin.map_signing import SeatLine
from handoffs.admin.base import may_edit
from handoffs.models import RiskTierMap
from handoffs.policy import PolicyError, RiskMap
from handoffs.signals import ActionType


@dataclass(frozen=True, kw_only=True)
class MapPage:
    head: Head
    facts: tuple[tuple[str, str], ...]
    waits_for: str
    unreadable: str
    default: str = ""
    default_name: str = ""
    default_hint: str = ""
    floors: tuple[tuple[str, tuple[Floor, ...]], ...] = ()
    time_zone: str = ""
    rules: tuple[RuleLine, ...] = ()
    lists: tuple[WordList, ...] = ()
    said: tuple[str, ...] = ()
    seats: tuple[SeatLine, ...] = ()
    unsigned: str = ""
    cases: str = ""
    cases_tone: str = "plain"
    is_signed: bool = False
    may_retire: bool = False
    may_start: bool = False
    may_review: bool = False
    review_on: str = ""
    would: map_would.Would = field(default_factory=map_would.Would)
    urls: dict[str, str] = field(default_factory=dict)


def show(request: UserRequest, pk: int) -> HttpResponse:
    map = map_door.find(request, pk)
    return map_door.show(request, "map", page(request, map, timezone.now()))


def page(request: UserRequest, map: RiskTierMap, now: datetime) -> MapPage:
    """Lay out a version; a body that policy cannot read is shown as JSON only."""
    head = map_pages.head(request, map, now)
    risk_map, unreadable = map_pages.read(map)
    is_draft = map.state == RiskTierMap.State.DRAFT
    seats = map_signing.seats(request.user, map)
    common = {
        "head": head,
        "facts": _facts(map, now),
        "seats": seats,
        "unsigned": map_signing.unsigned(map),
        "is_signed": any(one.valid for one in seats),
        "waits_for": _waits_for(seats) if is_draft else "",
        "unreadable": unreadable,
        "may_retire": head.standing not in ("in force", "retired")
        and may_edit(request, map.workflow),
        "may_review": head.standing != "retired" and may_edit(request, map.workflow),
        "review_on": map.review_on.isoformat() if map.review_on else "",
        "may_start": not is_draft and may_edit(request, map.workflow),
        "urls": _urls(map),
    }
    if risk_map is None:
        return MapPage(**common)  # type: ignore[arg-type]
    types = maps.action_types(map.workflow)
    problems = maps.content_problems(map) if is_draft else []
    if not map.cases:
        # said once, at the cases, rather than at every rule
        problems = [one for one in problems if not one.startswith("No case makes rule ")]
    at, whole = map_pages.findings(risk_map, types if is_draft else (), problems)
    line, tone = cases_line(map, risk_map, types)
    floors = map_pages.floors(risk_map)
    return MapPage(
        **common,  # type: ignore[arg-type]
        default=map_words.TIERS[risk_map.default],
        default_name=risk_map.default.value,
        default_hint=map_words.TIER_HINTS[risk_map.default],
        floors=((floors[0].impact, floors[:2]), (floors[2].impact, floors[2:])),
        time_zone=str(map.body.get("time_zone", "UTC")),
        rules=map_pages.rule_lines(map, risk_map, at),
        lists=map_pages.word_lists(map),
        said=tuple(whole),
        cases=line,
        cases_tone=tone,
        would=map_would.would(map, map.body, may_look=request.user.can(Can.READ_AUDIT))
        if is_draft
        else map_would.Would(),
    )


def _facts(map: RiskTierMap, now: datetime) -> tuple[tuple[str, str], ...]:
    """Say who drafted it, from what, and when it rules."""
    said = [
        ("Drafted by", str(map.author) if map.author else "a file"),
        ("Begun from", f"version {map.base.version}" if map.base else ""),
        ("Published by", str(map.published_by) if map.published_by else ""),
        ("In force from", _time(map.effective_at)),
        ("Until", _time(map.superseded_at or map.retired_at)),
        ("Review", date_format(map.review_on, "j F Y") if map.review_on else ""),
    ]
    return tuple((name, value) for name, value in said if value)


def _time(at: datetime | None) -> str:
    return f"{date_format(at, 'j F Y, H:i')} UTC" if at else ""


def _waits_for(seats: Sequence[SeatLine]) -> str:
    waiting = [one.words for one in seats if one.asked and not one.valid]
    if waiting:
        return f"Waits for: {', '.join(waiting)}"
    return "Every signature that is asked for is there." if any(s.asked for s in seats) else ""


def cases_line(map: RiskTierMap, risk_map: RiskMap, types: Sequence[ActionType]) -> tuple[str, str]:
    """Count the cases, and those that fail."""
    try:
        read = [cases.parse(one) for one in map.cases]
    except PolicyError as error:
        return f"The cases cannot be read: {error}", "red"
    failing = sum(not cases.check(risk_map, types, one).passed for one in read)
    if not read:
        return "No cases yet", "amber"
    if failing:
        return f"{failing} of {len(read)} cases fail", "red"
    return f"All {len(read)} cases pass" if len(read) > 1 else "The one case passes", "green"


def _urls(map: RiskTierMap) -> dict[str, str]:
    names = (
        "frame",
        "json",
        "cases",
        "signing",
        "order",
        "rule_add",
        "list_add",
        "retire",
        "review",
    )
    return {name: map_door.url(name, map.pk) for name in names} | {
        "start": map_door.url("start", map.workflow_id),
    }
