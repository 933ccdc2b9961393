"""A queue's chat is told what, where and by when; whoever leads the queue says which chat."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers, calendars, channels, deliveries, ladder
from handoffs.actors import POLICY
from handoffs.models import ActionType, Handoff, NoticeChannel, OutboxMessage
from handoffs.states import Cause
from reviews import notice_posts, notice_wishes
from reviews.errors import NoticesNotYours
from reviews.models import Notice, QueueNotices
from reviews.notice_rules import How, Kind
from tests.factories import Shop, brief_payload
from tests.handoffs.receiver import Receiver, receiving
from tests.reviews.telling import let_time_pass, look
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_MAY_GO_INWARD = True
    with receiving() as receiver:
        yield receiver


@pytest.fixture(autouse=True)
def _begun(shop: Shop) -> None:
    look()


@pytest.fixture
def manager(client: Browser, mia: User) -> Browser:
    client.force_login(mia)
    return client


def listen(shop: Shop, by: User, receiver: Receiver, **changes: Any) -> NoticeChannel:
    said = {"kinds": ["arrived", "urgent", "completed"], "by": by, "now": timezone.now()} | changes
    address = f"json://{receiver.url.removeprefix('http://')}/chat"
    return channels.add(shop.queue, address=address, **said)


def send() -> int:
    written = notice_posts.send_due(now=timezone.now())
    deliveries.deliver()
    return written


def said(receiver: Receiver) -> list[tuple[str, str]]:
    bodies = [json.loads(message.body) for message in receiver.received]
    return [(body["title"], body["message"]) for body in bodies]


def become_urgent(handoff: Handoff) -> None:
    Handoff.objects.filter(id=handoff.id).update(
        urgent_at=timezone.now(), next_at=timezone.now(), next_rung="urgent"
    )
    ladder.fire_overdue()
    look()


def closed_today(shop: Shop) -> None:
    tomorrow = calendars.WEEKDAYS[(timezone.now() + timedelta(days=1)).weekday()]
    shop.queue.hours = {tomorrow: ["07:00-11:00"]}
    shop.queue.save()


def test_a_chat_is_told_once_and_not_a_word_of_an_agents(
    shop: Shop, bot: Client, mia: User, receiver: Receiver
) -> None:
    listen(shop, mia, receiver)
    brief = brief_payload(ask="<!channel> [click](https://evil.example) now")
    handoff = put(shop, bot, brief=brief)
    look()
    send()
    send()

    [(title, text)] = said(receiver)
    assert title == "Refunds: 1 is new"
    assert text.startswith("Approval, Retail support: due ")
    assert text.endswith(f"/handoffs/{handoff.id}")
    assert "evil" not in text
    assert "channel" not in text


def test_what_it_was_told_of_is_said_to_be_done(
    shop: Shop, bot: Client, mia: User, receiver: Receiver
) -> None:
    listen(shop, mia, receiver)
    handoff, other = put(shop, bot), put(shop, bot)
    look()
    send()
    for one in (handoff, other):
        no = answers.Said(verb=answers.Verb.REJECT, reason="no")
        answers.answer(one.id, round=1, said=no, by=POLICY, now=timezone.now())
    look()
    send()

    assert [title for title, _ in said(receiver)] == ["Refunds: 2 are new", "Refunds: 2 are done"]


def test_what_it_was_not_told_of_is_not_said_to_be_done(
    shop: Shop, bot: Client, mia: User, receiver: Receiver
) -> None:
    listen(shop, mia, receiver)
    handoff = put(shop, bot)
    look()
    no = answers.Said(verb=answers.Verb.REJECT, reason="no")
    answers.answer(handoff.id, round=1, said=no, by=POLICY, now=timezone.now())
    look()
    send()

    assert said(receiver) == []
    assert Notice.objects.get(channel__isnull=False).ended_because == "over"


def test_only_what_waits_for_its_team_and_of_its_kinds(
    shop: Shop, bot: Client, mia: User, receiver: Receiver
) -> None:
    listen(shop, mia, receiver, role=shop.leads)
    listen(shop, mia, receiver, kinds=["urgent"])
    put(shop, bot)
    look()
    assert not Notice.objects.filter(channel__isnull=False).exists()

    handoff = put(shop, bot, role=shop.leads)
    look()
    send()
    assert len(said(receiver)) == 1
    answers.escalate(
        handoff.id, round=1, reason="", by=POLICY, now=timezone.now(), cause=Cause.TIMED_OUT
    )
    look()
    send()
    assert len(said(receiver)) == 1


def test_out_of_hours_it_waits_but_for_what_is_critical(
    shop: Shop, bot: Client, mia: User, receiver: Receiver
) -> None:
    closed_today(shop)
    listen(shop, mia, receiver)
    put(shop, bot)
    look()
    send()
    assert said(receiver) == []

    become_urgent(put(shop, bot, due_in=600))
    send()
    assert [title for title, _ in said(receiver)] == ["Refunds: 1 is urgent"]

    ActionType.objects.update(reversibility="reversible")
    become_urgent(put(shop, bot, due_in=600))
    send()
    assert len(said(receiver)) == 1


def test_a_digest_is_one_message(shop: Shop, bot: Client, mia: User, receiver: Receiver) -> None:
    listen(shop, mia, receiver, digest=True)
    for _ in range(12):
        put(shop, bot)
    look()
    send()
    assert said(receiver) == []

    let_time_pass()
    send()
    [(title, text)] = said(receiver)
    assert title == "Refunds: 12 are new"
    assert text.endswith("… and 2 more.")


def test_a_chat_is_not_flooded(
    shop: Shop, bot: Client, mia: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notice_posts, "MOST_AT_ONCE", 2)
    listen(shop, mia, receiver)
    for _ in range(4):
        put(shop, bot)
        look()
        send()

    assert len(said(receiver)) == 2
    assert Notice.objects.filter(ended_at=None, digest=True).count() == 2


def test_whoever_leads_the_queue_adds_a_channel_tries_it_and_sees_how_it_went(
    manager: Browser, shop: Shop, receiver: Receiver
) -> None:
    typed = {
        "address": f"json://{receiver.url.removeprefix('http://')}/secret-path",
        "kind": ["urgent", "nonsense"],
        "rhythm": "digest",
        "role": str(shop.team.pk),
        "in_hours": "on",
    }
    assert manager.post("/queues/refunds/notices/channels", typed).status_code == 302
    channel = NoticeChannel.objects.get()
    assert (channel.kinds, channel.digest, channel.in_hours) == (["urgent"], True, True)
    assert channel.role == shop.team

    change = f"/queues/refunds/notices/channels/{channel.pk}"
    assert manager.post(f"{change}/test").status_code == 302
    deliveries.deliver()
    page = manager.get("/queues/refunds/notices").content.decode()
    assert "JSON to an address of yours" in page
    assert "The last message is arrived" in page
    assert "secret-path" not in page

    manager.post(f"{change}/off")
    assert "Not told at present." in manager.get("/queues/refunds/notices").content.decode()
    manager.post(f"{change}/on")
    assert NoticeChannel.objects.get().enabled
    manager.post(f"{change}/remove")
    assert not NoticeChannel.objects.exists()
    assert manager.post(f"{change}/test").status_code == 404


def test_an_address_that_is_refused_comes_back_with_why(manager: Browser, shop: Shop) -> None:
    typed = {"address": "mailto://x", "kind": ["arrived"], "rhythm": "digest"}
    answer = manager.post("/queues/refunds/notices/channels", typed)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This is the address of no service that we know." in page
    assert 'value="mailto://x"' in page
    assert 'value="arrived" checked' in page
    assert 'value="digest" selected' in page


def test_whoever_leads_it_says_how_its_people_are_told(manager: Browser, shop: Shop) -> None:
    typed = {"arrived": "digest", "urgent": "at_once", "transferred": "none", "completed": "x"}
    assert manager.post("/queues/refunds/notices", typed).status_code == 302

    assert QueueNotices.objects.get().how == {"arrived": "digest", "transferred": "none"}
    assert "Who is told of Refunds" in manager.get("/queues/refunds/notices").content.decode()
    assert "Queues that you lead" in manager.get("/notices").content.decode()


def test_no_reviewer_says_how_a_queue_is_told(shop: Shop, ann: User) -> None:
    with pytest.raises(NoticesNotYours):
        notice_wishes.say_for_queue(
            shop.queue, how={Kind.ARRIVED: How.AT_ONCE}, by=ann, now=timezone.now()
        )


def test_nobody_else_reads_or_changes_it(
    desk: Browser, shop: Shop, mia: User, receiver: Receiver
) -> None:
    channel = listen(shop, mia, receiver)
    change = f"/queues/refunds/notices/channels/{channel.pk}/remove"

    assert desk.get("/queues/refunds/notices").status_code == 403
    assert desk.post("/queues/refunds/notices", {"arrived": "at_once"}).status_code == 403
    assert desk.post(change).status_code == 403
    assert desk.get(f"/queues/{shop.leads_queue.slug}/notices").status_code == 404
    assert desk.get("/queues/nowhere/notices").status_code == 404
    assert NoticeChannel.objects.exists()
    assert not QueueNotices.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_the_page_asks_as_often_for_twelve_channels_as_for_two(
    manager: Browser, shop: Shop, mia: User, receiver: Receiver
) -> None:
    counts = []
    for _ in (1, 2):
        for _ in range(2):
            channel = listen(shop, mia, receiver)
            channels.test(channel, by=mia, now=timezone.now())
        with CaptureQueriesContext(connection) as asked:
            manager.get("/queues/refunds/notices")
        counts.append(len(asked))

    assert counts[0] == counts[1]
