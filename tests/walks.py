"""Walks runs and handoffs to a wanted state, by the real operations only."""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Client
from handoffs import actors, answers, doors, intake, resumptions, runs
from handoffs.doors import Door
from handoffs.idempotency import Told
from handoffs.models import Answer, Handoff, Run
from handoffs.resumptions import Lease
from handoffs.states import Verb
from tests import factories

APPROVER = actors.person_actor(1, "refund approvers")


def start_run(shop: factories.Shop, bot: Client, **changes: Any) -> Run:
    payload = factories.run_payload(**changes)
    run, _ = runs.start(
        workflow=shop.workflow,
        client=bot,
        external_id=payload["external_id"],
        input=payload["input"],
        requester=payload["requester"],
        task=None,
        by=actors.client_actor(bot.name, "test"),
        now=timezone.now(),
    )
    return run


def look(bot_key: str, run: Run, key: str | None = None) -> Door:
    door = doors.look(
        secret_hash=hashlib.sha256(bot_key.encode()).hexdigest(), run_id=run.id, key=key
    )
    assert door is not None
    return door


def proposed(run: Run, **changes: Any) -> intake.Proposed:
    payload = factories.proposal_payload(run.id, **changes)
    payload["checkpoint"] = '{"step": 3}'
    return intake.Proposed(**payload)


def propose(bot_key: str, run: Run, **changes: Any) -> Told:
    return intake.propose(look(bot_key, run), proposed(run, **changes), keyed=None)


def waiting(shop: factories.Shop, bot: Client, bot_key: str, **changes: Any) -> Handoff:
    """A handoff that waits for an approval of a refund; its run is paused."""
    run = start_run(shop, bot)
    propose(bot_key, run, **changes)
    return Handoff.objects.select_related("run", "proposal").get(run=run)


def say(handoff: Handoff, verb: Verb = Verb.APPROVE, **changes: Any) -> Answer:
    """Answer as a person would have; an approval releases the arguments of `waiting`."""
    if verb is Verb.APPROVE:
        changes.setdefault("arguments", factories.proposal_payload("")["arguments"])
    return answers.answer(
        handoff.id,
        round=handoff.round,
        said=answers.Said(verb=verb, **changes),
        by=APPROVER,
        now=timezone.now(),
    )


def lease(shop: factories.Shop, bot: Client, seconds: int = 60, **changes: Any) -> Lease | None:
    return resumptions.claim(
        workflow_ids=[shop.workflow.id],
        client_id=bot.id,
        worker="test",
        lease_seconds=seconds,
        by=actors.client_actor(bot.name, "test"),
        now=timezone.now(),
        **changes,
    )


def overdue(handoff: Handoff, **changes: Any) -> None:
    """Let the handoff's time have run out an hour ago, its urgency long known."""
    past = timezone.now() - timedelta(hours=1)
    this = Handoff.objects.filter(id=handoff.id)
    this.filter(next_rung="urgent").update(next_rung="deadline")
    this.update(**{"deadline_at": past, "urgent_at": past, "next_at": past}, **changes)
