"""Sign a draft for product, compliance or engineering: over exactly what it says, by its digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.roles import Can, Role
from governance.errors import AlreadySigned, EditedMeanwhile, NotSigned, NotYourSeat, SeatNotAsked
from governance.models import MapSignOff
from handoffs import audit, canonical, policy
from handoffs.actors import Actor
from handoffs.errors import NotADraft
from handoffs.models import RiskTierMap
from handoffs.states import SignOff

ROLE_OF: Mapping[SignOff, Role] = {
    SignOff.PRODUCT: Role.PRODUCT_SIGNER,
    SignOff.COMPLIANCE: Role.COMPLIANCE_SIGNER,
    SignOff.ENGINEERING: Role.ENGINEERING_SIGNER,
}


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One of the three signatures: whether it is asked for, and how it stands."""

    seat: SignOff
    asked: bool
    signed_by: User | None
    at: datetime | None
    valid: bool
    sentence: str


def content_digest(map: RiskTierMap) -> str:
    """Identify what is signed: all that the map says, and the cases that test it."""
    body = policy.map_to_json(policy.parse_map(map.body))
    return canonical.digest({"body": body, "cases": map.cases})


@transaction.atomic
def sign(
    map: RiskTierMap,
    *,
    seat: str,
    edition: int,
    user: User,
    by: Actor,
    now: datetime,
    note: str = "",
) -> MapSignOff:
    """Sign the edition that was read, for one seat; refused when it was edited meanwhile."""
    chosen = SignOff(seat)
    if not user.can(Can.SIGN_MAP) or ROLE_OF[chosen] not in user.roles:
        raise NotYourSeat
    # an edit either came before, and is seen here, or waits and voids the signature
    current = _locked(map)
    if current.edition != edition:
        raise EditedMeanwhile
    if chosen not in current.workflow.sign_offs:
        raise SeatNotAsked
    digest = content_digest(current)
    try:
        with transaction.atomic():
            signed = MapSignOff.objects.create(
                map=current, seat=chosen, digest=digest, user=user, signed_at=now, note=note.strip()
            )
    except IntegrityError as error:
        raise AlreadySigned from error
    _note("map.signed", current, by, seat=chosen.value, digest=digest, note=note.strip())
    return signed


@transaction.atomic
def withdraw_signature(
    map: RiskTierMap, *, seat: str, user: User, by: Actor, now: datetime
) -> None:
    """Take back one's own signature over the draft as it is; it stays in the history."""
    current = _locked(map)
    given = MapSignOff.objects.filter(
        map=current, seat=seat, user=user, digest=content_digest(current), withdrawn_at=None
    )
    if given.update(withdrawn_at=now) != 1:
        raise NotSigned
    _note("map.signature_withdrawn", current, by, seat=seat)


def signatures(map: RiskTierMap) -> list[Seat]:
    """Return the three seats, each with the signature that counts, or else the last one given."""
    try:
        digest = content_digest(map)
    except policy.PolicyError:
        digest = ""
    given: dict[str, MapSignOff] = {}
    stored = MapSignOff.objects.filter(map=map, withdrawn_at=None).select_related("user")
    for one in sorted(stored, key=lambda one: (one.digest == digest, one.signed_at)):
        given[one.seat] = one
    asked = map.workflow.sign_offs
    return [_seat(seat, seat in asked, given.get(seat), digest) for seat in SignOff]


def missing(map: RiskTierMap) -> list[str]:
    """Say in sentences which signatures keep `map` from being published."""
    seats = [seat for seat in signatures(map) if seat.asked]
    found = [seat.sentence for seat in seats if not seat.valid]
    if seats and not found and all(seat.signed_by == map.author for seat in seats):
        found.append(
            "Only its author has signed. A second person must sign: the author withdraws, and "
            f"somebody else signs for {seats[0].seat}."
        )
    return found


def frozen(map: RiskTierMap) -> list[dict[str, Any]]:
    """Return seats and times, without names, as they go into the published version."""
    return [
        {"seat": seat.seat.value, "signed_at": seat.at.isoformat()}
        for seat in signatures(map)
        if seat.valid and seat.at is not None
    ]


def _seat(seat: SignOff, asked: bool, given: MapSignOff | None, digest: str) -> Seat:
    valid = given is not None and given.digest == digest
    if given is None:
        said = f"{seat.capitalize()} has not signed yet." if asked else "Not asked for."
    else:
        said = f"{given.user} signed for {seat} on {given.signed_at:%Y-%m-%d %H:%M} UTC"
        said += "." if valid else ", and it was edited since: it needs signing again."
    return Seat(
        seat=seat,
        asked=asked,
        signed_by=given.user if given else None,
        at=given.signed_at if given else None,
        valid=valid,
        sentence=said,
    )


def _locked(map: RiskTierMap) -> RiskTierMap:
    """Return the draft as it is, kept so until the transaction ends."""
    current = (
        RiskTierMap.objects.select_for_update(of=("self",), no_key=True)
        .select_related("workflow")
        .get(pk=map.pk)
    )
    if current.state != RiskTierMap.State.DRAFT:
        raise NotADraft
    return current


def _note(action: str, map: RiskTierMap, by: Actor, **facts: Any) -> None:
    body = {"version": map.version, **facts}
    audit.record(by=by, action=action, subject=map.workflow.slug, body=body)
