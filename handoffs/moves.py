"""The two statements that move a run or a handoff, each together with its transition.

Lock order everywhere: the run, then its handoffs, then queue depths. Whoever locks a handoff
first and its run second can deadlock with a stop.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils import timezone

from handoffs.actors import Actor
from handoffs.errors import IllegalTransition, NotFound
from handoffs.models import Handoff, QueueDepth, RefusedDay, RefusedTransition, Run
from handoffs.states import (
    HANDOFF_TRANSITIONS,
    RUN_TRANSITIONS,
    Cause,
    HandoffState,
    RunState,
    as_told,
)

_MOVE_RUN = """
with before as (
    select id, state, version from handoffs_run
    where id = %(id)s and state = any(%(sources)s) for update
), moved as (
    update handoffs_run run
    set state = %(to)s, version = run.version + 1, state_since = now(), cause = %(cause)s
    from before where run.id = before.id
    returning run.id, run.version, before.state as from_state
)
insert into handoffs_transition
    (run_id, handoff_id, version, from_state, to_state, actor_kind, actor, cause, xact_id)
select id, null, version, from_state, %(to)s, %(actor_kind)s, %(actor)s, %(cause)s, 0 from moved
returning version
"""

_MOVE_HANDOFF = """
with before as (
    select id, run_id, state, version, queue_id from handoffs_handoff
    where id = %(id)s and state = any(%(sources)s)
        and (%(round)s::int is null or round = %(round)s::int) for update
), moved as (
    update handoffs_handoff handoff
    set state = %(to)s, version = handoff.version + 1,
        answered_at = case when %(to)s = 'answered' then now() end
    from before where handoff.id = before.id
    returning handoff.id, handoff.run_id, handoff.version, before.state as from_state
), untold as (
    delete from handoffs_heldanswer using before
    where before.state = 'decided' and handoffs_heldanswer.handoff_id = before.id
), depth as (
    update handoffs_queuedepth set waiting = waiting - 1
    from before
    where handoffs_queuedepth.queue_id = before.queue_id
        and slot = pg_backend_pid() %% 16 and before.state = 'waiting' and %(to)s <> 'waiting'
), back as (
    select overread_come_back(queue_id) from before
    where state <> 'waiting' and %(to)s = 'waiting'
)
insert into handoffs_transition
    (run_id, handoff_id, version, from_state, to_state, actor_kind, actor, cause, xact_id)
select run_id, id, version, from_state, %(to)s, %(actor_kind)s, %(actor)s, %(cause)s, 0
from moved left join back on true returning version
"""


def lock_run(run_id: str) -> Run:
    """Return the run with its row locked: the first lock of every change."""
    try:
        return Run.objects.select_for_update(of=("self",)).select_related("workflow").get(id=run_id)
    except Run.DoesNotExist:
        raise NotFound from None


def lock_handoff(handoff_id: str) -> Handoff:
    """Lock the handoff's run, then return the handoff as it is now."""
    found = Handoff.objects.filter(id=handoff_id).values_list("run_id", flat=True).first()
    if found is None:
        raise NotFound
    run = lock_run(found)
    handoff = Handoff.objects.select_related("proposal", "queue", "role").get(id=handoff_id)
    handoff.run = run
    return handoff


def try_lock_handoff(handoff_id: str, *, run_id: str) -> Handoff | None:
    """Do what `lock_handoff` does, or return None where somebody else has the run locked."""
    runs = Run.objects.select_for_update(of=("self",), skip_locked=True)
    run = runs.select_related("workflow__owner").filter(id=run_id).first()
    if run is None:
        return None
    handoff = Handoff.objects.select_related("proposal", "queue", "role").get(id=handoff_id)
    handoff.run = run
    return handoff


def move_run(run_id: str, to: RunState, *, by: Actor, cause: Cause) -> None:
    """Move the run to `to` and log it, or raise IllegalTransition and change nothing."""
    sources = [state.value for state, targets in RUN_TRANSITIONS.items() if state and to in targets]
    if not _execute(_MOVE_RUN, run_id, to, sources, by, cause):
        raise _refusal("run", Run.objects.filter(id=run_id), to)


def move_handoff(
    handoff_id: str, to: HandoffState, *, by: Actor, cause: Cause, round: int | None = None
) -> None:
    """Move the handoff, its queue's depth with it, and log it; `round` fences off the late."""
    sources = [
        state.value for state, targets in HANDOFF_TRANSITIONS.items() if state and to in targets
    ]
    if not _execute(_MOVE_HANDOFF, handoff_id, to, sources, by, cause, round=round):
        raise _refusal("handoff", Handoff.objects.filter(id=handoff_id), to)


def _execute(
    sql: str, id: str, to: str, sources: list[str], by: Actor, cause: Cause, **more: Any
) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "id": id,
                "to": to.value if isinstance(to, RunState | HandoffState) else to,
                "sources": sources,
                "actor_kind": by.kind.value,
                "actor": by.name,
                "cause": cause.value,
                **more,
            },
        )
        return bool(cursor.rowcount == 1)


def _refusal(entity: str, rows: Any, to: RunState | HandoffState) -> IllegalTransition | NotFound:
    found = rows.values_list("state", "workflow_id").first()
    if found is None:
        return NotFound()
    state, workflow = found
    return IllegalTransition(
        f"This {entity} is {as_told(state)} and cannot become {to}. Nothing was changed. "
        "Read its state and go on from there.",
        entity=entity,
        from_state=state,
        to_state=to.value,
        workflow=workflow,
    )


def count_refusal(refused: IllegalTransition) -> None:
    """Count an illegal move that was tried; called at the edge, after its transaction is gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {RefusedTransition._meta.db_table} as counted "
            "(entity, from_state, to_state, times, last_at) values (%s, %s, %s, 1, %s) "
            "on conflict (entity, from_state, to_state) do update "
            "set times = counted.times + 1, last_at = excluded.last_at",
            [refused.entity, refused.from_state, refused.to_state, timezone.now()],
        )
        cursor.execute(
            f"insert into {RefusedDay._meta.db_table} as counted (workflow_id, day, times) "
            "values (%s, (now() at time zone 'UTC')::date, 1) "
            "on conflict (day, workflow_id) do update set times = counted.times + 1",
            [refused.workflow],
        )


def shift_queue(before: int, after: int, *, only_with_room: bool = False) -> bool:
    """Count a handoff that waits on, elsewhere; what climbs or goes back is never refused.

    `only_with_room`: return False, exactly, where there is no place; the caller's transaction must
    not commit then. The queues are locked in one order, whichever way it goes.
    """
    if before == after:
        return True
    if before < after:
        _one_less(before)
    with connection.cursor() as cursor:
        if only_with_room:
            cursor.execute("select overread_enter(%s, false)", [after])
            if not cursor.fetchone()[0]:
                return False
        else:
            cursor.execute("select overread_come_back(%s)", [after])
    if before > after:
        _one_less(before)
    return True


def hold_places(queue_ids: Iterable[int]) -> None:
    """Lock these queues' slots in their one order, before several come back in a transaction.

    Whoever holds one slot and only then asks for all of them deadlocks with another who does.
    """
    slots = QueueDepth.objects.filter(queue__in=set(queue_ids)).order_by("queue_id", "slot")
    list(slots.select_for_update().values_list("pk"))


def _one_less(queue_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {QueueDepth._meta.db_table} set waiting = waiting - 1 "
            "where queue_id = %s and slot = pg_backend_pid() %% 16",
            [queue_id],
        )


def notify(*subjects: str) -> None:
    """Wake whoever waits for these ids, when this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify('overread_changed', unnest(%s::text[]))", [list(subjects)])
