"""How people and queues want notices: say it, read it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from handoffs import audit, grants, notices
from handoffs.actors import person_actor
from handoffs.errors import NotFound
from handoffs.models import Queue
from reviews import permissions
from reviews.errors import NoticesNotYours
from reviews.models import NoticeWish, QueueNotices
from reviews.notice_rules import USUALLY, How, Kind

DIGEST = "notice.digest"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How somebody is told of each kind; "" where it is as each queue has it."""

    how: Mapping[Kind, str]
    digest_hour: int | None
    wakes: bool
    quiet: frozenset[int]


def event(kind: Kind) -> str:
    """Name the mails of a kind as they are stopped by."""
    return f"notice.{kind.value}"


def of(user: User) -> Wishes:
    """Return what somebody wants; what they stopped by a link in a mail is none here too."""
    stored = NoticeWish.objects.filter(person=user).first() or NoticeWish(person=user)
    stopped = notices.stopped(user.email)
    how = {
        kind: How.NONE.value if event(kind) in stopped else stored.how.get(kind.value, "")
        for kind in Kind
    }
    if DIGEST in stopped:
        how = {kind: How.NONE.value if said == How.DIGEST else said for kind, said in how.items()}
    return Wishes(
        how=how,
        digest_hour=stored.digest_hour,
        wakes=stored.wakes,
        quiet=frozenset(stored.quiet_queues),
    )


@transaction.atomic
def say(
    *,
    by: User,
    how: Mapping[Kind, str],
    digest_hour: int | None,
    wakes: bool,
    quiet: Collection[int],
    now: datetime,
) -> None:
    """Keep how somebody wants to be told; what they want not at all is stopped like any notice."""
    kept = {kind.value: said for kind, said in how.items() if said and said != How.NONE}
    mine = set(permissions.workable(by).values_list("pk", flat=True))
    NoticeWish.objects.update_or_create(
        person=by,
        defaults={
            "how": kept,
            "digest_hour": digest_hour,
            "wakes": wakes,
            "quiet_queues": sorted(set(quiet) & mine),
        },
    )
    for kind in Kind:
        change = notices.stop_for if how.get(kind) == How.NONE else notices.start_for
        change(by.email, event(kind), now=now)
    if How.DIGEST in kept.values():
        notices.start_for(by.email, DIGEST, now=now)


def of_queue(queue: Queue) -> dict[Kind, How]:
    """Return how the people of a queue are told unless they say otherwise."""
    stored = QueueNotices.objects.filter(queue=queue).first()
    said = stored.how if stored else {}
    return {kind: How(said.get(kind.value, USUALLY[kind])) for kind in Kind}


@transaction.atomic
def say_for_queue(queue: Queue, *, how: Mapping[Kind, How], by: User, now: datetime) -> None:
    """Keep how the people of a queue are told; only for whoever leads it."""
    check_leads(by, queue)
    kept = {kind.value: said.value for kind, said in how.items() if said != USUALLY[kind]}
    QueueNotices.objects.update_or_create(queue=queue, defaults={"how": kept})
    _note(queue, "queue.notices_changed", by, how=kept)


def lead(user: User, slug: str) -> Queue:
    """Return the queue for whoever leads it; NotFound for who may not even know of it."""
    queue = Queue.objects.filter(slug=slug).first()
    if queue is None:
        raise NotFound
    if not grants.leads(user, queue).allowed:
        known = permissions.workable(user).filter(pk=queue.pk).exists()
        raise NoticesNotYours if known else NotFound
    return queue


def check_leads(user: User, queue: Queue) -> None:
    if not grants.leads(user, queue).allowed:
        raise NoticesNotYours


def _note(queue: Queue, action: str, by: User, **facts: object) -> None:
    subject = f"queue {queue.slug}"[:60]
    audit.record(by=person_actor(by.pk, ""), action=action, subject=subject, body=facts)
