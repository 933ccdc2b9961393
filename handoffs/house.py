"""The house: what is put into a queue by ourselves, under the name of a client, and told to nobody.

A house client has no key and no endpoint, and the database gives its runs no answer and no turn to
go on. So what comes in here by the same door as everything else has no way out.
"""

from datetime import datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Sum

from accounts.models import ApiKey, Client
from accounts.queries import EVERY_WORKFLOW
from handoffs import actors, intake, runs
from handoffs.actors import Actor
from handoffs.doors import Door
from handoffs.models import MatrixRow, QueueDepth, Run, Stop, Workflow, WorkflowPressure
from handoffs.rulings import Proposed


def client_for(client: Client) -> Client:
    """Return the house client that stands for this one, under its name of today."""
    house, _ = Client.objects.update_or_create(stands_for=client, defaults={"name": client.name})
    return house


def actor_for(house: Client, workflow: Workflow) -> Actor:
    """Name the house as its client is named, with the key that this used last in the workflow."""
    keys = ApiKey.objects.filter(
        client=house.stands_for_id,
        revoked_at__isnull=True,
        workflows__overlap=[workflow.slug, EVERY_WORKFLOW],
    )
    prefix = keys.order_by("-last_used_on", "-id").values_list("prefix", flat=True).first()
    return actors.client_actor(house.name, prefix or "")


@transaction.atomic
def begin(
    workflow: Workflow,
    *,
    house: Client,
    external_id: str,
    input: dict[str, Any],
    requester: dict[str, Any] | None = None,
    now: datetime,
) -> Run:
    """Start a run of the house; its requester has a name at most, and nobody is written to."""
    run, created = runs.start(
        workflow=workflow,
        client=house,
        external_id=external_id,
        input=input,
        requester=requester,
        task=None,
        by=actor_for(house, workflow),
        now=now,
    )
    if not created:
        raise ValueError("A run of this name is there already.")
    return run


@transaction.atomic
def propose(run: Run, proposed: Proposed, *, now: datetime) -> str | None:
    """Propose in a run of the house as its client would; return the handoff, None where none came.

    Where there is no room QueueFull goes up, and with it whatever being full would have paused.
    """
    told = intake.propose(_door(run, now), proposed, keyed=None)
    handoff = orjson.loads(told.body).get("handoff")
    return None if handoff is None else str(handoff["id"])


def end(run: Run, *, now: datetime) -> None:
    """Take everything back, by the name of the client."""
    runs.stop(run.id, reason="", by=actor_for(run.client, run.workflow), now=now)


def _door(run: Run, now: datetime) -> Door:
    house, workflow = run.client, run.workflow
    by = actor_for(house, workflow)
    return Door(
        client_id=house.pk,
        client_name=house.name,
        prefix=by.audit_name.removeprefix(f"{house.name} (").removesuffix("…)"),
        workflows=[workflow.slug],
        run_id=run.id,
        state=run.state,
        workflow_id=workflow.pk,
        status_token=run.status_token,
        slug=workflow.slug,
        revision=workflow.revision,
        launched=workflow.launched_at is not None,
        fingerprint=None,
        status=0,
        body=None,
        now=now,
        depths=_depths(workflow),
        # never beyond a limit: real work goes first
        can_be_slowed=True,
        paused=WorkflowPressure.objects.filter(
            workflow=workflow, paused_since__isnull=False
        ).exists(),
        stopped=Stop.objects.filter(ended_at__isnull=True, workflow__in=[workflow]).exists()
        or Stop.objects.filter(ended_at__isnull=True, workflow__isnull=True).exists(),
    )


def _depths(workflow: Workflow) -> dict[str, list[int]]:
    rows = MatrixRow.objects.filter(workflow=workflow).values_list("queue", "overflow_queue")
    queues = {queue for row in rows for queue in row if queue is not None}
    depths = QueueDepth.objects.filter(queue__in=queues).values("queue")
    found = depths.annotate(waits=Sum("waiting"), places=Sum("quota"))
    return {str(one["queue"]): [one["waits"], one["places"]] for one in found}
