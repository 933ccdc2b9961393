"""Links in e-mails: look one up, open its brief, answer with it, take it back.

A link is looked at as often as anybody likes; only opening it takes a claim, and only an answer
uses it up. The answer is given by `decisions`, under every safeguard, as anywhere else.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now

from accounts.errors import DomainError
from accounts.models import User
from handoffs import audit, mail_secrets, moves
from handoffs.actors import person_actor
from handoffs.errors import NotFound
from handoffs.models import Handoff
from handoffs.states import HandoffKind, HandoffState
from reviews import (
    claims,
    conflicts,
    decisions,
    link_rules,
    permissions,
    plants,
    spec,
    undo,
)
from reviews.errors import LinkOver, LinkUnknown
from reviews.link_rules import Bound, Needs
from reviews.models import ApproverLink, Claim, Decision
from reviews.standings import Standing
from reviews.wording import Choice

logger = logging.getLogger(__name__)

_RAN_OUT = ExpressionWrapper(Q(expires_at__lte=Now()), output_field=BooleanField())


@dataclass(frozen=True, kw_only=True)
class Found:
    """A link with what became of it; `here` says that it has a page of its own."""

    link: ApproverLink
    handoff: Handoff
    approver: User
    standing: Standing
    needs: Needs
    here: bool


def find(token: str) -> Found:
    """Return the link that this token opens, or raise LinkUnknown; changes nothing."""
    return _found(Q(token_digest=mail_secrets.digest(token)))


def get(link_id: str) -> Found:
    """Return a link by its name, which opens nothing by itself; changes nothing."""
    return _found(Q(id=link_id.replace("\0", ""), token_digest__isnull=False))


def _found(which: Q) -> Found:
    link = (
        ApproverLink.objects.filter(which)
        .select_related("approver", "handoff__queue", "handoff__role", "handoff__workflow")
        .annotate(ran_out=_RAN_OUT)
        .first()
    )
    if link is None:
        logger.warning("A link is unknown.", extra={"action": "link.unknown"})
        raise LinkUnknown
    handoff = link.handoff
    return Found(
        link=link,
        handoff=handoff,
        approver=link.approver,
        standing=_standing(link),
        needs=Needs(link.needs),
        here=link_rules.on_its_own_page(HandoffKind(handoff.kind), spec.read(handoff.safeguards)),
    )


def _standing(link: Any) -> Standing:
    handoff = link.handoff
    brief = handoff.briefs.order_by("-version")[0]
    return link_rules.standing(
        ended=link.ended_because,
        ran_out=link.ran_out,
        state=HandoffState(handoff.state),
        made_for=Bound(
            round=link.round,
            level=link.level,
            brief_version=link.brief_version,
            brief_digest=link.brief_digest,
            address=link.mailed_to,
        ),
        now_at=Bound(
            round=handoff.round,
            level=handoff.level,
            brief_version=brief.version,
            brief_digest=brief.digest,
            address=link.approver.email,
        ),
    )


def check_live(found: Found) -> None:
    """Raise LinkOver with what became of it; who may no longer decide holds a link to nothing."""
    if found.standing is not Standing.LIVE:
        logger.info(
            "A link that is over was tried.",
            extra={"action": "link.over", "link": found.link.id, "standing": found.standing.value},
        )
        raise LinkOver(found.standing, conflicts.current(found.handoff.id, reader=found.approver))
    permissions.check_can_decide(found.approver, _readable(found))


def _readable(found: Found) -> Handoff:
    """Return the handoff; to whoever may no longer read it the link is taken back."""
    try:
        return permissions.get(found.approver, found.handoff.id)
    except NotFound:
        raise LinkOver(Standing.REVOKED) from None


def open(link_id: str, *, now: datetime) -> Claim:
    """Take the handoff for the link's person, and note that the link was opened."""
    found = get(link_id)
    check_live(found)
    claim = claims.take_asked(found.handoff.id, by=found.approver, now=now)
    _note(found, "link.opened")
    return claim


def decide(link_id: str, *, choice: Choice, now: datetime) -> Decision:
    """Answer with the link: it is used up with the decision that it gives, or not at all."""
    found = get(link_id)
    with _used_up(found, {"reason": choice.reason, "message": choice.message}, now=now):
        decision = decisions.decide(found.handoff.id, by=found.approver, choice=choice, now=now)
    return decision


def ask_information(link_id: str, *, question: str, now: datetime) -> None:
    """Put a question to the agent; a new link comes with its answer."""
    found = get(link_id)
    with _used_up(found, {"message": question}, now=now):
        decisions.ask_information(found.handoff.id, by=found.approver, question=question, now=now)


def escalate(link_id: str, *, reason: str, now: datetime) -> None:
    found = get(link_id)
    with _used_up(found, {"reason": reason}, now=now):
        decisions.escalate(found.handoff.id, by=found.approver, reason=reason, now=now)


@contextmanager
def _used_up(found: Found, written: dict[str, str], *, now: datetime) -> Iterator[None]:
    """End the link in the answer's own transaction; a refusal leaves it as it was.

    Its row is locked before the answer, so that of two answers, or an answer and a manager who
    takes the link back, one comes first and the other finds the link over; and the run before
    both, as by whoever ends a test. What was written is kept as a draft.
    """
    try:
        check_live(found)
        with plants.telling():
            moves.lock_run(found.handoff.run_id)
            _use(found)
            yield
    except DomainError as refused:
        body = {key: value for key, value in written.items() if value}
        if body and refused.status != NotFound.status:
            decisions.save_draft(found.handoff.id, by=found.approver, body=body, now=now)
        raise


def _use(found: Found) -> None:
    used = ApproverLink.objects.filter(
        id=found.link.id, ended_at__isnull=True, expires_at__gt=Now()
    ).update(ended_at=Now(), ended_because=ApproverLink.Ended.USED)
    if not used:
        late = get(found.link.id)
        standing = Standing.EXPIRED if late.standing is Standing.LIVE else late.standing
        raise LinkOver(standing, conflicts.current(found.handoff.id, reader=found.approver))
    _note(found, "link.used")


def take_back(link_id: str, *, now: datetime) -> bool:
    """Undo the answer that the link gave, as from the desk; then it opens once more.

    False when its person may no longer decide: then it stays used.
    """
    found = get(link_id)
    mine = ApproverLink.objects.filter(id=link_id)
    with transaction.atomic():
        # the run's row before the link's, as in answering
        moves.lock_run(found.handoff.run_id)
        used = mine.filter(ended_because=ApproverLink.Ended.USED)
        used.update(ended_at=None, ended_because="")
        theirs = undo.take_back(found.handoff.id, by=found.approver, now=now).yours
        if not theirs:
            mine.update(ended_at=Now(), ended_because=ApproverLink.Ended.USED)
    return theirs


def revoke(ids: Iterable[str], *, by: User, now: datetime) -> int:
    """Take links back; those that are over stay as they ended. Return how many."""
    taken = 0
    for link_id in sorted(ids):
        with transaction.atomic():
            ended = ApproverLink.objects.filter(id=link_id, ended_at__isnull=True).update(
                ended_at=Now(), ended_because=ApproverLink.Ended.REVOKED
            )
            if ended:
                link = ApproverLink.objects.get(id=link_id)
                body = {"link": link.id, "approver": f"user {link.approver_id}"}
                audit.record(
                    by=person_actor(by.pk, ""),
                    action="link.revoked",
                    subject=link.handoff_id,
                    body=body,
                )
            taken += ended
    return taken


def _note(found: Found, action: str) -> None:
    audit.record(
        by=person_actor(found.approver.id, found.handoff.role.name),
        action=action,
        subject=found.handoff.id,
        body={"link": found.link.id, "needs": found.needs.value},
    )
