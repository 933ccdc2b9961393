"""Nobody on the ladder answered, and the row says to hold: it waits on, and its owner knows."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Coalesce, Now

from handoffs import answers, audit, clocks, moves, outbox
from handoffs.actors import Actor
from handoffs.models import Handoff
from handoffs.states import Cause, HandoffState

# after a night without answers the owner gets one mail, not one for each
QUIET_SECONDS = 3_600
_TOLD = "workflow.holds_told"
_RECENTLY = """
select exists (select from handoffs_auditentry where subject = %s and action = %s
    and at > statement_timestamp() - make_interval(secs => %s))
"""


def hold(handoff: Handoff, *, seconds: int, by: Actor, now: datetime) -> datetime:
    """Leave the locked handoff where it is, tell the owner, and say when it is looked at again."""
    moves.move_handoff(handoff.id, HandoffState.WAITING, by=by, cause=Cause.TIMED_OUT)
    clock = clocks.hold(handoff, seconds)
    review_at: datetime = clock["deadline_at"]
    Handoff.objects.filter(id=handoff.id).update(held_since=Coalesce("held_since", Now()), **clock)
    facts = {"next_review_at": review_at.isoformat()}
    audit.record(by=by, action="handoff.held", subject=handoff.id, body=facts)
    tell_owner(handoff, review_at, by=by)
    answers.tell(handoff, "handoff.held", **facts)
    return review_at


def tell_owner(handoff: Handoff, review_at: datetime, *, by: Actor) -> None:
    """Mail the workflow's owner, unless they were told of another one within the hour."""
    workflow = handoff.run.workflow
    subject = f"workflow:{workflow.pk}"
    if workflow.owner is None or _told_recently(subject):
        return
    outbox.mail(workflow.owner.email, "handoff.held", _mail(handoff, review_at))
    audit.record(by=by, action=_TOLD, subject=subject, body={"handoff": handoff.id})


def _told_recently(subject: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_RECENTLY, [subject, _TOLD, QUIET_SECONDS])
        return bool(cursor.fetchone()[0])


def _mail(handoff: Handoff, review_at: datetime) -> dict[str, Any]:
    workflow = handoff.run.workflow
    return {
        "subject": f"{workflow.name}: {handoff.run.external_id} is held, nobody answered",
        "text": f"A handoff to {handoff.role.name} in {handoff.queue.name} was not answered on any "
        "level. The governance matrix says to hold it: it waits there until somebody answers, and "
        f"it is looked at again at {review_at:%Y-%m-%d %H:%M} UTC. Others that come to be held "
        "within the hour are not mailed one by one.\n\n"
        f"{settings.PUBLIC_URL}/handoffs/{handoff.id}\n",
    }
