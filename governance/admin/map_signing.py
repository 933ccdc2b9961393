"""Sign-off and publishing: what changes, right above the button, and what stands against it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.http import UserRequest
from accounts.models import User
from governance import maps, signoffs
from governance.admin import map_door, map_pages, map_words
from governance.admin.map_pages import Head
from governance.differences import Change
from governance.errors import EditedMeanwhile
from governance.signoffs import ROLE_OF
from handoffs.admin.base import actor, may_edit
from handoffs.models import RiskTierMap


@dataclass(frozen=True, kw_only=True)
class SeatLine:
    """One seat: `mine` when this person may sign it, `withdraw` when the signature is theirs."""

    seat: str
    words: str
    asked: bool
    signed_by: str
    at: datetime | None
    valid: bool
    sentence: str
    holders: str
    mine: bool
    withdraw: bool


@dataclass(frozen=True, kw_only=True)
class SigningPage:
    head: Head
    digest: str
    compared: str
    changes: tuple[Change, ...]
    unreadable: str
    seats: tuple[SeatLine, ...]
    unsigned: str
    against: tuple[str, ...]
    may_publish: bool
    urls: dict[str, str]


@require_GET
@never_cache
def signing(request: UserRequest, pk: int) -> HttpResponse:
    """Show what a signature would be for, who signed, and whether it can be published."""
    map = map_door.find(request, pk)
    return map_door.show(request, "sign", page(request, map, timezone.now()))


def page(request: UserRequest, map: RiskTierMap, now: datetime) -> SigningPage:
    risk_map, unreadable = map_pages.read(map)
    before = map_pages.in_force(map, now)
    old = map_pages.read(before)[0] if before else None
    return SigningPage(
        head=map_pages.head(request, map, now),
        digest="" if unreadable else signoffs.content_digest(map),
        compared=f"version {before.version}, in force" if before else "",
        changes=tuple(map_pages.changes(old, risk_map)) if risk_map else (),
        unreadable=unreadable,
        seats=seats(request.user, map),
        unsigned=unsigned(map),
        against=tuple(maps.problems(map)),
        may_publish=map_door.is_editable(request, map),
        urls={
            name: map_door.url(name, map.pk) for name in ("sign", "withdraw", "publish", "cases")
        },
    )


def seats(user: User, map: RiskTierMap) -> tuple[SeatLine, ...]:
    """Lay out the seats that count; the one who holds a seat that is not signed may sign it."""
    is_draft = map.state == RiskTierMap.State.DRAFT
    held_by = _holders() if is_draft else {}
    drawn = []
    for one in maps.signatures(map):
        if not (one.signed_by or (is_draft and one.asked)):
            continue
        held = ROLE_OF[one.seat] in user.roles and is_draft
        own = one.signed_by is not None and one.signed_by.pk == user.pk
        drawn.append(
            SeatLine(
                seat=str(one.seat),
                words=map_words.SEATS.get(one.seat, str(one.seat)),
                asked=one.asked,
                signed_by=str(one.signed_by) if one.signed_by else "",
                at=one.at,
                valid=one.valid,
                sentence=one.sentence,
                holders=", ".join(held_by.get(ROLE_OF[one.seat], ())),
                mine=held and one.asked and not one.valid,
                withdraw=is_draft and own and one.valid,
            )
        )
    return tuple(drawn)


def unsigned(map: RiskTierMap) -> str:
    """Say why a map may have no signatures at all."""
    if map.state == RiskTierMap.State.DRAFT:
        return "This workflow asks for no signatures."
    if map.published_at and map.published_by_id is None:
        return "Published from a file: it was signed where the file lives."
    return "No signatures were asked for."


def _holders() -> dict[str, list[str]]:
    """Name who is in which signing role, in one look."""
    people = User.objects.filter(is_active=True, roles__overlap=list(ROLE_OF.values()))
    found: dict[str, list[str]] = {role: [] for role in ROLE_OF.values()}
    for person in people.order_by("name")[:50]:
        for role in found.keys() & set(person.roles):
            found[role].append(str(person))
    return found


@require_POST
@map_door.back_on_refusal
def sign(request: UserRequest, pk: int) -> HttpResponse:
    """Sign exactly the content that the form showed."""
    map = map_door.find(request, pk)
    if request.POST.get("digest") != signoffs.content_digest(map):
        raise EditedMeanwhile
    maps.sign(
        map,
        seat=request.POST.get("seat", ""),
        edition=map_door.edition(request),
        user=request.user,
        by=actor(request),
        now=timezone.now(),
        note=request.POST.get("note", "").strip(),
    )
    messages.success(request, "Signed.")
    return redirect(map_door.url("signing", pk))


@require_POST
@map_door.back_on_refusal
def withdraw(request: UserRequest, pk: int) -> HttpResponse:
    map = map_door.find(request, pk)
    maps.withdraw_signature(
        map,
        seat=request.POST.get("seat", ""),
        user=request.user,
        by=actor(request),
        now=timezone.now(),
    )
    messages.success(request, "Your signature is taken back.")
    return redirect(map_door.url("signing", pk))


@require_POST
@map_door.back_on_refusal
def publish(request: UserRequest, pk: int) -> HttpResponse:
    """Put a draft in force now, or at the time that was typed (UTC)."""
    map = map_door.find_draft(request, pk)
    now, typed = timezone.now(), request.POST.get("effective_at", "").strip()
    effective_at = _moment(typed)
    if typed and effective_at is None:
        messages.error(request, "This is not a time. Write it as 2030-01-31 12:00.")
        return redirect(map_door.url("signing", pk))
    maps.publish(
        map, by=actor(request), now=now, published_by=request.user, effective_at=effective_at
    )
    said = f"{effective_at:%-d %B %Y, %H:%M} UTC" if effective_at else "now on"
    messages.success(request, f"Published: it rules from {said}.")
    return map_door.to_map(map)


def _moment(typed: str) -> datetime | None:
    try:
        read = parse_datetime(typed) if typed else None
    except ValueError:
        return None
    if read is None:
        return None
    return read if timezone.is_aware(read) else timezone.make_aware(read)


@require_POST
@map_door.back_on_refusal
def review(request: UserRequest, pk: int) -> HttpResponse:
    """Set the day on which the owner looks again; an empty one takes it away."""
    map = map_door.find(request, pk)
    if not may_edit(request, map.workflow):
        raise PermissionDenied
    typed = request.POST.get("review_on", "").strip()
    day = _day(typed)
    if typed and day is None:
        messages.error(request, "This is not a day. Write it as 2030-01-31.")
    else:
        maps.review(map, review_on=day, by=actor(request), now=timezone.now())
        messages.success(request, "The review date is set." if day else "It has no review date.")
    return map_door.to_map(map)


def _day(typed: str) -> date | None:
    try:
        return parse_date(typed)
    except ValueError:
        return None


@require_POST
@map_door.back_on_refusal
def retire(request: UserRequest, pk: int) -> HttpResponse:
    map = map_door.find(request, pk)
    if not may_edit(request, map.workflow):
        raise PermissionDenied
    why = request.POST.get("why", "").strip()
    maps.retire(map, by=actor(request), now=timezone.now(), why=why)
    messages.success(request, f"Version {map.version} is retired.")
    return map_door.to_map(map)
