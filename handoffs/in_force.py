"""What binds a workflow at one moment, with its digest: pages and agents are told the same."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from handoffs import canonical, policy, queries
from handoffs.authority import Row
from handoffs.models import MatrixRow, Queue, RiskTierMap, Workflow

# says when, not what
_WHEN = ("id", "effective_from", "effective_until")


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The map in force, the rows of the matrix and the queues that they name."""

    workflow: Workflow
    at: datetime
    map: RiskTierMap | None
    following: RiskTierMap | None
    rows: tuple[MatrixRow, ...]

    @cached_property
    def queues(self) -> tuple[Queue, ...]:
        """Every queue that a handoff of this workflow can come to wait in, by name."""
        named: dict[int, Queue] = {}
        known = Queue.objects.select_related("overflow_queue").in_bulk()
        for row in self.rows:
            steps = [step.queue_id for step in row.steps.all()]
            for id in (row.queue_id, row.overflow_queue_id, *steps):
                while id is not None and id not in named:
                    named[id] = known[id]
                    id = known[id].overflow_queue_id
        return tuple(sorted(named.values(), key=lambda queue: (queue.name, queue.pk)))

    @cached_property
    def map_digest(self) -> str | None:
        if self.map is None:
            return None
        return self.map.digest or policy.parse_map(self.map.body).digest

    @cached_property
    def digest(self) -> str:
        """Identify all that is said here, whenever it began and whatever its numbers are."""
        told = {
            "map": self.map_digest,
            "rows": sorted((_row(queries.authority_row(row)) for row in self.rows), key=json.dumps),
            "queues": [_queue(queue) for queue in self.queues],
        }
        return canonical.digest(told)


def of(workflow: Workflow, at: datetime) -> InForce:
    """Read what binds `workflow` at `at`; a fixed number of queries."""
    maps = RiskTierMap.objects.filter(workflow=workflow).select_related("published_by")
    return InForce(
        workflow=workflow,
        at=at,
        map=maps.in_force(at).first(),
        following=maps.scheduled(at).first(),
        rows=tuple(queries.rows_in_force(workflow, at)),
    )


def maps(workflows: Iterable[Workflow], at: datetime) -> dict[int, RiskTierMap]:
    """Return the map in force of each workflow that has one, in one query."""
    found: QuerySet[RiskTierMap] = RiskTierMap.objects.filter(workflow__in=workflows).in_force(at)
    return {map.workflow_id: map for map in found.defer("body", "cases")}


def _row(row: Row) -> dict[str, Any]:
    told = {name: value for name, value in asdict(row).items() if name not in _WHEN}
    plain: dict[str, Any] = json.loads(json.dumps(told))
    return plain


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "slug": queue.slug,
        "depth_limit": queue.depth_limit,
        "work_minutes_limit": queue.work_minutes_limit,
        "overflow_queue": queue.overflow_queue.slug if queue.overflow_queue else None,
        "time_zone": queue.time_zone,
        "hours": queue.hours,
        "holidays": queue.holidays,
        "country": queue.country,
    }
