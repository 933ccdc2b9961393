"""Batch sessions: so many handoffs of one queue in one go, with a progress and an end.

What was done in one is counted from the claims that were taken in it, so that it is right after an
undo too. Nobody but its person ever reads it, and it is forgotten within a day.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import User
from handoffs.errors import NotFound
from reviews import claims, gathered, permissions, shell
from reviews.errors import AlreadyClaimed, NothingGathered, SessionShape
from reviews.gathered import Alike
from reviews.models import BatchSession, Claim
from reviews.shell import Session

MOST_ITEMS = 100
MOST_MINUTES = 240
KEPT_FOR = timedelta(days=1)

_PAUSE = """
update reviews_batchsession set paused_at = statement_timestamp()
where reviewer_id = %(user)s and ended_at is null and paused_at is null
returning id
"""
_RESUME = """
update reviews_batchsession set paused_at = null, paused_seconds = paused_seconds
    + extract(epoch from statement_timestamp() - paused_at)
where reviewer_id = %(user)s and ended_at is null and paused_at is not null
"""
_END = """
update reviews_batchsession set ended_at = coalesce(paused_at, statement_timestamp()),
    ended_because = %(because)s, paused_at = null
where reviewer_id = %(user)s and ended_at is null
"""
# a colleague can have it soon; whoever comes back at once still finds it
_LET_GO = f"""
update reviews_claim set expires_at = least(expires_at,
    statement_timestamp() + interval '{claims.LEFT_SECONDS} seconds')
where session_id = %(session)s and reviewer_id = %(user)s and ended_at is null
"""


def start(
    queue_slug: str,
    *,
    by: User,
    items: int | None = None,
    minutes: int | None = None,
    now: datetime,
) -> None:
    """Begin a session in this queue; one that ran before ends, and what ended is forgotten.

    Raises NotFound for a queue that is not theirs, SessionShape for what is neither a number of
    handoffs nor of minutes.
    """
    queue = permissions.get_queue(by, queue_slug)
    wanted = _within(items, MOST_ITEMS), _within(minutes, MOST_MINUTES)
    if wanted not in ((True, None), (None, True)):
        raise SessionShape
    seconds = None if minutes is None else minutes * 60
    _begin(by, queue=queue, items=items, seconds=seconds)


def start_gathered(queue_slug: str, alike: Alike, *, by: User, now: datetime) -> None:
    """Begin a session of what has gathered in this queue and is alike, as many as there are.

    Raises NotFound for a queue that is not theirs, NothingGathered when colleagues were quicker.
    """
    queue = permissions.get_queue(by, queue_slug)
    ready = [one for one in gathered.ready(by) if (one.slug, one.alike) == (queue_slug, alike)]
    if not ready:
        raise NothingGathered
    _begin(
        by,
        queue=queue,
        items=min(ready[0].count, MOST_ITEMS),
        workflow_id=alike.workflow,
        kind=alike.kind,
        action_type=alike.action_type,
    )


def _begin(by: User, **wanted: Any) -> None:
    with transaction.atomic():
        # of two starts at once the second one ends what the first began
        User.objects.select_for_update(no_key=True).get(id=by.id)
        _forget(BatchSession.objects.filter(reviewer=by, ended_at__isnull=False))
        _execute(_END, by, because=BatchSession.Ended.STOPPED.value)
        BatchSession.objects.create(reviewer=by, **wanted)


def _within(number: int | None, most: int) -> bool | None:
    return None if number is None else 1 <= number <= most


def step(*, by: User, now: datetime) -> Claim | None:
    """Take the next one of the session, which goes on if it was paused; None at its end."""
    _execute(_RESUME, by)
    session = shell.session(by)
    if session is None or not session.live:
        return None
    if session.over:
        _execute(_END, by, because=session.over)
        return None
    claim = _take_alike(session, by, now=now) if session.kind else _take(session, by, now=now)
    if claim is None:
        _execute(_END, by, because=BatchSession.Ended.EMPTY.value)
        return None
    Claim.objects.filter(id=claim.pk).update(session=session.id)
    return claim


def _take(session: Session, by: User, *, now: datetime) -> Claim | None:
    try:
        return claims.take_next(by=by, now=now, queue_slug=session.slug)
    except NotFound:
        # the queue is not theirs any more
        return None


def _take_alike(session: Session, by: User, *, now: datetime) -> Claim | None:
    """Take the next of those alike, or what is urgent; first what they hold of the session."""
    live = Claim.objects.filter(session=session.id, reviewer=by, ended_at=None)
    held = live.filter(expires_at__gt=Now()).values_list("handoff_id", flat=True)
    alike = Alike(workflow=session.workflow, kind=session.kind, action_type=session.action_type)
    for handoff_id in [*held, *gathered.next_ones(by, session.queue_id, alike)]:
        try:
            return claims.take_asked(handoff_id, by=by, now=now)
        except (AlreadyClaimed, NotFound):
            continue
    return None


def pause(*, by: User, now: datetime) -> None:
    """Stop the clock; what is held goes back to the queue soon, its text kept."""
    with transaction.atomic():
        session = shell.session(by)
        if session is not None and _execute(_PAUSE, by):
            _execute(_LET_GO, by, session=session.id)


def end(*, by: User, now: datetime) -> None:
    """End the session here."""
    with transaction.atomic():
        session = shell.session(by)
        if session is not None and _execute(_END, by, because=BatchSession.Ended.STOPPED.value):
            _execute(_LET_GO, by, session=session.id)


def belongs(handoff_id: str, session: Session, *, by: User) -> bool:
    """Tell whether this person had the handoff in that session."""
    return Claim.objects.filter(handoff=handoff_id, reviewer=by, session=session.id).exists()


def forget(*, now: datetime) -> int:
    """Drop every session that is a day old."""
    return _forget(BatchSession.objects.filter(started_at__lte=Now() - KEPT_FOR))


def _forget(sessions: QuerySet[BatchSession]) -> int:
    return sessions.delete()[1].get("reviews.BatchSession", 0)


def _execute(sql: str, by: User, **more: str | int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"user": by.id, **more})
        return bool(cursor.rowcount)
