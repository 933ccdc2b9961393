"""A person takes back what they have just decided, before the agent is told."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from accounts.models import User
from handoffs import moves, release
from handoffs.actors import person_actor
from handoffs.answers import Said
from handoffs.failpoints import failpoint
from handoffs.models import Handoff
from handoffs.states import Verb
from reviews import claims, decisions, permissions
from reviews.errors import NothingToTakeBack
from reviews.models import Claim, Decision

# Nobody can have taken it since: until now it did not wait.
_GO_ON = """
update reviews_claim claim set ended_at = null, ended_because = '',
    expires_at = statement_timestamp() + make_interval(secs => queue.lease_seconds)
from handoffs_handoff h join handoffs_queue queue on queue.id = h.queue_id
where claim.id = %(claim)s and h.id = claim.handoff_id
"""


def take_back(handoff_id: str, *, by: User, now: datetime) -> bool:
    """Undo this person's decision: they hold the handoff again, with what they had written.

    True when it is theirs again; False when they may no longer decide it and it waits for others.
    A second click finds it done. Raises AlreadyReleased once the agent has been told.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        decision = _latest(handoff, by)
        if decision.undone_at is not None:
            return _holds(handoff, by)
        said = release.take_back(handoff_id, by=person_actor(by.id, handoff.role.name), now=now)
        Decision.objects.filter(id=decision.pk).update(undone_at=Now())
        decisions.save_draft(handoff_id, by=by, body=_written(said), now=now)
        may_go_on = permissions.can_decide(by, handoff)
        if may_go_on:
            with connection.cursor() as cursor:
                cursor.execute(_GO_ON, {"claim": decision.claim_id})
        failpoint("undo.before_commit")
    failpoint("undo.after_commit")
    return may_go_on


def _latest(handoff: Handoff, by: User) -> Decision:
    found = Decision.objects.filter(handoff=handoff, round=handoff.round, reviewer=by)
    decision = found.order_by("-id").first()
    if decision is None:
        permissions.get(by, handoff.id)
        raise NothingToTakeBack
    return decision


def _holds(handoff: Handoff, by: User) -> bool:
    if not Claim.objects.filter(handoff=handoff, reviewer=by, ended_at=None).exists():
        raise claims.lost(handoff.id, by)
    return True


def _written(said: Said) -> dict[str, Any]:
    """Return what they had chosen and written, as a draft keeps it."""
    kept = {key: value for key, value in asdict(said).items() if value and key != "edits"}
    if said.verb is not Verb.APPROVE_WITH_EDITS:
        kept.pop("arguments", None)
    return {**kept, "verb": said.verb.value}
