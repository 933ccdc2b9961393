"""Read side: how full the people are, and what binds a workflow now."""

from dataclasses import dataclass
from typing import Any, Literal

from django.db import connection

from handoffs.models import MatrixRow, RiskTierMap, Workflow

# below this share of the limit nothing slows down
SLOW_FROM = 0.8
CLOSED_RETRY_SECONDS = 30

_DEPTHS = """
select queue.slug, coalesce(sum(depth.waiting), 0), queue.depth_limit
from handoffs_queue queue left join handoffs_queuedepth depth on depth.queue_id = queue.id
where queue.id in (select queue_id from handoffs_matrixrow where workflow_id = %s)
group by queue.id order by queue.slug
"""
# the newest thousand only: what it costs does not grow with the history
_TYPICAL_WAIT = """
select percentile_cont(0.5) within group (
    order by extract(epoch from recent.answered_at - recent.opened_at))
from (
    select queue_id, opened_at, answered_at from handoffs_handoff order by id desc limit 1000
) recent
where recent.answered_at is not null and recent.queue_id in (
    select queue_id from handoffs_matrixrow where workflow_id = %s)
"""


@dataclass(frozen=True)
class QueueDepth:
    queue: str
    depth: int
    limit: int

    @property
    def share(self) -> float:
        return self.depth / self.limit if self.limit else 1.0


@dataclass(frozen=True, kw_only=True)
class Pressure:
    """How full the queues of a workflow are; the fullest one decides."""

    queues: list[QueueDepth]
    typical_wait_seconds: int | None

    @property
    def fullest(self) -> QueueDepth | None:
        return max(self.queues, key=lambda queue: queue.share, default=None)

    @property
    def level(self) -> Literal["open", "slow", "closed"]:
        share = self.fullest.share if self.fullest else 0
        return "closed" if share >= 1 else "slow" if share >= SLOW_FROM else "open"

    @property
    def retry_after(self) -> int | None:
        return CLOSED_RETRY_SECONDS if self.level == "closed" else None


def pressure(workflow: Workflow) -> Pressure:
    with connection.cursor() as cursor:
        cursor.execute(_DEPTHS, [workflow.pk])
        # slots are counted apart, so that a sum in passing may be below nothing
        queues = [QueueDepth(slug, max(0, int(n)), limit) for slug, n, limit in cursor.fetchall()]
        cursor.execute(_TYPICAL_WAIT, [workflow.pk])
        (wait,) = cursor.fetchone()
    return Pressure(queues=queues, typical_wait_seconds=None if wait is None else round(wait))


def matrix_rows(workflow: Workflow) -> list[MatrixRow]:
    """Return the governance matrix of the workflow, the most general rows first."""
    related = ("action_type", "role", "queue", "escalate_role", "escalate_queue")
    rows = MatrixRow.objects.filter(workflow=workflow).select_related(*related)
    return sorted(rows, key=_specificity)


def _specificity(row: MatrixRow) -> tuple[Any, ...]:
    named = (row.action_type.name if row.action_type else None, row.kind, row.tier)
    return sum(part is not None for part in named), *(part or "" for part in named)


def published_map(workflow: Workflow) -> RiskTierMap | None:
    """Return the version in force by the database's clock."""
    return RiskTierMap.objects.filter(workflow=workflow).in_force().first()


def next_map(workflow: Workflow) -> RiskTierMap | None:
    """Return the version that takes over from the one in force, when one is scheduled."""
    return RiskTierMap.objects.filter(workflow=workflow).scheduled().first()
