"""Say where clients are told of events, with which secret, and send again what was given up."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Client
from handoffs import audit, webhooks
from handoffs.actors import Actor
from handoffs.models import OutboxMessage, WebhookEndpoint

EVENTS = (
    "handoff.answered",
    "handoff.needs_information",
    "handoff.information_given",
    "handoff.level_changed",
    "handoff.timed_out",
    "run.state_changed",
    "requester.said",
    "action.roll_back",
    "workflow.stopped",
    "workflow.resumed",
    "queue.pressure",
    "alarm.raised",
    "alarm.cleared",
)
DEAD, PENDING = OutboxMessage.State.DEAD, OutboxMessage.State.PENDING


@transaction.atomic
def add(
    client: Client, *, url: str, events: Collection[str], by: Actor, now: datetime
) -> WebhookEndpoint:
    """Tell `client` of `events` at `url` from now on; without events, of every one."""
    endpoint = WebhookEndpoint.objects.create(
        client=client, url=url, events=sorted(events), secret=webhooks.new_secret()
    )
    _note("endpoint.added", endpoint, by, url=url, events=sorted(events))
    return endpoint


@transaction.atomic
def describe(
    endpoint: WebhookEndpoint,
    *,
    url: str,
    events: Collection[str],
    enabled: bool,
    by: Actor,
    now: datetime,
) -> None:
    """Change where and of what a client is told; switching on forgets why it was off."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        url=url,
        events=sorted(events),
        enabled=enabled,
        disabled_because="" if enabled else endpoint.disabled_because or "Switched off by hand.",
    )
    facts = {"url": url, "events": sorted(events), "enabled": enabled}
    _note("endpoint.described", endpoint, by, **facts)


@transaction.atomic
def rotate_secret(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> str:
    """Return a new secret; messages carry signatures of both until `end_rotation`."""
    secret = webhooks.new_secret()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(old_secret=F("secret"), secret=secret)
    _note("endpoint.secret_rotated", endpoint, by)
    return secret


@transaction.atomic
def end_rotation(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> None:
    """Sign with the new secret only."""
    rotating = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(old_secret="")
    if rotating.update(old_secret=""):
        _note("endpoint.rotation_ended", endpoint, by)


@transaction.atomic
def send_again(message: OutboxMessage, *, by: Actor, now: datetime) -> bool:
    """Put a dead letter back in line, under the same id, with all its attempts before it.

    False when it is no dead letter, or when its endpoint is off and it would only lie there.
    """
    dead = OutboxMessage.objects.filter(pk=message.pk, state=DEAD).exclude(endpoint__enabled=False)
    dead = dead.exclude(channel__enabled=False)
    if not dead.update(state=PENDING, attempts=0, next_attempt_at=Now(), last_error=""):
        return False
    audit.record(by=by, action="message.sent_again", subject=message.pk[:60], body={})
    return True


def _note(action: str, endpoint: WebhookEndpoint, by: Actor, **facts: object) -> None:
    audit.record(by=by, action=action, subject=f"endpoint {endpoint.pk}", body=facts)
