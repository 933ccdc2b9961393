"""What is told arrives: at least once, under one id, and nobody waits behind one who does not."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import Client
from handoffs import deliveries, locks, outbox, webhooks
from handoffs.models import AuditEntry, OutboxMessage, WebhookEndpoint
from handoffs.webhooks import Delivery
from tests.database import Databases
from tests.factories import ClientFactory
from tests.flows.processes import until
from tests.handoffs.receiver import Received, Receiver, receiving

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_GO_INWARD = True
    with receiving() as receiver:
        yield receiver


def endpoint(client: Client, url: str, **fields: Any) -> WebhookEndpoint:
    secret = fields.pop("secret", webhooks.new_secret())
    return WebhookEndpoint.objects.create(client=client, url=url, secret=secret, **fields)


def tell(client: Client, count: int = 1) -> None:
    for sequence in range(1, count + 1):
        outbox.tell(client.id, "handoff.answered", {"handoff": "ho_1", "sequence": sequence})


def make_due() -> None:
    """Move what waits for its next attempt, as if the time had passed."""
    OutboxMessage.objects.filter(state="pending").update(
        next_attempt_at=timezone.now() - timedelta(minutes=5)
    )


def nobody_sends() -> bool:
    """The lock of a killed sender is gone once the server has noticed that it is dead."""
    with locks.only_one(deliveries.SENDER_LOCK) as alone:
        return alone


def only() -> OutboxMessage:
    return OutboxMessage.objects.get()


def test_a_message_arrives_signed(db: None, bot: Client, receiver: Receiver) -> None:
    there = endpoint(bot, receiver.url + "/hook")
    tell(bot)

    assert deliveries.deliver() == 1

    (received,) = receiver.received
    assert Webhook(there.secret).verify(received.body, received.headers)
    assert received.headers["content-type"] == "application/json"
    body = json.loads(received.body)
    assert body.keys() == {"type", "timestamp", "data"}
    assert body["type"] == "handoff.answered"
    assert body["data"] == {"handoff": "ho_1", "sequence": 1}
    message = only()
    assert received.id == message.id
    assert (message.state, message.attempts, message.last_error) == ("delivered", 1, "")
    assert message.delivered_at is not None


def test_while_a_secret_rotates_both_verify(db: None, bot: Client, receiver: Receiver) -> None:
    old = webhooks.new_secret()
    there = endpoint(bot, receiver.url + "/hook", old_secret=old)
    tell(bot)

    deliveries.deliver()

    (received,) = receiver.received
    for secret in (there.secret, old):
        assert Webhook(secret).verify(received.body, received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhooks.new_secret()).verify(received.body, received.headers)


def test_a_failure_is_tried_again_under_the_same_id(
    db: None, bot: Client, receiver: Receiver
) -> None:
    endpoint(bot, receiver.says("/hook", 500))
    tell(bot)

    assert deliveries.deliver() == 0
    failed = only()
    assert (failed.state, failed.attempts) == ("pending", 1)
    assert "500" in failed.last_error
    assert 4 < (failed.next_attempt_at - timezone.now()).total_seconds() < 6
    assert deliveries.deliver() == 0, "it is not due"

    receiver.says("/hook", 200)
    make_due()
    assert deliveries.deliver() == 1

    assert [received.id for received in receiver.received] == [failed.id] * 2
    assert only().attempts == 2


def test_the_schedule_ends_after_three_days_in_a_dead_letter(
    db: None, bot: Client, receiver: Receiver
) -> None:
    endpoint(bot, receiver.says("/hook", 503))
    tell(bot)
    waited = []

    while only().state == "pending":
        make_due()
        deliveries.deliver()
        waited.append((only().next_attempt_at - timezone.now()).total_seconds())

    hours = sum(waited[:-1]) / 3600
    assert len(receiver.received) == 10
    assert 75 <= hours <= 83
    assert (only().state, only().attempts) == ("dead", 10)
    make_due()
    assert deliveries.deliver() == 0
    assert len(receiver.received) == 10


def test_a_receiver_that_asks_for_time_gets_it(db: None, bot: Client, receiver: Receiver) -> None:
    endpoint(bot, receiver.says("/hook", 429, retry_after="3600"))
    tell(bot)

    deliveries.deliver()

    assert (only().next_attempt_at - timezone.now()).total_seconds() > 3500


def test_a_redirect_is_a_failure_and_is_not_followed(
    db: None, bot: Client, receiver: Receiver
) -> None:
    endpoint(bot, receiver.says("/hook", 302, location=receiver.url + "/elsewhere"))
    tell(bot)

    assert deliveries.deliver() == 0

    assert [received.path for received in receiver.received] == ["/hook"]
    assert "302" in only().last_error


def test_410_switches_the_endpoint_off_and_tells_its_client(
    db: None, bot: Client, receiver: Receiver
) -> None:
    there = endpoint(bot, receiver.says("/hook", 410))
    tell(bot, 3)

    deliveries.deliver()

    there.refresh_from_db()
    assert (there.enabled, there.disabled_because) == (False, "It answered 410 Gone.")
    assert len(receiver.received) == 1
    assert OutboxMessage.objects.filter(endpoint=there, state="dead").count() == 3
    assert AuditEntry.objects.get(action="endpoint.disabled").subject == f"endpoint {there.id}"
    make_due()
    deliveries.deliver()
    (told,) = mail.outbox
    assert told.to == [bot.contact]
    assert "410 Gone" in told.body


def test_an_endpoint_that_is_off_is_left_alone(db: None, bot: Client, receiver: Receiver) -> None:
    there = endpoint(bot, receiver.url + "/hook")
    tell(bot)
    WebhookEndpoint.objects.update(enabled=False)
    assert deliveries.deliver() == 0

    WebhookEndpoint.objects.filter(id=there.id).update(enabled=True)

    assert deliveries.deliver() == 1


def test_a_backlog_is_worked_off_in_one_call(db: None, bot: Client, receiver: Receiver) -> None:
    endpoint(bot, receiver.url + "/hook")
    tell(bot, 3 * deliveries.IN_A_ROW + 1)

    assert deliveries.deliver() == 31

    sequences = [json.loads(received.body)["data"]["sequence"] for received in receiver.received]
    assert sequences == list(range(1, 32))


def test_a_failing_endpoint_is_asked_once_in_a_call(
    db: None, bot: Client, receiver: Receiver
) -> None:
    endpoint(bot, receiver.says("/hook", 500))
    tell(bot, 25)

    deliveries.deliver()

    assert len(receiver.received) == 1
    assert OutboxMessage.objects.filter(attempts=0, state="pending").count() == 24
    assert not OutboxMessage.objects.filter(
        attempts=0, next_attempt_at__gt=timezone.now() + timedelta(seconds=1)
    ).exists()


def test_nobody_waits_behind_an_endpoint_that_hangs(
    db: None, bot: Client, receiver: Receiver
) -> None:
    """The one that hangs is only released when all the others' messages have come."""
    others_done = threading.Event()
    hung_until_others_were_done = []

    def hang(_: Received) -> tuple[int, dict[str, str]]:
        hung_until_others_were_done.append(others_done.wait(10))
        return 204, {}

    def count(_: Received) -> tuple[int, dict[str, str]]:
        if len(receiver.at("/quick")) == 25:
            others_done.set()
        return 204, {}

    receiver.answers |= {"/hangs": hang, "/quick": count}
    endpoint(bot, receiver.url + "/hangs", events=["queue.pressure"])
    outbox.tell(bot.id, "queue.pressure", {})
    other = ClientFactory()
    endpoint(other, receiver.url + "/quick")
    tell(other, 25)

    assert deliveries.deliver() == 26
    assert hung_until_others_were_done == [True]


def test_more_endpoints_than_lanes_all_get_their_turn(
    db: None, bot: Client, receiver: Receiver
) -> None:
    for number in range(deliveries.LANES * 2 + 1):
        endpoint(bot, f"{receiver.url}/{number}")
    tell(bot)

    assert deliveries.deliver() == deliveries.LANES * 2 + 1
    assert len({received.path for received in receiver.received}) == deliveries.LANES * 2 + 1


def test_what_is_leased_is_not_leased_again(db: None, bot: Client) -> None:
    endpoint(bot, "https://agents.example/hook")
    tell(bot, 2)

    first = deliveries._lease([], 8)

    assert [len(batch) for batch in first.values()] == [2]
    assert deliveries._lease([], 8) == {}


def test_a_sender_that_was_too_slow_changes_nothing(db: None, bot: Client) -> None:
    """Its lease ran out and another took the message over; what it then says is not recorded."""
    endpoint(bot, "https://agents.example/hook")
    tell(bot)
    ((slow,),) = deliveries._lease([], 8).values()
    make_due()
    ((_,),) = deliveries._lease([], 8).values()

    deliveries._record(slow, Delivery(status=500))
    deliveries._record(slow, Delivery(error="No answer."))
    deliveries._record(slow, None)

    assert (only().attempts, only().last_error) == (0, "")
    assert only().next_attempt_at > timezone.now() + timedelta(seconds=50)


def test_two_senders_send_once(committed_db: Databases, bot: Client, receiver: Receiver) -> None:
    endpoint(bot, receiver.url + "/hook")
    tell(bot, 20)
    delivered = []

    def work() -> None:
        delivered.append(deliveries.deliver())
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(delivered) == 20
    assert len({received.id for received in receiver.received}) == len(receiver.received) == 20


def test_only_one_sends_at_a_time(committed_db: Databases, bot: Client) -> None:
    endpoint(bot, "https://agents.example/hook")
    tell(bot)
    seen = []

    def work() -> None:
        seen.append(deliveries.deliver())
        connection.close()

    with locks.only_one(deliveries.SENDER_LOCK) as alone:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert (alone, seen) == (True, [0])
    assert only().attempts == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("failpoint", "sent"), [("outbox.deliver.after_lease", 1), ("outbox.deliver.after_sending", 2)]
)
def test_a_sender_that_dies_loses_nothing(
    committed_db: Databases, bot: Client, receiver: Receiver, failpoint: str, sent: int
) -> None:
    """It may send twice, under the same id; it may not send never."""
    endpoint(bot, receiver.url + "/hook")
    tell(bot)
    died = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django; django.setup(); from handoffs import deliveries; deliveries.deliver()",
        ],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "OVERREAD_WEBHOOKS_MAY_GO_INWARD": "true",
            "OVERREAD_FAILPOINT": failpoint,
        },
        cwd=ROOT,
    )
    assert died.returncode == -signal.SIGKILL
    until(nobody_sends, 30)
    assert only().state == "pending"
    assert deliveries.deliver() == 0, "its lease still runs"

    make_due()
    assert deliveries.deliver() == 1

    assert [received.id for received in receiver.received] == [only().id] * sent


def test_nothing_goes_inward_unless_someone_says_so(db: None, bot: Client, settings: Any) -> None:
    assert settings.WEBHOOKS_MAY_GO_INWARD is False
    with receiving() as receiver:
        endpoint(bot, receiver.url + "/hook")
        endpoint(bot, receiver.url.replace("http:", "https:").replace("127.0.0.1", "localhost"))
        tell(bot)

        assert deliveries.deliver() == 0

        assert receiver.received == []
    for message in OutboxMessage.objects.all():
        assert message.attempts == 1
        assert message.last_error


def test_a_secret_that_cannot_sign_is_said(db: None, bot: Client, receiver: Receiver) -> None:
    endpoint(bot, receiver.url + "/hook", secret="nonsense")
    tell(bot)

    assert deliveries.deliver() == 0

    assert receiver.received == []
    assert "whsec_" in only().last_error


def test_a_fault_of_our_own_fails_the_message_and_nothing_else(
    db: None, bot: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(bot, receiver.url + "/hook")
    tell(bot)
    monkeypatch.setattr(deliveries, "_post", lambda _: 1 / 0)

    assert deliveries.deliver() == 0

    assert (only().attempts, only().state) == (1, "pending")


def test_a_mail_goes_out_under_the_messages_id(db: None) -> None:
    said = {"subject": "Two\r\nBcc: x@y.z", "text": "text"}
    outbox.mail("mia@example.com", "people.invited", said)

    assert deliveries.deliver() == 1

    (sent,) = mail.outbox
    assert (sent.subject, sent.body, sent.to) == ("Two Bcc: x@y.z", "text", ["mia@example.com"])
    assert sent.extra_headers["Message-ID"] == f"<{only().id}@localhost>"
    assert only().state == "delivered"


def test_a_mail_that_is_not_taken_is_tried_again(
    db: None, settings: Any, unused_tcp_port: int
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port
    outbox.mail("mia@example.com", "run.failed", {"subject": "s", "text": "t"})

    assert deliveries.deliver() == 0

    assert (only().state, only().attempts) == ("pending", 1)
    assert only().last_error.startswith("The mail server did not take it: ")


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
