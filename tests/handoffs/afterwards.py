"""Bring actions that an agent took by itself to where a person is asked about them."""

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Client
from handoffs import actors, ids, resumptions
from handoffs.models import ActionType, AuditShare, Proposal, Run
from tests import factories, walks

USUAL = {"order_id": "#1", "reason": "no longer needed"}
ODD = {"order_id": "#1", "reason": "ordered by mistake"}


def sample_all(shop: factories.Shop, *, wait_seconds: int = 3600) -> None:
    AuditShare.objects.update_or_create(
        workflow=shop.workflow,
        tier="autonomous",
        defaults={"share": 1, "wait_seconds": wait_seconds},
    )


def let_undo(shop: factories.Shop, seconds: int = 3600) -> None:
    ActionType.objects.filter(id=shop.cancel_order.pk).update(roll_back_seconds=seconds)


def act(bot_key: str, run: Run, *, outcome: str = "done", **changes: Any) -> Proposal:
    """Propose what needs nobody, and report how it went unless `outcome` is empty."""
    payload = {"brief": None, **factories.small_proposal_payload(run.id), **changes}
    del payload["run"]
    told = walks.propose(bot_key, run, **payload)
    proposal = Proposal.objects.select_related("run").get(id=json.loads(told.body)["id"])
    if outcome:
        report(proposal, outcome)
    return proposal


def report(proposal: Proposal, status: str, detail: str = "") -> None:
    resumptions.report_outcome(
        proposal, status=status, detail=detail, by=actors.SYSTEM, now=timezone.now()
    )
    proposal.refresh_from_db()


def drawn(shop: factories.Shop, bot: Client, bot_key: str, **changes: Any) -> Proposal:
    """A drawn action of a fresh run, its outcome reported."""
    sample_all(shop)
    return act(bot_key, walks.start_run(shop, bot), **changes)


def age(proposal: Proposal, **by: float) -> None:
    created = timezone.now() - timedelta(**by)
    Proposal.objects.filter(id=proposal.id).update(created_at=created)


def stored(
    run: Run, arguments: dict[str, Any], *, ago: float = 60, tier: str = "autonomous"
) -> str:
    """Store an action as intake would have, some seconds ago; return its id."""
    at = timezone.now() - timedelta(seconds=ago)
    made = ids.at("prop", at)[:15] + ids.new("prop")[15:]
    Proposal.objects.create(
        id=made,
        run=run,
        action_type="cancel_order",
        arguments=json.dumps(arguments),
        arguments_digest=f"sha-256={made}",
        tier=tier,
        act="proceed",
        map_version=1,
        created_at=at,
    )
    return made
