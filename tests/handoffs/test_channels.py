"""A channel of a queue: tried, given up where nobody is there, and never shown again."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from handoffs import channels, deliveries
from handoffs.errors import ChannelRefused
from handoffs.models import AuditEntry, NoticeChannel, OutboxMessage
from tests.factories import Shop
from tests.handoffs.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_GO_INWARD = True
    with receiving() as receiver:
        yield receiver


def add(shop: Shop, by: User, address: str, **changes: Any) -> NoticeChannel:
    said = {"kinds": ["urgent"], "by": by, "now": timezone.now()} | changes
    return channels.add(shop.queue, address=address, **said)


def there(receiver: Receiver, path: str = "/chat") -> str:
    return f"json://{receiver.url.removeprefix('http://')}{path}"


def try_again(message: OutboxMessage) -> OutboxMessage:
    past = timezone.now() - timedelta(minutes=5)
    OutboxMessage.objects.filter(pk=message.pk).update(next_attempt_at=past)
    deliveries.deliver()
    message.refresh_from_db()
    return message


def test_a_test_arrives(shop: Shop, mia: User, receiver: Receiver) -> None:
    channel = add(shop, mia, there(receiver))
    channels.test(channel, by=mia, now=timezone.now())
    deliveries.deliver()

    [message] = receiver.received
    assert json.loads(message.body)["title"] == "Overread: a test"
    assert "Mia tries" in json.loads(message.body)["message"]
    assert OutboxMessage.objects.get().state == "delivered"


def test_the_address_is_in_no_log(shop: Shop, mia: User) -> None:
    channel = add(shop, mia, "jsons://me:secret@host.example/also-secret")
    channels.switch(channel, on=False, by=mia, now=timezone.now())
    channels.remove(channel, by=mia, now=timezone.now())

    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.action for entry in entries] == [
        "channel.added",
        "channel.switched_off",
        "channel.removed",
    ]
    assert not any(b"secret" in bytes(entry.body) for entry in entries)
    assert "secret" not in channel.shown


def test_in_production_nothing_goes_inward(shop: Shop, mia: User) -> None:
    with pytest.raises(ChannelRefused) as refused:
        add(shop, mia, "json://10.0.0.7/x")
    assert str(refused.value).endswith("Nothing was kept.")

    channel = add(shop, mia, "jsons://127.0.0.1/x")
    channels.test(channel, by=mia, now=timezone.now())
    deliveries.deliver()

    assert "not public" in OutboxMessage.objects.get().last_error


def test_what_has_no_kind_tells_nothing_and_is_refused(shop: Shop, mia: User) -> None:
    with pytest.raises(ChannelRefused):
        add(shop, mia, "jsons://host.example/x", kinds=[])


def test_a_service_that_fails_is_tried_again_until_it_is_no_news(
    shop: Shop, mia: User, receiver: Receiver
) -> None:
    receiver.says("/chat", 500)
    channels.test(add(shop, mia, there(receiver)), by=mia, now=timezone.now())
    deliveries.deliver()
    message = OutboxMessage.objects.get()
    assert (message.state, message.attempts) == ("pending", 1)

    for _ in range(channels.ATTEMPTS - 1):
        message = try_again(message)

    assert (message.state, message.attempts) == ("dead", channels.ATTEMPTS)
    assert NoticeChannel.objects.get().enabled


@pytest.mark.parametrize("status", [404, 410, 403])
def test_an_address_that_is_gone_is_switched_off_and_whoever_added_it_told(
    shop: Shop, mia: User, receiver: Receiver, status: int
) -> None:
    receiver.says("/chat", status)
    channel = add(shop, mia, there(receiver))
    for _ in range(2):
        channels.test(channel, by=mia, now=timezone.now())
    deliveries.deliver()

    channel.refresh_from_db()
    assert not channel.enabled
    assert str(status) in channel.disabled_because
    assert set(OutboxMessage.objects.filter(channel=channel).values_list("state", flat=True)) == {
        "dead"
    }
    [mail] = OutboxMessage.objects.filter(mail_to=mia.email)
    assert mail.event == "channel.disabled"
    assert "/queues/refunds/notices" in mail.payload["text"]


def test_a_message_that_fails_holds_up_no_other_channel(
    shop: Shop, mia: User, receiver: Receiver
) -> None:
    receiver.says("/bad", 500)
    for path in ("/bad", "/good"):
        channels.test(add(shop, mia, there(receiver, path)), by=mia, now=timezone.now())
    deliveries.deliver()

    assert len(receiver.at("/good")) == 1


def test_a_message_has_one_destination(shop: Shop, mia: User) -> None:
    channel = add(shop, mia, "jsons://host.example/x")

    for wrong in ({"mail_to": "a@b.example", "channel": channel}, {}):
        with pytest.raises(IntegrityError), transaction.atomic():
            OutboxMessage.objects.create(event="x", payload={}, **wrong)


def test_a_queue_has_room_for_so_many(
    shop: Shop, mia: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MOST_CHANNELS", 1)
    add(shop, mia, "jsons://host.example/x")

    with pytest.raises(ChannelRefused):
        add(shop, mia, "jsons://host.example/y")
