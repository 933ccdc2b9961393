"""Notices: what changed hands, became urgent or is done, for whoever it concerns, each once.

Nothing tells this module that something happened: it reads the logs of transitions and of fired
rungs, and what was assigned, from where it read last. Entry and recipient are unique, so however
often it looks, a notice is made once. It is written here and goes out later, when it is due, if it
still holds then.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min
from django.db.models.functions import Now

from handoffs import jobs, queries
from handoffs.failpoints import failpoint
from handoffs.models import Handoff, Queue
from handoffs.states import HandoffState, RungName
from reviews import concerns, log_places, notice_hours
from reviews.concerns import Concerned, Event
from reviews.log_places import Log
from reviews.models import Notice
from reviews.notice_rules import (
    LATE,
    SHIFTED,
    UNOPENED,
    Hours,
    How,
    Kind,
    due,
    kind_of,
    next_digest,
)

logger = logging.getLogger(__name__)

BATCH = 1_000
KEPT_FOR = timedelta(days=90)
TRANSITIONS = Log(
    name="transitions",
    table="handoffs_transition",
    columns="id, handoff_id, run_id, from_state, to_state, cause, at",
)
RUNGS = Log(
    name="rungs",
    table="handoffs_rung",
    columns="id, handoff_id, rung, passed_over, fired_at",
)
CLAIMS = Log(name="claims", table="reviews_claim", columns="id, handoff_id, assigned, taken_at")


def look(*, now: datetime) -> int:
    """Read on in each log, batch by batch, and write what is to be told; return how much that is.

    A no-op while another process reads.
    """
    logs = ((RUNGS, _urgent), (TRANSITIONS, _moved), (CLAIMS, _assigned))
    return sum(_drain(log, events) for log, events in logs)


def _drain(log: Log, events: Callable[[Iterable[tuple[Any, ...]]], Iterable[Event]]) -> int:
    made: list[int] = []

    def batch() -> int:
        with transaction.atomic():
            rows, at = _read(log)
            made.append(_make(log, list(events(rows)), at))
            return len(rows)

    jobs.drain(batch, full=BATCH)
    return sum(made)


def _read(log: Log) -> tuple[list[tuple[Any, ...]], datetime]:
    """Return what came since, and the database's time: this machine's clock may be wrong."""
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        at: datetime = cursor.fetchone()[0]
    place = log_places.take(log)
    return (log_places.read(log, place, limit=BATCH, now=at) if place else []), at


def _moved(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for entry, handoff, run, before, after, cause, at in rows:
        kind = kind_of(of_run=handoff is None, before=before, after=after, cause=cause)
        if kind is not None:
            shift = cause in SHIFTED
            yield Event(entry=entry, kind=kind, handoff=handoff, run=run, at=at, shift=shift)


def _assigned(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for entry, handoff, assigned, at in rows:
        if assigned:
            yield Event(entry=entry, kind=Kind.ASSIGNED, handoff=handoff, run="", at=at)


def _urgent(rows: Iterable[tuple[Any, ...]]) -> Iterable[Event]:
    for entry, handoff, rung, passed_over, at in rows:
        if rung == RungName.URGENT.value and not passed_over:
            yield Event(entry=entry, kind=Kind.URGENT, handoff=handoff, run="", at=at)


def _make(log: Log, events: list[Event], now: datetime) -> int:
    """Write a notice for everybody and every channel that an event concerns."""
    made = [*_for_people(log, events, now), *_for_channels(log, events, now)]
    Notice.objects.bulk_create(made, ignore_conflicts=True)
    if made:
        failpoint("notices.make.before_commit")
    return len(made)


def _for_people(log: Log, events: list[Event], now: datetime) -> Iterator[Notice]:
    """Wake for what is critical only, and only where nobody is there who may decide it."""
    found = concerns.people(events)
    hours = notice_hours.of({(one.person, one.queue) for one in found}, now=now)
    met = {one.entry for one in found if hours[one.person, one.queue].here(now)}
    for one in found:
        theirs = hours[one.person, one.queue]
        wakes = one.critical and one.may_wake and not theirs.away and one.entry not in met
        yield _notice(log, one, theirs, wakes=wakes, now=now)


def _notice(log: Log, one: Concerned, hours: Hours, *, wakes: bool, now: datetime) -> Notice:
    told = How.DIGEST if now - one.at > LATE else How(one.how)
    at = one.at + UNOPENED if one.kind == Kind.ASSIGNED else now
    return Notice(
        log=log.name,
        entry=one.entry,
        kind=one.kind,
        handoff_id=one.handoff,
        level=one.level,
        round=one.round,
        recipient_id=one.person,
        of_run=one.of_run,
        digest=told is How.DIGEST and not wakes,
        wakes=wakes,
        made_at=now,
        due_at=due(max(at, now), how=told, hours=hours, wakes=wakes),
    )


def _for_channels(log: Log, events: list[Event], now: datetime) -> Iterator[Notice]:
    """A channel sleeps not, its readers may: what is critical goes there at any hour."""
    found = concerns.channels(events)
    queues = Queue.objects.in_bulk({one.queue for one in found})
    for one in found:
        calendar = queries.calendar(queues[one.queue]) if one.in_hours else None
        told = How.DIGEST if one.digest or now - one.at > LATE else How.AT_ONCE
        hours = Hours(calendar=calendar)
        yield Notice(
            log=log.name,
            entry=one.entry,
            kind=one.kind,
            handoff_id=one.handoff,
            level=one.level,
            round=one.round,
            channel_id=one.channel,
            digest=told is How.DIGEST and not one.critical,
            wakes=one.critical,
            made_at=now,
            due_at=due(now, how=told, hours=hours, wakes=one.critical),
        )


def waiting(whom: str, *, limit: int) -> list[int]:
    """Return each `recipient` or `channel` for whom something is due, the longest due first."""
    due = Notice.objects.filter(ended_at=None, due_at__lte=Now(), **{f"{whom}__isnull": False})
    each = due.values(f"{whom}_id").annotate(first=Min("due_at")).order_by("first")
    return list(each.values_list(f"{whom}_id", flat=True)[:limit])


def of_late(**whom: Any) -> int:
    """Count the messages of the last hour to a recipient or a channel, without digests."""
    sent = Notice.objects.filter(
        ended_at__gt=Now() - timedelta(hours=1),
        ended_because=Notice.Ended.SENT,
        digest=False,
        **whom,
    )
    return int(sent.aggregate(messages=Count("message", distinct=True))["messages"])


def that_hold(due: Iterable[Notice], handoffs: Mapping[str, Handoff]) -> set[int]:
    """Return which of these still are as they were when they were made."""
    due = list(due)
    given = [notice.entry for notice in due if notice.kind == Kind.ASSIGNED]
    unopened = concerns.unopened(given)
    return {
        notice.pk
        for notice in due
        if _holds(notice, handoffs[notice.handoff_id])
        and (notice.kind != Kind.ASSIGNED or notice.entry in unopened)
    }


def _holds(notice: Notice, handoff: Handoff) -> bool:
    if notice.kind == Kind.COMPLETED:
        return notice.of_run or handoff.state != HandoffState.WAITING.value
    return (
        handoff.state == HandoffState.WAITING.value
        and handoff.level == notice.level
        and handoff.round == notice.round
    )


def end(ids: Iterable[int], because: Notice.Ended, message: str = "") -> None:
    """Note what came of notices, once for each."""
    Notice.objects.filter(pk__in=list(ids), ended_at=None).update(
        ended_at=Now(), ended_because=because, message=message
    )


def gather(ids: Iterable[int], now: datetime) -> None:
    """Let what is too much for one hour wait for the next: nobody is told in a storm."""
    waiting = list(ids)
    Notice.objects.filter(pk__in=waiting).update(digest=True, due_at=next_digest(now, Hours()))
    facts = {"action": "notices.gathered", "count": len(waiting)}
    logger.warning("Notices are gathered.", extra=facts)


def forget(*, now: datetime, limit: int = 5_000) -> int:
    """Drop what was told long ago, batch by batch; the log is not read there again."""

    def batch() -> int:
        old = Notice.objects.filter(ended_at__lt=now - KEPT_FOR).order_by("ended_at")[:limit]
        return Notice.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]

    return jobs.drain(batch, full=limit)
