"""What colleagues say to one another about a handoff: kept, and never told to the run."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from handoffs import audit, routing
from handoffs.actors import person_actor
from handoffs.models import Handoff
from reviews import permissions
from reviews.errors import NobodyToAsk, TextMissing, TextTooLong
from reviews.models import Comment

MOST = 4_000


def add(
    handoff_id: str, *, by: User, text: str, now: datetime, asked: int | None = None
) -> Comment:
    """Say something to colleagues; whoever is asked by name is told by mail.

    Anybody who may read the handoff may say something about it, also when it is answered.
    """
    handoff = permissions.get(by, handoff_id)
    text = _clean(text)
    with transaction.atomic():
        colleague = None if asked is None else _colleague(handoff, by, asked)
        said = Comment.objects.create(
            handoff=handoff, round=handoff.round, author=by, asked=colleague, text=text
        )
        actor = person_actor(by.pk, handoff.role.name)
        audit.record(
            by=actor, action="handoff.commented", subject=handoff.id, body={"comment": said.pk}
        )
        if colleague is not None:
            routing.write_to(
                handoff,
                email=colleague.email,
                event="handoff.asked_colleague",
                subject=f"{by.name} asks you about a handoff in {handoff.queue.name}",
                # what it is about stays where it is guarded
                text=f"{by.name} would like to hear from you before they decide. Their question "
                "and what it is about are on the page of the handoff.",
            )
    return said


def check(handoff_id: str, *, by: User, text: str, asked: int | None = None) -> None:
    """Refuse what `add` would, and keep nothing."""
    handoff = permissions.get(by, handoff_id)
    _clean(text)
    if asked is not None:
        _colleague(handoff, by, asked)


def _clean(text: str) -> str:
    text = text.replace("\0", "").strip()
    if not text:
        raise TextMissing("Your words are missing. Nothing was kept. Write what you want to say.")
    if len(text) > MOST:
        raise TextTooLong
    return text


def _colleague(handoff: Handoff, by: User, asked: int) -> User:
    found = permissions.workers(handoff.queue_id).exclude(pk=by.pk).filter(pk=asked).first()
    if found is None:
        raise NobodyToAsk
    return found
