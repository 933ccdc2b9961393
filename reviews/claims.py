"""Leases on handoffs: take the next, pick, renew, give back, end what ran out.

The database's clock decides what is live, everywhere. Lock order: handoff, then claim; what is
locked by others is skipped, never waited for.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.errors import DomainError
from accounts.models import User
from handoffs import standstill
from handoffs.actors import person_actor
from handoffs.errors import NotFound
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import caps, conflicts, leases, permissions, plants, queueing, reading
from reviews.errors import (
    AlreadyClaimed,
    BeatRefused,
    ClaimLost,
    HandsFull,
    PickNotAllowed,
)
from reviews.models import Claim, Visit
from reviews.queueing import Look

OPEN_CLAIMS = caps.OPEN
_TRIES = 6
# how long a page that was left may be come back to, by reload, back or another page of it
LEFT_SECONDS = 30

_RENEW = f"""
update reviews_claim claim
set expires_at = greatest(claim.kept_until,
    statement_timestamp() + make_interval(secs => queue.lease_seconds))
from handoffs_handoff h join handoffs_queue queue on queue.id = h.queue_id
where claim.handoff_id = %(handoff)s and h.id = claim.handoff_id
    and claim.reviewer_id = %(user)s and claim.ended_at is null and not {queueing.OVER}
returning claim.id
"""

# a trigger writes the times, by the database's clock
_OPEN = f"""
with opened as (
    update reviews_claim claim
    set opened_at = coalesce(claim.opened_at, statement_timestamp()), visit = claim.visit + 1,
        expires_at = greatest(claim.kept_until,
            statement_timestamp() + make_interval(secs => queue.lease_seconds)),
        heard = coalesce((select max(word.number) from handoffs_requesterword word
            where word.run_id = h.run_id), 0)
    from handoffs_handoff h join handoffs_queue queue on queue.id = h.queue_id
    where claim.handoff_id = %(handoff)s and h.id = claim.handoff_id
        and claim.reviewer_id = %(user)s and claim.ended_at is null and not {queueing.OVER}
    returning claim.id, claim.visit
)
insert into reviews_visit (claim_id, number, beats) select id, visit, 0 from opened
returning number
"""

# Only the opening of the page that is looked at can say that it no longer is; another one that
# is not looked at leaves everything as it was.
_BEAT = f"""
with told as (
    update reviews_visit visit set beats = visit.beats + 1
    from reviews_claim claim
    where claim.id = %(claim)s and claim.handoff_id = %(handoff)s
        and claim.reviewer_id = %(user)s and visit.claim_id = claim.id
        and visit.number = %(visit)s and visit.beats = %(beat)s
    returning visit.claim_id
)
update reviews_claim claim
set read_seconds = 0,
    seen_at = case when %(looking)s then statement_timestamp()
        when claim.seen_visit = %(visit)s then null else claim.seen_at end,
    seen_visit = case when %(looking)s then %(visit)s else claim.seen_visit end,
    expires_at = case
        when %(looking)s
            and claim.expires_at < statement_timestamp() + interval '{LEFT_SECONDS} seconds'
        then statement_timestamp() + make_interval(secs => queue.lease_seconds)
        else claim.expires_at end
from told, handoffs_handoff h join handoffs_queue queue on queue.id = h.queue_id
where claim.id = told.claim_id and h.id = claim.handoff_id
    and claim.ended_at is null and not {queueing.OVER}
returning claim.read_seconds
    + overread_read_before(claim.handoff_id, claim.reviewer_id, claim.round, claim.id)
"""

_LEAVE = f"""
update reviews_claim claim
set expires_at = statement_timestamp() + interval '{LEFT_SECONDS} seconds'
where claim.handoff_id = %(handoff)s and claim.reviewer_id = %(user)s and claim.ended_at is null
    and claim.id = %(claim)s and claim.visit = %(visit)s and claim.kept_until is null
    and claim.expires_at > statement_timestamp() + interval '{LEFT_SECONDS} seconds'
    and not exists (select from reviews_draft draft
        where draft.handoff_id = claim.handoff_id and draft.reviewer_id = claim.reviewer_id
            and draft.saved_at > claim.taken_at
            and concat(draft.body ->> 'reason', draft.body ->> 'message') <> '')
"""

_GIVE_BACK = """
with given as (
    update reviews_claim set ended_at = statement_timestamp(), ended_because = 'given_back'
    where handoff_id = %(handoff)s and reviewer_id = %(user)s and ended_at is null
    returning handoff_id
)
insert into handoffs_auditentry (actor_kind, actor, action, subject, body, xact_id)
select %(actor_kind)s, %(actor)s, 'handoff.given_back', handoff_id, '{}', 0 from given
"""

# never less than the lease they were given
_FOR_THEM = """
update reviews_claim claim set assigned = true, expires_at = greatest(claim.expires_at,
    least(h.deadline_at, statement_timestamp() + make_interval(secs => %(seconds)s)))
from handoffs_handoff h where h.id = claim.handoff_id and claim.id = %(claim)s
"""

# just so long: whoever does not open it in time leaves it to a colleague
_ASSIGN = """
update reviews_claim claim set assigned = true, expires_at =
    least(h.deadline_at, statement_timestamp() + make_interval(secs => %(seconds)s))
from handoffs_handoff h where h.id = claim.handoff_id and claim.id = %(claim)s
"""

_END_STALE = f"""
with over as (
    select claim.id, claim.expires_at <= statement_timestamp() as ran_out
    from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id
    where claim.ended_at is null and {queueing.OVER}
    order by claim.expires_at limit 500
    for update of claim skip locked
)
update reviews_claim claim set ended_at = statement_timestamp(),
    ended_because = case when over.ran_out then 'expired' else 'moved' end
from over where claim.id = over.id
"""


def take_next(*, by: User, now: datetime, queue_slug: str | None = None) -> Claim | None:
    """Lease the handoff that is due first of those this person may decide; None when none waits.

    What they hold already is handed back to them first, its lease renewed. Of any number of
    reviewers asking at once each gets another one, or another seat of one that several decide; who
    loses a race tries again, a few times. What they gave back within the hour comes last; what
    they asked for themselves or have decided already, never.
    """
    floors, given_back_too, tries = queueing.floors.params(), False, _TRIES
    while tries:
        look = queueing.attempt(by, queue=queue_slug, given_back_too=given_back_too, start=floors)
        queueing.floors.learn(look, used=floors["floor_queues"])
        if look.queues == 0 and queue_slug is not None:
            raise NotFound
        tries -= 1
        claim = _settle(look, by, now=now)
        if claim is not None:
            return claim
        if look.seen or look.held:
            continue
        if floors["floor_queues"]:
            floors = queueing.NO_FLOORS
        elif not given_back_too:
            given_back_too = True
        else:
            # a list that still showed one would tell
            for test in look.spared:
                plants.withdraw(test, now=now)
            return None
    return None


def pick(handoff_id: str, *, by: User, now: datetime) -> Claim:
    """Lease this handoff, where its queue lets people choose or their own claim on it ran out."""
    handoff = permissions.get(by, handoff_id)
    permissions.check_can_decide(by, handoff)
    if not handoff.queue.pick_allowed and not _had_it(handoff, by):
        raise PickNotAllowed
    return _take(handoff_id, by, now=now)


def take_asked(handoff_id: str, *, by: User, now: datetime) -> Claim:
    """Lease this handoff to somebody who was asked for this very one, say by an e-mail."""
    permissions.check_can_decide(by, permissions.get(by, handoff_id))
    return _take(handoff_id, by, now=now)


def _take(handoff_id: str, by: User, *, now: datetime) -> Claim:
    for _ in range(2):
        look = queueing.attempt(by, handoff=handoff_id)
        claim = _settle(look, by, now=now)
        if claim is not None:
            return claim
        if look.spared:
            plants.withdraw(handoff_id, now=now)
            break
    standstill.check_asked(Handoff.objects.get(id=handoff_id))
    conflict = conflicts.current(handoff_id, reader=by)
    raise AlreadyClaimed(conflict=conflict)


def put_into_hands(handoff_id: str, *, of: User, seconds: int, now: datetime) -> Claim:
    """Lease a handoff that nobody holds to this person, for so long or until it is due."""
    return _give(handoff_id, of, _FOR_THEM, seconds)


def assign(handoff_id: str, *, to: User, seconds: int, now: datetime) -> Claim:
    """Lease a handoff that nobody holds to somebody who has so long to open it.

    Raises MayNotStay for a test that they may not meet.
    """
    return _give(handoff_id, to, _ASSIGN, seconds)


def _give(handoff_id: str, to: User, how: str, seconds: int) -> Claim:
    look = queueing.attempt(to, handoff=handoff_id)
    if look.id is None:
        if look.full:
            raise HandsFull
        raise plants.MayNotStay if look.spared else AlreadyClaimed
    with connection.cursor() as cursor:
        cursor.execute(how, {"claim": look.id, "seconds": seconds})
    return Claim.objects.get(id=look.id)


def _settle(look: Look, by: User, *, now: datetime) -> Claim | None:
    """Return what was taken or is held already; None when the attempt came to nothing."""
    if look.id is not None:
        return look.claim(by)
    if look.held is not None:
        try:
            return renew(look.held, by=by, now=now)
        except ClaimLost:
            return None
    if (look.seen or look.spared) and look.full:
        raise caps.refusal(by)
    return None


def _had_it(handoff: Handoff, by: User) -> bool:
    return Claim.objects.filter(
        handoff=handoff, reviewer=by, round=handoff.round, ended_because=Claim.Ended.EXPIRED
    ).exists()


def renew(handoff_id: str, *, by: User, now: datetime) -> Claim:
    """Let the lease run for its full length again, or raise ClaimLost with what became of it."""
    with connection.cursor() as cursor:
        cursor.execute(_RENEW, {"handoff": handoff_id, "user": by.id})
        row = cursor.fetchone()
    if row is None:
        raise lost(handoff_id, by)
    return Claim.objects.get(id=row[0])


def renew_page(handoff_id: str, *, token: str, by: User, now: datetime) -> tuple[Claim, str]:
    """Renew the lease of an open page and tell it which beat of its own comes next.

    So a page whose last beat came to nobody's ears, or whose answer did, goes on counting.
    """
    claim, place = renew(handoff_id, by=by, now=now), reading.place(token)
    if place is None or place.claim != claim.id:
        return claim, ""
    visit = Visit.objects.get(claim=claim, number=place.visit)
    return claim, reading.token(replace(place, beat=visit.beats))


def mark_opened(handoff_id: str, *, by: User, now: datetime) -> int | None:
    """Note that the page is opened under this person's claim, which runs for its full length again.

    When it was opened first is kept. Returns the number of this opening, None without a claim.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, {"handoff": handoff_id, "user": by.id})
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def beat(
    handoff_id: str, *, token: str, looking: bool, by: User, now: datetime
) -> tuple[float, str]:
    """Count what was looked at since the last beat; return how much is still needed to read.

    With it goes the token of the next beat: each is good once, for who opened the page. A page
    that was left and is looked at again is theirs again. Raises ClaimLost, BeatRefused.
    """
    place = reading.place(token)
    row = _count(handoff_id, place, looking=looking, by=by) if place else None
    if place is None or row is None:
        if _holds(handoff_id, by):
            raise BeatRefused
        raise lost(handoff_id, by)
    onward = replace(place, beat=place.beat + 1)
    return max(0.0, place.needed - float(row[0])), reading.token(onward)


def _count(handoff_id: str, place: reading.Place, *, looking: bool, by: User) -> Any:
    said = {"claim": place.claim, "visit": place.visit, "beat": place.beat, "looking": looking}
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, {"handoff": handoff_id, "user": by.id, **said})
        return cursor.fetchone()


def _holds(handoff_id: str, by: User) -> bool:
    return leases.standing(handoff_id).filter(reviewer=by).exists()


def leave(handoff_id: str, *, token: str, by: User, now: datetime) -> bool:
    """Let the claim end soon, unless its page is opened again; True when it will.

    Only the latest opening of the page can say so: a reload opens the page anew before the old
    one is gone. Whoever has written something under this claim keeps it for its full length.
    """
    place, ending = reading.place(token), False
    if place is not None:
        said = {"claim": place.claim, "visit": place.visit}
        with connection.cursor() as cursor:
            cursor.execute(_LEAVE, {"handoff": handoff_id, "user": by.id, **said})
            ending = bool(cursor.rowcount == 1)
    if not ending:
        _check_known(handoff_id, by)
    return ending


def give_back(handoff_id: str, *, by: User, now: datetime) -> bool:
    """End the claim so that a colleague can have it; the draft stays. False when it had ended.

    To whoever neither held it nor sees it there is no such handoff.
    """
    actor = person_actor(by.id, "")
    params: dict[str, int | str] = {
        "handoff": handoff_id,
        "user": by.id,
        "actor_kind": actor.kind.value,
        "actor": actor.audit_name,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GIVE_BACK, params)
        ended = bool(cursor.rowcount == 1)
    if not ended:
        _check_known(handoff_id, by)
    return ended


def _check_known(handoff_id: str, by: User) -> None:
    """Raise NotFound to whoever neither held this handoff nor may see it."""
    if not Claim.objects.filter(handoff=handoff_id, reviewer=by).exists():
        permissions.get(by, handoff_id)


def end_stale(now: datetime) -> int:
    """End what ran out or whose handoff moved on. Nothing waits for this: it only tidies."""
    with connection.cursor() as cursor:
        cursor.execute(_END_STALE)
        ended = int(cursor.rowcount)
    plants.see_to_let_go(now=now)
    return ended


def gone(handoff_id: str, *, by: User) -> str:
    """Say what became of a handoff that this person had; nothing while it is theirs."""
    if _holds(handoff_id, by):
        return ""
    conflict = conflicts.current(handoff_id, reader=by)
    return "" if conflict is None or conflict.mine else conflict.sentence


def lost(handoff_id: str, by: User) -> DomainError:
    """Build the refusal that tells a person what became of the handoff they held.

    To whoever neither held it nor sees its queue there is no such handoff.
    """
    held = Claim.objects.filter(handoff=handoff_id, reviewer=by).order_by("-id").first()
    if held is None:
        permissions.get(by, handoff_id)
        if Handoff.objects.filter(id=handoff_id, state=HandoffState.WITHDRAWN.value).exists():
            return ClaimLost(conflict=conflicts.current(handoff_id, reader=by))
        return ClaimLost("You do not hold this handoff. Nothing was sent. Take it first.")
    conflict = conflicts.current(handoff_id, reader=by)
    if conflict is not None:
        return ClaimLost(conflict=conflict)
    return ClaimLost(
        f"Your claim ended at {held.ended_at or held.expires_at:%H:%M} UTC. "
        "Nothing was sent; what you wrote is kept. Take it again."
    )
