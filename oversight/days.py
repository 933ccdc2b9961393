"""Count the days on which something moved, each as a whole and as if for the first time."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from handoffs import ids, real
from handoffs.models import Handoff
from oversight import weeks
from oversight.models import FigureDay
from reviews import log_places
from reviews.log_places import Log

MOVES = Log(name="figures", table="handoffs_transition", columns="id, handoff_id")
BATCH = 5000
# when figures are new they begin with what came in these days
FIRST_LOOK = 56
# by then it is no longer known where a handoff came to first, see arrivals.KEPT: a day stands
CLOSED = 33
# a day may still get a proposal that was named before midnight
_STILL = timedelta(minutes=15)

# every handoff that came on some local days, with where it came to
CAME = f"""
came as materialized (
    select * from (
        select h.id, h.run_id, h.workflow_id, h.kind, h.tier, h.state, h.round, h.opened_at,
            h.answered_at, queue.id as queue_id, coalesce(proposal.action_type, h.kind)
            as action_type, (h.opened_at at time zone queue.time_zone)::date as day
        from handoffs_handoff h
        left join oversight_arrival arrival on arrival.handoff_id = h.id
        join handoffs_queue queue on queue.id = coalesce(arrival.queue_id, h.queue_id)
        left join handoffs_proposal proposal on proposal.id = h.proposal_id
        where h.id >= %(since)s and h.id < %(until)s and {real.run_of("h")}
    ) known where day = any(%(days)s)
)
"""
_MOVED = f"""
select distinct (h.opened_at at time zone queue.time_zone)::date
from handoffs_handoff h
left join oversight_arrival arrival on arrival.handoff_id = h.id
join handoffs_queue queue on queue.id = coalesce(arrival.queue_id, h.queue_id)
where h.id = any(%(handoffs)s) and h.opened_at >= %(closed)s and {real.run_of("h")}
"""
_COUNT = f"""
with {CAME}, moved as (
    select came.id, bool_or(move.cause = 'timed_out') as late,
        bool_or(move.cause = 'escalated' and move.from_state <> '') as escalated,
        bool_or(move.cause = 'sent_on') as sent_on,
        bool_or(move.cause = 'information_asked') as asked
    from came join handoffs_transition move
        on move.run_id = came.run_id and move.handoff_id = came.id group by came.id
), said as (
    select came.id, decision.verb, decision.undone_at is not null as undone,
        decision.changed_after_reveal as changed,
        coalesce(claim.read_seconds,
            extract(epoch from decision.decided_at - decision.opened_at)) as seconds
    from came join reviews_decision decision on decision.handoff_id = came.id
    join reviews_claim claim on claim.id = decision.claim_id
), spoken as (
    select id, count(*) filter (where not undone) as decisions,
        count(*) filter (where undone) as taken_back,
        count(*) filter (where not undone and verb <> 'approve') as not_approved,
        count(*) filter (where not undone and verb = 'approve_with_edits') as edited,
        count(*) filter (where not undone and changed is not null) as judged,
        count(*) filter (where not undone and changed) as changed
    from said group by id
), stays as (
    select id, to_state, sum(seconds) as seconds from (
        select came.id, move.to_state, extract(epoch from lead(move.at)
            over (partition by came.id order by move.version) - move.at) as seconds
        from came join handoffs_transition move
            on move.run_id = came.run_id and move.handoff_id = came.id
        where came.state in ('answered', 'withdrawn')
    ) stay where to_state in ('waiting', 'needs_information') and seconds is not null
    group by id, to_state
), one as (
    select came.*, answer.by_kind, coalesce(moved.late, false) as late,
        coalesce(moved.escalated, false) as escalated,
        coalesce(moved.sent_on, false) as sent_on, coalesce(moved.asked, false) as asked
    from came left join moved on moved.id = came.id
    left join handoffs_answer answer on came.state = 'answered'
        and answer.handoff_id = came.id and answer.round = came.round
), times as (
    select id, 'response' as what, extract(epoch from answered_at - opened_at) as seconds
    from one where by_kind = 'person'
    union all select id, 'review', seconds from said where not undone
    union all select id, to_state, seconds from stays
), binned as (
    select workflow_id, queue_id, tier, action_type, day, what, jsonb_object_agg(bin, many) as bins
    from (
        select workflow_id, queue_id, tier, action_type, day, what,
            floor(ln(greatest(seconds, 0.1)::float) * 10)::int as bin, count(*) as many
        from times join came on came.id = times.id
        group by workflow_id, queue_id, tier, action_type, day, what, bin
    ) counted group by workflow_id, queue_id, tier, action_type, day, what
), timed as (
    select workflow_id, queue_id, tier, action_type, day, jsonb_object_agg(what, bins) as times
    from binned group by workflow_id, queue_id, tier, action_type, day
), spelled as (
    select workflow_id, queue_id, tier, action_type, day, jsonb_object_agg(verb, many) as verbs
    from (
        select workflow_id, queue_id, tier, action_type, day, verb, count(*) as many
        from said join came on came.id = said.id where not undone
        group by workflow_id, queue_id, tier, action_type, day, verb
    ) counted group by workflow_id, queue_id, tier, action_type, day
), cells as (
    select workflow_id, queue_id, tier, action_type, day, count(*) as came,
        count(*) filter (where state not in ('answered', 'withdrawn')) as open,
        count(*) filter (where by_kind = 'person') as by_people,
        count(*) filter (where by_kind = 'policy') as by_policy,
        count(*) filter (where state = 'withdrawn') as withdrawn,
        count(*) filter (where by_kind = 'person' and not late) as in_time,
        count(*) filter (where late) as late, count(*) filter (where escalated) as escalated,
        count(*) filter (where sent_on) as sent_on, count(*) filter (where asked) as asked,
        count(*) filter (where round > 1) as reopened,
        coalesce(sum(decisions), 0) as decisions, coalesce(sum(taken_back), 0) as taken_back,
        coalesce(sum(decisions) filter (where kind = 'approval'), 0) as approvals,
        coalesce(sum(not_approved) filter (where kind = 'approval'), 0) as overridden,
        coalesce(sum(edited) filter (where kind = 'approval'), 0) as edited,
        coalesce(sum(judged), 0) as judged, coalesce(sum(changed), 0) as changed
    from one left join spoken using (id) group by workflow_id, queue_id, tier, action_type, day
)
insert into oversight_figureday (workflow_id, queue_id, tier, action_type, day, came, open,
    by_people, by_policy, withdrawn, in_time, late, escalated, sent_on, asked, reopened, decisions,
    taken_back, approvals, overridden, edited, judged, changed, verbs, times)
select cells.*, coalesce(verbs, '{{}}'), coalesce(times, '{{}}') from cells
left join spelled using (workflow_id, queue_id, tier, action_type, day)
left join timed using (workflow_id, queue_id, tier, action_type, day)
"""
_PROPOSED = f"""
insert into oversight_proposalday (workflow_id, action_type, tier, day, proposed)
select run.workflow_id, proposal.action_type, proposal.tier,
    (proposal.created_at at time zone 'UTC')::date as day, count(*)
from handoffs_proposal proposal join handoffs_run run on run.id = proposal.run_id
where proposal.id >= %(since)s and proposal.id < %(until)s and {real.run()}
    and (proposal.created_at at time zone 'UTC')::date = any(%(days)s)
group by 1, 2, 3, 4
on conflict (day, workflow_id, action_type, tier) do update set proposed = excluded.proposed
"""


def count(*, now: datetime) -> int:
    """Count what moved since; return how many days were counted anew."""
    first = not log_places.is_read(MOVES)
    counted = 0
    while True:
        with transaction.atomic():
            place = log_places.take(MOVES)
            if place is None:
                return counted
            moves = log_places.read(MOVES, place, limit=BATCH, now=now)
            days = _moved({row[1] for row in moves if row[1]}, now)
            if first and not counted:
                days |= _since_anything_came(now)
            recount(days)
            counted += len(days)
        if len(moves) < BATCH:
            break
    _count_proposals(now, first=first)
    return counted


def _since_anything_came(now: datetime) -> set[date]:
    """Return the last days, and none before the first handoff: those may hold demo history."""
    came = Handoff.objects.filter(real.of("run")).order_by("id")
    oldest = came.values_list("opened_at", flat=True).first()
    if oldest is None:
        return set()
    days = {now.date() - timedelta(days=back) for back in range(-1, FIRST_LOOK)}
    return {day for day in days if day >= (oldest - weeks.AROUND).date()}


def _moved(handoffs: set[str], now: datetime) -> set[date]:
    if not handoffs:
        return set()
    closed = now - timedelta(days=CLOSED)
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"handoffs": list(handoffs), "closed": closed})
        return {day for (day,) in cursor.fetchall()}


def recount(days: Collection[date]) -> None:
    """Count these days from what is there, and the weeks that they lie in."""
    if not days:
        return
    FigureDay.objects.filter(day__in=days).delete()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, span(days))
    for monday in sorted({weeks.monday(day) for day in days}):
        weeks.recount(monday)


def span(days: Collection[date], prefix: str = "ho") -> dict[str, Any]:
    """Return what CAME asks for: the days, and between which names they lie."""
    first, last = min(days), max(days) + timedelta(days=1)
    return {
        "days": sorted(days),
        "since": ids.at(prefix, datetime.combine(first, time(), UTC) - weeks.AROUND),
        "until": ids.at(prefix, datetime.combine(last, time(), UTC) + weeks.AROUND),
    }


def _count_proposals(now: datetime, *, first: bool) -> None:
    today = now.astimezone(UTC).date()
    days = {today, (now - _STILL).astimezone(UTC).date()}
    if first:
        days |= {today - timedelta(days=back) for back in range(FIRST_LOOK)}
    with connection.cursor() as cursor:
        cursor.execute(_PROPOSED, span(days, "prop"))
