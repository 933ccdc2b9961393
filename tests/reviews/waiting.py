"""Put handoffs into a queue as intake would leave them, past the policy that would decide so."""

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Client
from handoffs import ids
from handoffs.models import Brief, Handoff, Proposal, Queue, QueueDepth, Run, Transition
from handoffs.states import HandoffKind, Tier
from tests import factories

_numbers = itertools.count(1)
ARGUMENTS = {"amount": 312.5, "currency": "USD", "order_id": "#W5744371"}


def put(
    shop: factories.Shop,
    bot: Client,
    *,
    due_in: float = 4 * 3600,
    brief: dict[str, Any] | None = None,
    kind: HandoffKind = HandoffKind.APPROVAL,
    tier: Tier | str = Tier.HARD_APPROVAL,
    arguments: dict[str, Any] | None = None,
    **changes: Any,
) -> Handoff:
    """Store a paused run and the handoff it waits for, with the transitions that led there."""
    now = timezone.now()
    with transaction.atomic():
        run = _paused_run(shop, bot)
        proposal = Proposal.objects.create(
            run=run,
            action_type="refund_order",
            arguments=json.dumps(
                ARGUMENTS if arguments is None else arguments,
                separators=(",", ":"),
                sort_keys=True,
            ),
            arguments_digest="sha-256=",
            tier=str(tier or Tier.HARD_APPROVAL),
            act="wait",
            preconditions=[{"name": "order_status", "value": "pending"}],
            map_version=1,
            rules=[{"id": "large-refund", "tier": str(tier), "because": "Refund of 200.00"}],
        )
        handoff = Handoff.objects.create(
            **{
                "id": ids.new_handoff(),
                "run": run,
                "workflow": shop.workflow,
                "proposal": proposal,
                "kind": kind.value,
                "tier": str(tier),
                "queue": shop.queue,
                "role": shop.team,
                "ladder": [level_above(shop)],
                "pause": 1,
                **due(now, due_in),
                "deadline_seconds": 4 * 3600,
                "fallback": "reject",
                **changes,
            }
        )
        Brief.objects.create(
            handoff=handoff, body=brief or factories.brief_payload(), digest="sha-256="
        )
        _log(run, handoff.id, 1, "", "waiting")
        _count(handoff.queue)
    return handoff


def due(now: datetime, seconds: float) -> dict[str, Any]:
    """A deadline that far away, which becomes urgent in its last quarter of an hour."""
    at = now + timedelta(seconds=seconds)
    return {
        "deadline_at": at,
        "urgent_at": at - timedelta(minutes=15),
        "next_at": at - timedelta(minutes=15),
        "next_rung": "urgent",
        "counted_from": at - timedelta(hours=4),
        "counted_seconds": 4 * 3600,
    }


def level_above(shop: factories.Shop, **changes: Any) -> dict[str, Any]:
    """The second level of the shop's ladder, as a handoff keeps it."""
    return {
        "level": 2,
        "role_id": shop.leads.pk,
        "role": shop.leads.name,
        "queue_id": shop.leads_queue.pk,
        "queue": shop.leads_queue.slug,
        "seconds": 4 * 3600,
        "required_context": [],
        **changes,
    }


def _paused_run(shop: factories.Shop, bot: Client) -> Run:
    run = Run.objects.create(
        workflow=shop.workflow,
        client=bot,
        external_id=f"waiting-{next(_numbers)}",
        state="RUNNING",
        cause="created",
        status_token=ids.new("tok"),
    )
    _log(run, None, 1, "", "RUNNING")
    Run.objects.filter(id=run.id).update(
        state="PAUSED_PENDING_HUMAN", version=2, pause=1, open_blocking=1, cause="proposed"
    )
    _log(run, None, 2, "RUNNING", "PAUSED_PENDING_HUMAN")
    run.refresh_from_db()
    return run


def _log(run: Run, handoff_id: str | None, version: int, before: str, after: str) -> None:
    Transition.objects.create(
        run=run,
        handoff_id=handoff_id,
        version=version,
        from_state=before,
        to_state=after,
        actor_kind="client",
        actor="bot",
        cause="proposed",
    )


def _count(queue: Queue) -> None:
    depth = QueueDepth.objects.filter(queue=queue, slot=0)
    depth.update(waiting=depth.get().waiting + 1)


def let_lease_run_out(handoff: Handoff) -> None:
    """Move the lease's end into the past, as if its time had passed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update reviews_claim set expires_at = clock_timestamp() - interval '1 second' "
            "where handoff_id = %s and ended_at is null",
            [handoff.id],
        )
