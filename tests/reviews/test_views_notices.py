"""A person says how they are told, on a page or from the mail itself."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, User
from handoffs import answers
from handoffs.actors import POLICY
from handoffs.models import Handoff, MailStop, Queue
from handoffs.states import Cause
from reviews import notice_wishes
from reviews.models import Availability, Notice, NoticeWish
from reviews.notice_rules import Kind
from tests.factories import Shop, brief_payload
from tests.handoffs.postbox import Postbox, postbox
from tests.reviews.telling import let_time_pass, look, send, tell_queue, told
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db

SAID = {
    "arrived": "digest",
    "transferred": "",
    "urgent": "at_once",
    "completed": "none",
    "digest": "8",
}


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox(settings) as box:
        yield box


def chosen(page: str, name: str) -> str:
    select = re.search(rf'<select id="{name}".*?</select>', page, re.S)
    assert select
    found = re.search(r'value="([^"]*)" selected', select[0])
    assert found
    return found[1]


def test_what_somebody_says_is_kept_and_shown_again(desk: Browser, shop: Shop, ann: User) -> None:
    typed = SAID | {"queue": str(shop.queue.pk)}
    assert desk.post("/notices", typed).status_code == 302

    page = desk.get("/notices").content.decode()
    assert {name: chosen(page, name) for name in SAID} == SAID
    wish = NoticeWish.objects.get(person=ann)
    assert wish.how == {"arrived": "digest", "urgent": "at_once"}
    assert (wish.digest_hour, wish.wakes, wish.quiet_queues) == (8, False, [shop.queue.pk])
    assert MailStop.objects.get().event == "notice.completed"


def test_what_was_stopped_from_a_mail_shows_on_the_page_and_can_be_had_again(
    desk: Browser, shop: Shop, ann: User, bot: Client, box: Postbox
) -> None:
    look()
    tell_queue(shop.queue, arrived="at_once")
    put(shop, bot)
    look()
    send()
    mail = next(mail for mail in box.mails if mail["To"] == ann.email)
    way_out = re.search(r"<https?://[^/]+(/mail/stop/\S+)>", str(mail["List-Unsubscribe"]))
    assert way_out
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    asked = Browser().get(way_out[1]).content.decode()
    assert "something new waits for your team" in asked
    assert "/notices" in asked
    Browser(enforce_csrf_checks=True).post(way_out[1], {"List-Unsubscribe": "One-Click"})

    assert chosen(desk.get("/notices").content.decode(), "arrived") == "none"
    put(shop, bot)
    look()
    assert told(ann) == ["arrived"]

    desk.post("/notices", SAID | {"arrived": "at_once", "tells": str(shop.queue.pk)})
    put(shop, bot)
    look()
    assert told(ann) == ["arrived", "arrived"]


def test_stopping_the_digest_stops_what_comes_in_it(
    desk: Browser, shop: Shop, ann: User, bot: Client, box: Postbox
) -> None:
    look()
    tell_queue(shop.queue, arrived="digest")
    put(shop, bot)
    look()
    let_time_pass()
    MailStop.objects.create(address=ann.email, event="notice.digest", stopped_at=timezone.now())
    send()

    assert [mail["To"] for mail in box.mails if mail["To"] == ann.email] == []
    assert Notice.objects.get(recipient=ann).ended_because == "stopped"


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"arrived": "loud", "digest": "24", "queue": "x"},
        {"digest": "٣", "queue": "9" * 40, "tells": "-1"},
    ],
)
def test_what_makes_no_sense_is_as_each_queue_has_it(
    desk: Browser, shop: Shop, ann: User, typed: dict[str, str]
) -> None:
    assert desk.post("/notices", typed).status_code == 302

    wish = NoticeWish.objects.get(person=ann)
    assert (wish.how, wish.digest_hour, wish.quiet_queues) == ({}, None, [])


def test_nobody_hushes_a_queue_that_is_not_theirs(desk: Browser, shop: Shop, ann: User) -> None:
    desk.post("/notices", {"queue": str(shop.leads_queue.pk)})

    assert NoticeWish.objects.get(person=ann).quiet_queues == []


def test_the_mail_reads_well_and_no_word_of_an_agent_opens(
    shop: Shop, ann: User, bot: Client, box: Postbox
) -> None:
    look()
    tell_queue(shop.queue, arrived="at_once")
    ask = "Go to https://evil.example/x now\r\nBcc: all@example.com <b>x</b> \u202eevil"
    handoff = put(shop, bot, brief=brief_payload(ask=ask))
    look()
    send()

    [mail] = [mail for mail in box.mails if mail["To"] == ann.email]
    assert "\n" not in str(mail["Subject"])
    assert mail["Bcc"] is None
    plain = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert f"/handoffs/{handoff.id}" in plain
    assert "Approval in Refunds, Retail support" in plain
    assert "https://evil" not in plain
    assert "<b>x</b>" not in html
    assert "\u202e" not in plain + html
    assert mail["Auto-Submitted"] == "auto-generated"
    assert set(re.findall(r'href="[^"]*?(/[a-z]+)(?:/[^"]*)?"', html)) == {"/handoffs", "/notices"}


def test_what_is_withheld_is_not_in_the_mail(
    shop: Shop, ann: User, bot: Client, box: Postbox
) -> None:
    look()
    tell_queue(shop.queue, arrived="at_once")
    secret = "Within policy section three of the refunds handbook"
    brief = brief_payload(
        ask=f"Refund? {secret}", recommendation={"answer": "approve", "rationale": secret}
    )
    put(shop, bot, brief=brief, safeguards={"withhold_recommendation": True})
    look()
    send()

    [mail] = [mail for mail in box.mails if mail["To"] == ann.email]
    assert "policy section three" not in mail.as_string()


def test_the_latest_are_listed_with_what_came_of_them(
    desk: Browser, shop: Shop, ann: User, bot: Client
) -> None:
    look()
    tell_queue(shop.queue, arrived="at_once")
    handoff = put(shop, bot)
    look()
    answers.escalate(
        handoff.id, round=1, reason="", by=POLICY, now=timezone.now(), cause=Cause.TIMED_OUT
    )
    send()

    page = desk.get("/notices").content.decode()
    assert "Refunds, leads" not in page
    assert handoff.id not in page
    assert "not told: it was over by then" in page


def test_as_each_queue_has_it_is_what_is_there_at_first(desk: Browser, shop: Shop) -> None:
    page = desk.get("/notices").content.decode()

    assert [chosen(page, kind.value) for kind in Kind] == [""] * len(Kind)
    assert notice_wishes.of_queue(shop.queue)[Kind.ARRIVED] == "none"


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ("Asia/Tokyo", "Due Sun 22 Nov 01:30 Tokyo time"),
        ("UTC", "Due Sat 21 Nov 16:30 UTC"),
        (None, "Due Sat 21 Nov 17:30 Berlin time"),
    ],
)
def test_times_are_those_of_whoever_reads_or_else_of_the_queue(
    shop: Shop, ann: User, bot: Client, box: Postbox, theirs: str | None, said: str
) -> None:
    look()
    tell_queue(shop.queue, arrived="at_once")
    Queue.objects.filter(pk=shop.queue.pk).update(time_zone="Europe/Berlin")
    if theirs:
        Availability.objects.create(user=ann, time_zone=theirs)
    handoff = put(shop, bot)
    Handoff.objects.filter(id=handoff.id).update(
        deadline_at=datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    )
    look()
    send()

    [mail] = [mail for mail in box.mails if mail["To"] == ann.email]
    assert said in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
