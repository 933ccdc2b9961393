"""Count the reviews of each cohort as they are taken: after one that is drawn a test comes in.

A cohort is a team in a workflow. What counts is what a test could have been: an approval that one
person of the first level gives, once for each handoff however often it changes hands.
"""

from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction

from handoffs import jobs
from oversight.models import Cohort
from oversight.statistics import pacing
from reviews import log_places
from reviews.log_places import Log

TAKEN = Log(name="blind tests", table="reviews_claim", columns="id")
BATCH = 2000
_BETWEEN = " / "
# in the order in which they were taken last, so that the cohort knows where that was
_REVIEWED = """
select workflow.slug, team.name, workflow.id, team.id, h.queue_id, programme.rate, count(*)
from reviews_claim claim join handoffs_handoff h on h.id = claim.handoff_id
join handoffs_workflow workflow on workflow.id = h.workflow_id
join oversight_programme programme on programme.workflow_id = workflow.id and programme.on
join auth_group team on team.id = h.role_id
where claim.id = any(%(claims)s) and claim.turn = 1 and claim.level = 1 and claim.round = 1
    and h.level = 1 and h.kind = 'approval' and h.tier = 'hard_approval'
    and coalesce(h.safeguards ->> 'approvers', '1') = '1'
    and not exists (select from reviews_plant plant where plant.handoff_id = h.id)
group by workflow.slug, team.name, workflow.id, team.id, h.queue_id, programme.rate
order by max(claim.id)
"""
# by whom the last of them were taken: as many as would, if each did as much, meet as often
_SHARED = """
select 1 / sum(power(times / whole, 2)) from (
    select count(*)::float as times, sum(count(*)) over () as whole from (
        select claim.reviewer_id from reviews_claim claim
        join handoffs_handoff h on h.id = claim.handoff_id
        where h.workflow_id = %(workflow)s and h.role_id = %(team)s and claim.turn = 1
        order by claim.id desc limit %(limit)s
    ) latest group by reviewer_id
) shared
"""
_LATEST = 400
# a change of fewer tests than this is none
_MUCH = 0.06


class Reviewed(NamedTuple):
    """How many reviews a cohort's people took in one queue."""

    slug: str
    team: str
    workflow_id: int
    team_id: int
    queue_id: int
    rate: float
    times: int


def name(slug: str, team: str) -> str:
    """Name a cohort by its workflow and its team; a slug has no such sign in it."""
    return f"{slug}{_BETWEEN}{team}"


def words(cohort: str) -> tuple[str, str]:
    """Return the workflow and the team that a cohort is named by."""
    slug, _, team = cohort.partition(_BETWEEN)
    return slug, team


def count(*, now: datetime) -> int:
    """Count what was taken since; one process at a time, the others have nothing to do."""
    return jobs.drain(lambda: _count_some(now), full=BATCH)


@transaction.atomic
def _count_some(now: datetime) -> int:
    place = log_places.take(TAKEN)
    if place is None:
        return 0
    rows = log_places.read(TAKEN, place, limit=BATCH, now=now)
    for one in _reviewed([row[0] for row in rows]):
        _add(one)
    return len(rows)


def _reviewed(claims: list[int]) -> list[Reviewed]:
    if not claims:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_REVIEWED, {"claims": claims})
        return [Reviewed(*row) for row in cursor.fetchall()]


def _add(found: Reviewed) -> None:
    """Add to the cohort's count; with another rate it begins anew."""
    named = name(found.slug, found.team)
    fresh: dict[str, Any] = {
        "workflow_id": found.workflow_id,
        "team_id": found.team_id,
        "queue_id": found.queue_id,
        "rate": found.rate,
        "let_in": pacing.let_in(found.rate, 1),
    }
    Cohort.objects.bulk_create([Cohort(name=named, **fresh)], ignore_conflicts=True)
    cohort = Cohort.objects.select_for_update().get(name=named)
    if cohort.rate != found.rate:
        cohort.rate = found.rate
        _begin_anew(cohort, pacing.let_in(found.rate, _people(cohort)))
    cohort.queue_id = found.queue_id
    cohort.reviews += found.times
    cohort.save()


def _begin_anew(cohort: Cohort, let_in: float) -> None:
    cohort.epoch, cohort.reviews, cohort.done = cohort.epoch + 1, 0, None
    cohort.let_in = let_in


def settle(cohort: Cohort, number: int) -> None:
    """Let this stretch have had its test, or none: what was missed is not made up for.

    With many more or fewer people than before more or fewer are spared.
    """
    cohort.done = number
    let_in = pacing.let_in(cohort.rate, _people(cohort))
    if abs(let_in / cohort.let_in - 1) > _MUCH:
        _begin_anew(cohort, let_in)
    cohort.save()


def _people(cohort: Cohort) -> float:
    """Return among how many its reviews are shared: two of whom one does most are fewer."""
    asked = {"workflow": cohort.workflow_id, "team": cohort.team_id, "limit": _LATEST}
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, asked)
        (people,) = cursor.fetchone()
    return max(1.0, float(people or 1))


def due(cohort: Cohort) -> int | None:
    """Return the stretch that a test is due for; None: none is."""
    return pacing.due(
        secret(),
        key(cohort),
        reviews=cohort.reviews,
        rate=cohort.let_in,
        done=cohort.done,
    )


def key(cohort: Cohort) -> str:
    """Return what the draws of this cohort are keyed by besides the secret."""
    return f"{cohort.name}#{cohort.epoch}"


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def secret() -> bytes:
    return settings.SECRET_KEY.encode()
