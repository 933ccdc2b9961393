"""Where a question goes before it is answered, and what people add to it on the way."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from handoffs import answers, audit, briefs, clocks, moves, outbox, queries, requesters
from handoffs.actors import Actor
from handoffs.errors import NotSentThere, QueueFull
from handoffs.levels import Place
from handoffs.models import Brief, Handoff
from handoffs.states import Cause, HandoffState


def send_on(
    handoff_id: str, *, round: int, queue: str, role: str, reason: str, by: Actor, now: datetime
) -> Handoff:
    """Put the question before another team, where the matrix allows it.

    Level and safeguards stay, and whoever it is sent to has what is left of the time: where it
    counts in opening hours, in those of the other queue.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        answers.check_asked(handoff, round)
        place = _place(handoff, queue, role)
        moves.move_handoff(
            handoff_id, HandoffState.WAITING, by=by, cause=Cause.SENT_ON, round=round
        )
        Handoff.objects.filter(id=handoff_id).update(
            queue=place.queue_id,
            overflow_from=None,
            role=place.role_id,
            held_since=None,
            owner_since=Now(),
            # somebody had it in hand: it waits for no company any more
            **{**clocks.carry(handoff, place.queue_id), "gather_until": None},
        )
        _take_place(handoff, place)
        facts = {"reason": reason, "role": place.role, "queue": place.queue}
        audit.record(by=by, action="handoff.sent_on", subject=handoff_id, body=facts)
        moves.notify(handoff_id)
    return Handoff.objects.select_related("queue", "role").get(id=handoff_id)


def check_place(handoff: Handoff, *, queue: str, role: str) -> None:
    """Refuse the place that `send_on` would, and move nothing."""
    place = _place(handoff, queue, role)
    limit, waiting = queries.room(place.queue_id)
    if place.queue_id != handoff.queue_id and waiting >= limit:
        raise _full(place)


def _place(handoff: Handoff, queue: str, role: str) -> Place:
    wanted = [one for one in queries.places(handoff) if (one.queue, one.role) == (queue, role)]
    if not wanted:
        raise NotSentThere
    return wanted[0]


def _take_place(handoff: Handoff, place: Place) -> None:
    if not moves.shift_queue(handoff.queue_id, place.queue_id, only_with_room=True):
        raise _full(place)


def _full(place: Place) -> QueueFull:
    limit, waiting = queries.room(place.queue_id)
    return QueueFull(
        f"{place.queue_name} already has {waiting} handoffs waiting, its limit of {limit}. Nothing "
        "was sent. Decide it here, or try again later."
    )


def add_context(
    handoff_id: str,
    *,
    round: int,
    facts: list[dict[str, Any]],
    evidence: list[dict[str, Any]],
    by: Actor,
    now: datetime,
) -> Brief:
    """Put what a person found out on the brief, as a new version of it.

    The log, which forgets nothing, says that they did; what, the version, which is never changed.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        answers.check_asked(handoff, round)
        brief = handoff.briefs.order_by("-version")[0]
        body = {
            **brief.body,
            "facts": [*facts, *brief.body.get("facts", [])],
            "evidence": [*brief.body.get("evidence", []), *evidence],
        }
        added = Brief.objects.create(
            handoff=handoff,
            version=brief.version + 1,
            body=body,
            digest=briefs.content_digest(body),
        )
        audit.record(
            by=by,
            action="handoff.context_added",
            subject=handoff_id,
            body={"version": added.version},
        )
    return added


def allow_until(handoff_id: str, *, round: int, seconds: int, by: Actor, now: datetime) -> datetime:
    """Give whoever took a task on the time they asked for; the requester is told.

    When it is over the ladder climbs as at any deadline: nothing lies with one person forever.
    """
    with transaction.atomic():
        handoff = moves.lock_handoff(handoff_id)
        answers.check_asked(handoff, round)
        wanted = Handoff.objects.filter(id=handoff_id)
        wanted.update(held_since=None, **clocks.allow(handoff, seconds))
        until: datetime = wanted.values_list("deadline_at", flat=True).get()
        facts = {"until": until.isoformat(), "role": by.name}
        audit.record(by=by, action="handoff.taken_on", subject=handoff_id, body=facts)
        requesters.write(
            handoff.run,
            event="handoff.taken_on",
            line=requesters.TAKEN_ON,
            until=until,
        )
        moves.notify(handoff_id)
    return until


def write_to(handoff: Handoff, *, email: str, event: str, subject: str, text: str) -> None:
    """Mail somebody about a handoff, with its address; it goes with this transaction."""
    body = f"{text}\n\n{settings.PUBLIC_URL}/handoffs/{handoff.id}\n"
    outbox.mail(email, event, {"subject": subject, "text": body})
