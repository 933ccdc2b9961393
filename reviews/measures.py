"""How long briefs are, and how long until somebody acts on one: for owners, never per person."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import TruncWeek

from handoffs import briefs, jobs, real
from handoffs.models import Workflow
from reviews.models import BriefMeasure

BATCH = 500
# briefs are numbered before they commit, see `search_index`
_LATE = 20_000
BUDGET = briefs.Limits()
WEEKS = 12
# Times are told of the last whole weeks, so that two looks a day apart do not tell of one reading.
TIMED_WEEKS = 4
# and only where nobody can find themselves in them: so many people, and nobody more than this share
PEOPLE, SHARE = 5, 0.4

_NEW = f"""
select fresh.id, fresh.handoff_id, h.workflow_id, coalesce(proposal.action_type, h.kind),
    fresh.version, fresh.created_at, fresh.body
from handoffs_brief fresh
join handoffs_handoff h on h.id = fresh.handoff_id and {real.run_of("h")}
left join handoffs_proposal proposal on proposal.id = h.proposal_id
where fresh.id > coalesce((select max(brief_id) from reviews_briefmeasure), 0) - {_LATE}
    and not exists (select from reviews_briefmeasure measure where measure.brief_id = fresh.id)
order by fresh.id limit %(limit)s
"""

# One reading is one person's first of one version: from opening it to the first thing they did.
_FIRST_ACTIONS = """
with readings as (
    select distinct on (measure.brief_id, claim.reviewer_id) measure.version, claim.reviewer_id,
        extract(epoch from least(claim.acted_at, case
            when claim.ended_because in ('decided', 'asked', 'escalated') then claim.ended_at end)
            - claim.opened_at) as seconds
    from reviews_briefmeasure measure
    join reviews_claim claim on claim.handoff_id = measure.handoff_id
        and claim.opened_at >= measure.written_at
    where measure.workflow_id = %(workflow)s
        and measure.written_at >= %(since)s and measure.written_at < %(until)s
        and not exists (select from reviews_briefmeasure newer
            where newer.handoff_id = measure.handoff_id and newer.version > measure.version
                and newer.written_at <= claim.opened_at)
    order by measure.brief_id, claim.reviewer_id, claim.opened_at
), people as (
    select version, reviewer_id, count(*) as readings from readings
    where seconds is not null group by version, reviewer_id
), told as (
    select version from people group by version
    having count(*) >= %(people)s and max(readings) <= %(share)s * sum(readings)
)
select readings.version, count(*),
    percentile_cont(0.5) within group (order by readings.seconds)
from readings join told using (version) where readings.seconds is not null
group by readings.version order by readings.version
"""


@dataclass(frozen=True, kw_only=True)
class Week:
    """The briefs of one week, by their length."""

    starts: datetime
    briefs: int
    inside: int


@dataclass(frozen=True, kw_only=True)
class Length:
    """The briefs about one action type or of one kind, by their length."""

    about: str
    briefs: int
    inside: int


@dataclass(frozen=True, kw_only=True)
class FirstAction:
    """How long it takes from opening a version of a brief to the first action on it."""

    version: int
    readings: int
    median_seconds: float


def measure_new(*, now: datetime) -> int:
    """Measure the briefs that came since, batch by batch; return how many."""
    return jobs.drain(_measure_some, full=BATCH)


def _measure_some() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"limit": BATCH})
        found = cursor.fetchall()
    BriefMeasure.objects.bulk_create(
        [
            BriefMeasure(
                brief_id=id,
                handoff_id=handoff,
                workflow_id=workflow,
                action_type=about[:60],
                version=version,
                words=briefs.words_to_read(json.loads(body) if isinstance(body, str) else body),
                written_at=written_at,
            )
            for id, handoff, workflow, about, version, written_at, body in found
        ],
        ignore_conflicts=True,
    )
    return len(found)


def weeks(workflow: Workflow, now: datetime) -> list[Week]:
    """Return the last weeks that had briefs, oldest first, this one included."""
    rows = (
        BriefMeasure.objects.filter(workflow=workflow, written_at__gte=_week(now, WEEKS - 1))
        .annotate(starts=TruncWeek("written_at"))
        .values("starts")
        .annotate(briefs=Count("pk"), inside=Count("pk", filter=Q(words__lte=BUDGET.words)))
        .order_by("starts")
    )
    return [Week(**row) for row in rows]


def lengths(workflow: Workflow, now: datetime) -> list[Length]:
    """Return what the briefs of the same weeks were about, those most often too long first."""
    rows = (
        BriefMeasure.objects.filter(workflow=workflow, written_at__gte=_week(now, WEEKS - 1))
        .values("action_type")
        .annotate(briefs=Count("pk"), inside=Count("pk", filter=Q(words__lte=BUDGET.words)))
    )
    found = [
        Length(about=row["action_type"], briefs=row["briefs"], inside=row["inside"]) for row in rows
    ]
    return sorted(found, key=lambda one: (one.inside / one.briefs, one.about))


def first_actions(workflow: Workflow, now: datetime) -> list[FirstAction]:
    """Return the median time to the first action, by brief version, where enough people read."""
    params: dict[str, Any] = {
        "workflow": workflow.pk,
        "since": _week(now, TIMED_WEEKS),
        "until": _week(now, 0),
        "people": PEOPLE,
        "share": SHARE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_ACTIONS, params)
        return [
            FirstAction(version=version, readings=readings, median_seconds=float(median))
            for version, readings, median in cursor.fetchall()
        ]


def _week(now: datetime, back: int) -> datetime:
    """Return when the week so many weeks back began, on a Monday at midnight UTC."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday() + 7 * back)
