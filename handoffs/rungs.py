"""What fired because nobody had answered by then: each rung once, in order."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from handoffs import audit, clocks
from handoffs.actors import POLICY
from handoffs.models import Handoff, Rung
from handoffs.states import RungName

# what comes again for as long as nobody answers
_REPEATING = {RungName.REVIEW, RungName.INFORMATION}

_PASS_OVER = """
with given as (
    select * from unnest(%s::text[], %s::integer[], %s::smallint[], %s::timestamptz[])
        with ordinality as given (handoff, round, level, due_at, place)
)
insert into handoffs_rung (handoff_id, round, level, rung, due_at, outcome, passed_over)
select handoff, round, level, 'urgent', due_at, 'urgent', true from given order by place
on conflict on constraint rung_fires_once do nothing
returning handoff_id
"""
_LOG = """
with given as (
    select * from unnest(%(handoffs)s::text[], %(rounds)s::integer[], %(levels)s::smallint[],
        %(rungs)s::text[], %(due)s::timestamptz[], %(outcomes)s::text[])
        with ordinality as given (handoff, round, level, rung, due_at, outcome, place)
)
insert into handoffs_rung (handoff_id, round, level, rung, number, due_at, outcome)
select handoff, round, level, rung,
    case when rung = any(%(repeating)s) then 1 + coalesce((
        select max(before.number) from handoffs_rung before
        where before.handoff_id = given.handoff and before.round = given.round
            and before.level = given.level and before.rung = given.rung), 0) else 1 end,
    due_at, outcome
from given order by place
"""


def log(handoff: Handoff, rung: RungName, *, due_at: datetime, outcome: str) -> None:
    """Note what fired, with the round and level that the locked handoff had before."""
    log_all([(handoff, rung, due_at, outcome)])


def pass_over_urgency(handoff: Handoff) -> RungName:
    """Note that it was urgent while nobody looked; return what fires instead.

    Nobody is told of it: who hears that it moved on need not hear that it was urgent before.
    """
    end = clocks.end_of(handoff)
    if pass_over_all([handoff]):
        audit.record(
            by=POLICY,
            action="handoff.urgency_passed",
            subject=handoff.id,
            body=passed_facts(handoff),
        )
    return end


def log_all(
    fired: Sequence[tuple[Handoff, RungName, datetime, str]],
) -> None:
    """Note what fired of many: handoff, rung, when it was due and what it came to."""
    if not fired:
        return
    handoffs, names, due, outcomes = (list(column) for column in zip(*fired, strict=True))
    given = {
        "handoffs": [one.id for one in handoffs],
        "rounds": [one.round for one in handoffs],
        "levels": [one.level for one in handoffs],
        "rungs": [name.value for name in names],
        "due": due,
        "outcomes": outcomes,
        "repeating": [name.value for name in _REPEATING],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOG, given)


def ended_once(handoffs: Collection[Handoff]) -> set[str]:
    """Return those whose present level ended before."""
    if not handoffs:
        return set()
    now_at = {(one.id, one.round, one.level) for one in handoffs}
    ended = Rung.objects.filter(
        handoff__in=[one.id for one in handoffs], rung=RungName.DEADLINE.value
    )
    return {
        id for id, *at in ended.values_list("handoff_id", "round", "level") if (id, *at) in now_at
    }


def pass_over_all(handoffs: Sequence[Handoff]) -> set[str]:
    """Note that these were urgent while nobody looked; return those of which it was not known."""
    if not handoffs:
        return set()
    rows = [(one.id, one.round, one.level, one.urgent_at) for one in handoffs]
    with connection.cursor() as cursor:
        cursor.execute(_PASS_OVER, [list(column) for column in zip(*rows, strict=True)])
        return {row[0] for row in cursor.fetchall()}


def passed_facts(handoff: Handoff) -> dict[str, object]:
    return {"level": handoff.level, "urgent_at": handoff.urgent_at.isoformat()}
