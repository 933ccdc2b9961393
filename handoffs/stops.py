"""Stop a workflow, or everything, to a safe state; and let it go on.

A stop is one row. Whoever is about to let something in or out looks for it in the same
transaction, so that nobody has to take a lock for it; `settle` waits for the transactions that had
begun before the row was there. When they are gone, nobody is left who may not have seen it.
"""

import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import Client, User
from handoffs import audit, moves, outbox, restarts, standstill, stop_figures
from handoffs.actors import SYSTEM, Actor
from handoffs.errors import AlreadyStopped, NotFound, NotStopped, ReasonMissing, WorkflowStopped
from handoffs.failpoints import failpoint
from handoffs.models import Stop, Workflow

DRILL_SECONDS = (10, 600)
REASON_LENGTH = 2_000
# how long whoever stops waits for what is under way; a job looks after the rest
PATIENCE_SECONDS = 3.0
REMIND_AFTER = timedelta(days=1)
DRILL_OVER = "The drill is over."
IN_EARNEST = "Stopped in earnest."
_POLL_SECONDS = 0.005

# under our own role: what maintains the database lets nothing in
_UNDER_WAY = """
select held.virtualtransaction from pg_locks held
join pg_stat_activity other on other.pid = held.pid
where held.locktype = 'virtualxid' and held.granted and held.pid <> pg_backend_pid()
    and other.datname = current_database() and other.usename = current_user
"""
_NOW = "select statement_timestamp()"
_MET = """
insert into handoffs_stopmet as met (stop_id, client_id, first_at, last_at, times)
values (%s, %s, statement_timestamp(), statement_timestamp(), 1)
on conflict (stop_id, client_id) do update
    set times = met.times + 1, last_at = excluded.last_at
"""


@dataclass(frozen=True, kw_only=True)
class Presser:
    """Who presses the button: under their role in public, by name for those who may know."""

    by: Actor
    user: User | None = None


def stop(
    workflow: Workflow | None,
    *,
    reason: str,
    presser: Presser,
    now: datetime,
    drill_seconds: int | None = None,
) -> Stop:
    """Stop the workflow, or everything; return when what was under way has ended, or soon after.

    From then on no run is started, nothing is proposed, answered or resumed in it. A drill does
    the same and ends by itself; a stop in earnest takes its place. Raises AlreadyStopped.
    """
    reason = _reason(reason)
    try:
        with transaction.atomic():
            if drill_seconds is None:
                _end_drill_for(workflow, presser)
            stop = Stop.objects.create(
                workflow=workflow,
                reason=reason,
                drill=drill_seconds is not None,
                ends_by_itself_at=_in(drill_seconds),
                stopped_at=_clock(),
                stopped_by=presser.user,
                stopped_role=presser.by.name,
            )
            _note("workflow.stopped", stop, presser.by, reason=reason, drill=stop.drill)
            _tell("workflow.stopped", stop, by=presser.by, reason=reason)
            _mail_owners(stop, presser)
            failpoint("stops.before_commit")
    except IntegrityError as error:
        if "stop_one_at_a_time" not in str(error):
            raise
        raise AlreadyStopped from None
    failpoint("stops.after_commit")
    settle(stop.id, patience=PATIENCE_SECONDS)
    return Stop.objects.select_related("workflow", "stopped_by").get(id=stop.id)


def resume(stop_id: str, *, reason: str, presser: Presser, now: datetime) -> Stop:
    """Let what was stopped go on, with the time back that it stood still. Raises NotStopped."""
    reason = _reason(reason)
    with transaction.atomic():
        stop = Stop.objects.select_for_update(of=("self",)).filter(id=stop_id).first()
        if stop is None:
            raise NotFound
        if stop.ended_at is not None:
            raise NotStopped
        ended_at = _clock()
        covered = _covered(stop)
        Stop.objects.filter(id=stop_id).update(
            ended_at=ended_at,
            ended_by=presser.user,
            ended_role=presser.by.name,
            end_reason=reason,
            figures=asdict(stop_figures.of(stop)),
        )
        still = standstill.stopped_ids()
        going = [id for id in covered if id not in still]
        shifted = restarts.give_time_back(going, at=ended_at)
        _note("workflow.resumed", stop, presser.by, reason=reason, deadlines_moved=shifted)
        _tell("workflow.resumed", stop, by=presser.by, reason=reason)
        if going:
            moves.notify(*(f"wf:{id}" for id in going))
        failpoint("stops.before_resume_commit")
    return Stop.objects.select_related("workflow", "stopped_by", "ended_by").get(id=stop_id)


def settle(stop_id: str, *, patience: float) -> bool:
    """Wait until all that had begun before the stop has ended; False: something still has not."""
    before = _under_way() if not connection.in_atomic_block else set()
    until = time.monotonic() + patience
    while left := before & _under_way():
        if time.monotonic() > until:
            Stop.objects.filter(id=stop_id).update(under_way=sorted(left))
            return False
        time.sleep(_POLL_SECONDS)
    Stop.objects.filter(id=stop_id, settled_at=None).update(settled_at=_clock(), under_way=[])
    return True


def tend(*, now: datetime) -> int:
    """End the drills whose time is over and look again at what was under way; say how many."""
    tended = 0
    for stop in standstill.live().filter(settled_at=None):
        left = set(stop.under_way) & _under_way() if stop.under_way else _under_way()
        if not left:
            Stop.objects.filter(id=stop.id).update(settled_at=Now(), under_way=[])
            tended += 1
        elif not stop.under_way:
            Stop.objects.filter(id=stop.id).update(under_way=sorted(left))
    for stop in standstill.live().filter(ends_by_itself_at__lte=Now()):
        tended += _end_drill(stop, now=now)
    return tended


def _end_drill(stop: Stop, *, now: datetime) -> bool:
    try:
        resume(stop.id, reason=DRILL_OVER, presser=Presser(by=SYSTEM), now=now)
    except NotStopped:
        return False
    return True


def met(refused: WorkflowStopped) -> None:
    """Note that a client has heard of a stop; called at the edge, after its transaction is gone."""
    if refused.halt is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MET, [refused.halt.id, refused.client_id])


def remind(*, now: datetime) -> int:
    """Tell the owners each day what still stands; return how many stops."""
    long_ago = Now() - REMIND_AFTER
    due = standstill.live().filter(Q(reminded_at=None) | Q(reminded_at__lte=long_ago))
    reminded = 0
    for stop in due.filter(stopped_at__lte=long_ago):
        with transaction.atomic():
            again = Stop.objects.filter(id=stop.id, reminded_at=stop.reminded_at, ended_at=None)
            if again.update(reminded_at=Now()):
                for owner in _owners(stop):
                    outbox.mail(owner.email, "workflow.still_stopped", _still_mail(stop))
                reminded += 1
    return reminded


def _reason(text: str) -> str:
    text = " ".join(text.replace("\x00", "").split())
    if not text:
        raise ReasonMissing
    return text[:REASON_LENGTH]


def _in(seconds: int | None) -> datetime | None:
    if seconds is None:
        return None
    least, most = DRILL_SECONDS
    return _clock() + timedelta(seconds=min(max(seconds, least), most))


def _clock() -> datetime:
    """Return the time by the database, as it is now and not as when the transaction began."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        at: datetime = cursor.fetchone()[0]
    return at


def _under_way() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_UNDER_WAY)
        return {row[0] for row in cursor.fetchall()}


def _end_drill_for(workflow: Workflow | None, presser: Presser) -> None:
    """Let a stop in earnest take the place of a drill, without a moment between."""
    drills = Stop.objects.filter(workflow=workflow, ended_at=None, drill=True)
    drills.update(
        ended_at=_clock(),
        ended_by=presser.user,
        ended_role=presser.by.name,
        end_reason=IN_EARNEST,
    )


def _covered(stop: Stop) -> list[int]:
    if stop.workflow_id is not None:
        return [stop.workflow_id]
    return list(Workflow.objects.order_by("id").values_list("id", flat=True))


def _note(action: str, stop: Stop, by: Actor, **facts: Any) -> None:
    body = {"workflow": stop.workflow.slug if stop.workflow else None, **facts}
    audit.record(by=by, action=action, subject=stop.id, body=body)


def _tell(event: str, stop: Stop, *, by: Actor, reason: str) -> None:
    """Tell every client that works there, by webhook; whoever waits hears it from the gateway."""
    payload = {
        "stop": stop.id,
        "scope": "workflow" if stop.workflow else "everywhere",
        "workflow": stop.workflow.slug if stop.workflow else None,
        "reason": reason,
        "by": {"kind": by.kind.value, "role": by.name},
        "drill": stop.drill,
    }
    for client_id in _clients(stop):
        outbox.tell(client_id, event, payload)


def _clients(stop: Stop) -> QuerySet[Client, int]:
    keys = Q(keys__revoked_at=None) & (Q(keys__expires_at=None) | Q(keys__expires_at__gt=Now()))
    if stop.workflow is not None:
        keys &= Q(keys__workflows__overlap=["*", stop.workflow.slug])
    found = Client.objects.filter(keys, is_active=True).distinct().order_by("id")
    return found.values_list("id", flat=True)


def _owners(stop: Stop) -> QuerySet[User]:
    launched = Workflow.objects.exclude(launched_at=None)
    owned = launched if stop.workflow_id is None else Workflow.objects.filter(stops=stop)
    return User.objects.filter(pk__in=owned.values("owner"), is_active=True).order_by("pk")


def _mail_owners(stop: Stop, presser: Presser) -> None:
    """Tell the owners, but for the one who pressed the button."""
    for owner in _owners(stop):
        if owner != presser.user:
            outbox.mail(owner.email, "workflow.stopped", _mail(stop, presser.user))


def _mail(stop: Stop, who: User | None) -> dict[str, str]:
    what = stop.workflow.name if stop.workflow else "Every workflow"
    by = f"{who.name} ({stop.stopped_role})" if who else f"A {stop.stopped_role}"
    kind = " for a drill, which ends by itself" if stop.drill else ""
    return {
        "subject": f"{what} was stopped{' for a drill' if stop.drill else ''}",
        "text": f"{by} stopped it at {stop.stopped_at:%Y-%m-%d %H:%M} UTC{kind}:\n\n"
        f"{stop.reason}\n\nNo run is started, nothing is proposed, answered or resumed in it until "
        f"somebody lets it go on:\n{settings.PUBLIC_URL}/stops\n",
    }


def _still_mail(stop: Stop) -> dict[str, str]:
    what = standstill.named(stop)
    return {
        "subject": f"{what} still stands",
        "text": f"It was stopped at {stop.stopped_at:%Y-%m-%d %H:%M} UTC:\n\n{stop.reason}\n\n"
        f"Let it go on, or end what is left of it:\n{settings.PUBLIC_URL}/stops\n",
    }
