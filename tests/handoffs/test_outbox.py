"""What is told: to whom it concerns, with the change it tells of."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Client
from handoffs import actors, outbox
from handoffs.errors import NotReplayable
from handoffs.models import AuditEntry, OutboxMessage, WebhookEndpoint
from tests.factories import ClientFactory

pytestmark = pytest.mark.django_db

URL = "https://agents.example/hook"
ANSWERED = {"handoff": "ho_1", "sequence": 2, "note": "50 % off {all}"}


def endpoint(client: Client, **fields: Any) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(client=client, url=URL, secret="whsec_", **fields)


def test_every_endpoint_that_wants_the_event_gets_its_own_message(bot: Client) -> None:
    every, named = endpoint(bot), endpoint(bot, events=["handoff.answered", "run.state_changed"])
    endpoint(bot, events=["run.state_changed"])
    endpoint(bot, enabled=False)
    endpoint(ClientFactory())

    outbox.tell(bot.id, "handoff.answered", ANSWERED)

    messages = OutboxMessage.objects.order_by("endpoint")
    assert [message.endpoint_id for message in messages] == [every.id, named.id]
    assert {message.id.rpartition("_")[0] for message in messages} == {
        messages[0].id.removesuffix(f"_{every.id}")
    }
    for message in messages:
        assert message.payload == ANSWERED
        assert (message.event, message.state, message.attempts) == (
            "handoff.answered",
            "pending",
            0,
        )


def test_a_client_without_endpoints_is_told_nothing(bot: Client) -> None:
    outbox.tell(bot.id, "handoff.answered", ANSWERED)

    assert not OutboxMessage.objects.exists()


def test_a_message_falls_with_what_it_tells_of(bot: Client) -> None:
    endpoint(bot)

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.tell(bot.id, "handoff.answered", ANSWERED)
        outbox.mail("mia@example.com", "run.failed", {"subject": "s", "text": "t"})
        raise ZeroDivisionError

    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("event", ["handoff.answered", "run.state_changed"])
def test_what_moves_is_told_with_its_sequence(bot: Client, event: str) -> None:
    with pytest.raises(ValueError, match="sequence"):
        outbox.tell(bot.id, event, {"handoff": "ho_1"})


def test_what_does_not_move_needs_no_sequence(bot: Client) -> None:
    endpoint(bot)

    outbox.tell(bot.id, "queue.pressure", {"queue": "refunds"})

    assert OutboxMessage.objects.get().payload == {"queue": "refunds"}


def test_a_dead_message_is_put_back_with_all_its_attempts(bot: Client) -> None:
    endpoint(bot)
    outbox.tell(bot.id, "handoff.answered", ANSWERED)
    OutboxMessage.objects.update(state="dead", attempts=10, last_error="Answered 500.")
    id = OutboxMessage.objects.get().id

    outbox.replay(id, by=actors.SYSTEM, now=timezone.now())

    message = OutboxMessage.objects.get(id=id)
    assert (message.state, message.attempts) == ("pending", 0)
    assert AuditEntry.objects.get(subject=id).action == "message.replayed"


def test_what_is_not_dead_is_not_replayed(bot: Client) -> None:
    endpoint(bot)
    outbox.tell(bot.id, "handoff.answered", ANSWERED)
    message = OutboxMessage.objects.get()

    for state in ("pending", "delivered"):
        OutboxMessage.objects.update(state=state)
        with pytest.raises(NotReplayable):
            outbox.replay(message.id, by=actors.SYSTEM, now=timezone.now())
    assert not AuditEntry.objects.exists()


def test_nothing_is_replayed_to_an_endpoint_that_is_off(bot: Client) -> None:
    off = endpoint(bot)
    outbox.tell(bot.id, "handoff.answered", ANSWERED)
    OutboxMessage.objects.update(state="dead")
    WebhookEndpoint.objects.filter(id=off.id).update(enabled=False)

    with pytest.raises(NotReplayable):
        outbox.replay(OutboxMessage.objects.get().id, by=actors.SYSTEM, now=timezone.now())


def test_a_dead_mail_is_put_back_too(db: None) -> None:
    outbox.mail("mia@example.com", "run.failed", {"subject": "s", "text": "t"})
    OutboxMessage.objects.update(state="dead")

    outbox.replay(OutboxMessage.objects.get().id, by=actors.SYSTEM, now=timezone.now())

    assert OutboxMessage.objects.get().state == "pending"
