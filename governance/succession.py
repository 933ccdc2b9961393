"""Which version of a map rules when, and how a new one takes its place among the others."""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import connection
from django.db.models import Min, Q

from governance.errors import InThePast
from handoffs.models import RiskTierMap, Workflow

# forms tell minutes: the minute that runs is still now
_GRACE = timedelta(minutes=1)


class Standing(StrEnum):
    """What a version is at a given moment."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    IN_FORCE = "in force"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


def standing(map: RiskTierMap, now: datetime) -> Standing:
    """Say what `map` is at `now`."""
    if map.state != RiskTierMap.State.PUBLISHED:
        return Standing(map.state)
    assert map.effective_at is not None
    end = map.superseded_at
    if end is not None and (end <= now or end <= map.effective_at):
        return Standing.SUPERSEDED
    return Standing.SCHEDULED if map.effective_at > now else Standing.IN_FORCE


def begin(effective_at: datetime | None) -> datetime:
    """Return when a version published in this transaction begins, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        (moment,) = cursor.fetchone()
    if effective_at is not None and effective_at < moment - _GRACE:
        raise InThePast
    begins: datetime = max(effective_at or moment, moment)
    return begins


def make_room(workflow: Workflow, begins: datetime) -> datetime | None:
    """End at `begins` whatever would rule then; return when the one after it takes over, if any."""
    published = RiskTierMap.objects.filter(workflow=workflow).published()
    still = Q(superseded_at=None) | Q(superseded_at__gt=begins)
    published.filter(still, effective_at__lte=begins).update(superseded_at=begins)
    later = published.filter(effective_at__gt=begins)
    successor: datetime | None = later.aggregate(first=Min("effective_at"))["first"]
    return successor


def close_gap(map: RiskTierMap) -> None:
    """Let the version before a scheduled one go on to where that one would have ended."""
    RiskTierMap.objects.filter(
        workflow=map.workflow_id,
        state=RiskTierMap.State.PUBLISHED,
        superseded_at=map.effective_at,
        effective_at__lt=map.effective_at,
    ).update(superseded_at=map.superseded_at)
