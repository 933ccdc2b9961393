"""A person takes back what they have just decided, before the agent is told."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from handoffs import moves, release
from handoffs.actors import person_actor
from handoffs.failpoints import failpoint
from handoffs.models import Handoff
from handoffs.saying import Said
from handoffs.states import Verb
from reviews import challenge, claims, decisions, permissions
from reviews.errors import NothingToTakeBack
from reviews.models import Claim, Decision

# Nobody can have taken it since: until now it did not wait.
_GO_ON = """
update reviews_claim claim set ended_at = null, ended_because = '',
    expires_at = statement_timestamp() + make_interval(secs => queue.lease_seconds)
from handoffs_handoff h join handoffs_queue queue on queue.id = h.queue_id
where claim.id = %(claim)s and h.id = claim.handoff_id
"""
# the draft of a decision is kept no longer than it can be taken back
_FORGET = """
update reviews_decision decision set typed = null
where decision.typed is not null and not exists (
    select from handoffs_heldanswer held
    where held.handoff_id = decision.handoff_id and held.round = decision.round)
"""


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """What was undone; `yours` is False where they may no longer decide it: it waits for others.

    `typed` is the draft they have again.
    """

    yours: bool
    verb: str
    typed: dict[str, Any]


def take_back(handoff_id: str, *, by: User, now: datetime) -> TakenBack:
    """Undo this person's decision: they hold the handoff again, with what they had written.

    A second click finds it done. Raises AlreadyReleased once the agent has been told.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        decision = _latest(handoff, by)
        if decision.undone_at is not None:
            _check_held(handoff, by)
            return TakenBack(yours=True, verb=decision.verb, typed={})
        said = release.take_back(handoff_id, by=person_actor(by.id, handoff.role.name), now=now)
        typed = {**(decision.typed or {}), **_written(said, decision)}
        Decision.objects.filter(id=decision.pk).update(undone_at=Now(), typed=None)
        decisions.save_draft(handoff_id, by=by, body=typed, now=now)
        yours = permissions.can_decide(by, handoff)
        if yours:
            with connection.cursor() as cursor:
                cursor.execute(_GO_ON, {"claim": decision.claim_id})
        failpoint("undo.before_commit")
    failpoint("undo.after_commit")
    return TakenBack(yours=yours, verb=decision.verb, typed=typed)


def forget(*, now: datetime) -> int:
    """Drop the drafts of decisions that are out; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET)
        return int(cursor.rowcount)


def _latest(handoff: Handoff, by: User) -> Decision:
    found = Decision.objects.filter(handoff=handoff, round=handoff.round, reviewer=by)
    decision = found.order_by("-id").first()
    if decision is None:
        permissions.get(by, handoff.id)
        raise NothingToTakeBack
    return decision


def _check_held(handoff: Handoff, by: User) -> None:
    if not Claim.objects.filter(handoff=handoff, reviewer=by, ended_at=None).exists():
        raise claims.lost(handoff.id, by)


def _written(said: Said, decision: Decision) -> dict[str, Any]:
    """Return what they had chosen and written, as a draft keeps it."""
    kept = {key: value for key, value in asdict(said).items() if value and key != "edits"}
    if said.verb is not Verb.APPROVE_WITH_EDITS:
        kept.pop("arguments", None)
    if decision.challenge is not None:
        kept["challenge"] = challenge.again(decision.challenge)
    return {**kept, "verb": said.verb.value}
