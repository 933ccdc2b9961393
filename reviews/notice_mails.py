"""Send the notices that are due: one mail to a person, of all that there is to tell just then.

Whether it still holds is looked at once more: what somebody else has answered meanwhile is not
told. A mail and the marks that it was written commit together, so no notice goes out twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from handoffs import locks, mails, queries
from handoffs.failpoints import failpoint
from handoffs.models import Answer, Brief, Handoff
from handoffs.states import ActorKind
from reviews import availability, notice_wishes, notices, permissions, visibility
from reviews.models import Notice
from reviews.notice_rules import MOST_AT_ONCE, Kind
from reviews.pages import notice_mail
from reviews.pages.notice_mail import Told

AT_ONCE = 100
# more than these in one mail nobody reads; the rest comes with the next one
IN_A_MAIL = 200
SENDER_LOCK = 0x6F766572_C901
Ended = Notice.Ended


@dataclass(frozen=True)
class _Looked:
    """What became of the notices that are due: what to tell, and why of the others not."""

    told: list[Told]
    not_told: dict[Ended, list[int]]


def send_due(*, now: datetime) -> int:
    """Write what is due to everybody; return how many mails that is.

    A no-op while another process is at it. Each person's mails are a transaction of their own.
    """
    with locks.only_one(SENDER_LOCK) as alone:
        if not alone:
            return 0
        written = 0
        for person in notices.waiting("recipient", limit=AT_ONCE):
            written += _send(person, now=now)
            failpoint("notice_mails.send.after_commit")
        return written


@transaction.atomic
def _send(person_id: int, *, now: datetime) -> int:
    person = User.objects.get(id=person_id)
    found = Notice.objects.filter(recipient=person, ended_at=None, due_at__lte=Now())
    due = list(found.select_for_update(skip_locked=True).order_by("due_at", "id")[:IN_A_MAIL])
    looked = _look(person, due)
    for because, ids in looked.not_told.items():
        notices.end(ids, because)
    digest = [one for one in looked.told if one.digest]
    at_once = [one for one in looked.told if not one.digest]
    kinds = [kind for kind in Kind if any(one.kind is kind for one in at_once)]
    if at_once and notices.of_late(recipient=person) + len(kinds) > MOST_AT_ONCE:
        notices.gather((one.id for one in at_once), now)
        at_once, kinds = [], []
    written = sum(
        _write(person, notice_wishes.event(kind), [one for one in at_once if one.kind is kind], now)
        for kind in kinds
    )
    written += _write(person, notice_wishes.DIGEST, digest, now) if digest else 0
    failpoint("notice_mails.send.before_commit")
    return written


def _look(person: User, due: Iterable[Notice]) -> _Looked:
    """Sort what is due: still true, and still theirs to know."""
    due = list(due)
    ids = [notice.handoff_id for notice in due]
    asks, answers = _asks(ids), _answers(ids)
    asked = Handoff.objects.select_related("queue", "role", "workflow", "run")
    handoffs = asked.in_bulk(ids)
    queues, workflows = permissions.readable(person) if person.is_active else ([], [])
    zone = availability.zone_of(person)
    looked, holding = _Looked(told=[], not_told={}), notices.that_hold(due, handoffs)
    for notice in due:
        handoff = handoffs[notice.handoff_id]
        kind = Kind(notice.kind)
        reads = handoff.queue_id in queues or handoff.workflow_id in workflows
        if notice.pk not in holding:
            looked.not_told.setdefault(Ended.OVER, []).append(notice.pk)
        elif not person.is_active or not (reads or kind is Kind.COMPLETED):
            looked.not_told.setdefault(Ended.NOT_THEIRS, []).append(notice.pk)
        else:
            verb, role = answers.get(handoff.id, ("", ""))
            told = Told(
                id=notice.pk,
                kind=kind,
                digest=notice.digest,
                handoff=handoff,
                reads=reads,
                of_run=notice.of_run,
                zone=zone or queries.calendar(handoff.queue).zone,
                ask=asks.get(handoff.id, ""),
                verb=verb,
                role=role,
            )
            looked.told.append(told)
    return looked


def _asks(handoffs: list[str]) -> dict[str, str]:
    """Return what is asked, as anybody may read it before they decide."""
    latest = Brief.objects.filter(handoff__in=handoffs).order_by("handoff", "-version")
    found = latest.distinct("handoff").values_list("handoff_id", "body", "handoff__safeguards")
    return {
        id: str(visibility.brief_for(body, safeguards, False).get("ask") or "")
        for id, body, safeguards in found
    }


def _answers(handoffs: list[str]) -> dict[str, tuple[str, str]]:
    """Return what each was answered with, and by which role; "" where policy did."""
    latest = Answer.objects.filter(handoff__in=handoffs).order_by("handoff", "-round")
    found = latest.distinct("handoff").values_list("handoff_id", "verb", "role", "by_kind")
    person = ActorKind.PERSON.value
    return {id: (verb, role if kind == person else "") for id, verb, role, kind in found}


def _write(person: User, event: str, told: list[Told], now: datetime) -> int:
    message = mails.send(person.email, event, notice_mail.mail(person, event, told, now=now))
    ids = [one.id for one in told]
    notices.end(ids, Ended.SENT if message else Ended.STOPPED, message or "")
    return 1 if message else 0
