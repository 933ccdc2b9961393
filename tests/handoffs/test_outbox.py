"""What is told: to whom it concerns, with the change it tells of."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Client
from handoffs import actors, endpoints, outbox
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


def send_again() -> bool:
    return endpoints.send_again(OutboxMessage.objects.get(), by=actors.SYSTEM, now=timezone.now())


def test_a_dead_letter_is_put_back_with_all_its_attempts(bot: Client) -> None:
    endpoint(bot)
    outbox.tell(bot.id, "handoff.answered", ANSWERED)
    OutboxMessage.objects.update(state="dead", attempts=10, last_error="Answered 500.")

    assert send_again()

    message = OutboxMessage.objects.get()
    assert (message.state, message.attempts) == ("pending", 0)
    assert AuditEntry.objects.get(subject=message.id).action == "message.sent_again"


@pytest.mark.parametrize("state", ["pending", "delivered"])
def test_what_is_not_dead_is_not_sent_again(bot: Client, state: str) -> None:
    endpoint(bot)
    outbox.tell(bot.id, "handoff.answered", ANSWERED)
    OutboxMessage.objects.update(state=state)

    assert not send_again()
    assert OutboxMessage.objects.get().state == state
    assert not AuditEntry.objects.exists()


def test_nothing_is_sent_again_to_an_endpoint_that_is_off(bot: Client) -> None:
    endpoint(bot)
    outbox.tell(bot.id, "handoff.answered", ANSWERED)
    OutboxMessage.objects.update(state="dead")
    WebhookEndpoint.objects.update(enabled=False)

    assert not send_again()
    assert OutboxMessage.objects.get().state == "dead"


def test_a_dead_mail_is_put_back_too() -> None:
    outbox.mail("mia@example.com", "run.failed", {"subject": "s", "text": "t"})
    OutboxMessage.objects.update(state="dead")

    assert send_again()
