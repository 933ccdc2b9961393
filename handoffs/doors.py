"""One look at the database tells intake everything it must know before it rules."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from handoffs import actors
from handoffs.statements import Statement

_NONE = (0, 0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Everything intake must know before it rules: who asks, about which run, under which revision of
# the policy, whether this very request was answered before, how full the queues are, and whether
# one of them has paused the workflow.
DOOR = Statement(
    "door",
    """
depths as materialized (
    select jsonb_object_agg(queue_id, jsonb_build_array(waiting, places))::text as told from (
        select depth.queue_id, sum(depth.waiting) as waiting, sum(depth.quota) as places
        from handoffs_queuedepth depth
        where depth.queue_id in (
            select unnest(array[row.queue_id, row.overflow_queue_id])
            from asked
            join handoffs_run run on run.id = asked.run
            join handoffs_matrixrow row on row.workflow_id = run.workflow_id
            where row.effective_from <= now()
                and (row.effective_until is null or row.effective_until > now()))
        group by depth.queue_id) summed)
select asked.place, client.id, client.name, key.prefix, array_to_string(key.workflows, ' '),
    run.id, run.state, run.workflow_id, run.status_token, workflow.slug,
    workflow.revision, workflow.launched_at is not null,
    kept.fingerprint, kept.status, kept.body,
    (extract(epoch from statement_timestamp()) * 1000000)::bigint,
    (select told from depths),
    (select string_agg(coalesce(stop.workflow_id, 0)::text, ' ')
        from handoffs_stop stop where stop.ended_at is null),
    client.can_be_slowed, pressure.paused_since is not null
from asked
join accounts_apikey key on key.secret_hash = asked.secret_hash
    and key.revoked_at is null and (key.expires_at is null or key.expires_at > now())
join accounts_client client on client.id = key.client_id and client.is_active
left join handoffs_run run on run.id = asked.run and run.client_id = client.id
left join handoffs_workflow workflow on workflow.id = run.workflow_id
left join handoffs_workflowpressure pressure on pressure.workflow_id = workflow.id
-- by the whole of the index, also while the table passes for empty: offset keeps it a look-up
left join lateral (
    select one.fingerprint, one.status, one.body from handoffs_idempotencyrecord one
    where one.client_id = client.id and one.key = asked.key offset 0) kept on true
""",
)


@dataclass(frozen=True)
class Door:
    """What one look told: the caller, the run, the policy's revision, an earlier answer."""

    client_id: int
    client_name: str
    prefix: str
    workflows: list[str]
    run_id: str | None
    state: str
    workflow_id: int
    status_token: str
    slug: str
    revision: int
    launched: bool
    fingerprint: str | None
    status: int
    body: str | None
    now: datetime
    depths: dict[str, list[int]]
    can_be_slowed: bool = True
    # a queue was full whose row pauses the workflow then
    paused: bool = False
    # people stopped its workflow
    stopped: bool = False

    def waiting(self, queue_id: int) -> int:
        """Return how many handoffs waited in a queue when we looked."""
        return self.depths.get(str(queue_id), _NONE)[0]

    def places(self, queue_id: int) -> int | None:
        """Return how many might wait there; None of a queue that was not looked at."""
        known = self.depths.get(str(queue_id))
        return known[1] if known else None

    def add_waiting(self, queue_id: int) -> None:
        """Count one that is about to wait, for whoever was looked at in the same moment."""
        self.depths[str(queue_id)] = [self.waiting(queue_id) + 1, self.places(queue_id) or 0]

    @property
    def actor(self) -> actors.Actor:
        return actors.client_actor(self.client_name, self.prefix)


def look(*, secret_hash: str, run_id: str, key: str | None) -> Door | None:
    """Return the door, or None when the key is not good (any more)."""
    rows = DOOR.rows([knock(secret_hash=secret_hash, run_id=run_id, key=key)])
    return read(rows, 1)[0]


def knock(*, secret_hash: str, run_id: str, key: str | None) -> dict[str, str]:
    """Return who asks: the hash of the key's secret, the run's id and the Idempotency-Key."""
    return {"secret_hash": secret_hash, "run": run_id, "key": key or ""}


def read(rows: Any, asked: int) -> list[Door | None]:
    """Return a door for each that asked, or None where the key is not good (any more)."""
    found: list[Door | None] = [None] * asked
    if not rows:
        return found
    microseconds, depths, stops = rows[0][15:18]
    now = _EPOCH + timedelta(microseconds=int(microseconds))
    told = orjson.loads(depths or "{}")
    stopped = frozenset(stops.split(" ")) if stops else frozenset()
    for row in rows:
        found[int(row[0]) - 1] = _door(row, now, told, stopped)
    return found


def _door(row: Any, now: datetime, depths: dict[str, list[int]], stopped: frozenset[str]) -> Door:
    client, name, prefix, workflows, run, state, workflow, token, slug, revision, launched = row[
        1:12
    ]
    fingerprint, status, body = row[12:15]
    return Door(
        client_id=int(client),
        client_name=name,
        prefix=prefix,
        workflows=workflows.split(" "),
        run_id=run,
        state=state,
        workflow_id=int(workflow or 0),
        status_token=token,
        slug=slug,
        revision=int(revision or 0),
        launched=launched == "t",
        fingerprint=fingerprint,
        status=int(status or 0),
        body=body,
        now=now,
        depths=depths,
        can_be_slowed=row[18] == "t",
        paused=row[19] == "t",
        stopped=bool(stopped) and ("0" in stopped or workflow in stopped),
    )
