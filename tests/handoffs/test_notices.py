"""A notice can be stopped by who gets it, with one click; a duty cannot."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser

from handoffs import deliveries, mail_secrets, notices, outbox
from handoffs.models import AuditEntry, MailStop, OutboxMessage
from tests.handoffs.postbox import Postbox, postbox

pytestmark = pytest.mark.django_db
OLIVIA = "olivia@example.com"


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox(settings) as box:
        yield box


def mail(event: str = "run.failed", to: str = OLIVIA) -> None:
    outbox.mail(to, event, {"subject": "s", "text": "t\n"})
    deliveries.deliver()


def way_out(box: Postbox) -> str:
    header = str(box.mails[-1]["List-Unsubscribe"]).strip()
    found = re.fullmatch(r"<https?://[^/]+(/mail/stop/\S+)>", header)
    assert found
    return found[1]


@pytest.mark.parametrize("event", sorted(notices.NOTICES))
def test_a_notice_says_how_to_stop_it(box: Postbox, event: str) -> None:
    mail(event)

    sent = box.mails[0]
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert way_out(box) in sent.get_content()


@pytest.mark.parametrize("event", ["link.mailed", "review.due", "anything else"])
def test_a_duty_does_not(box: Postbox, event: str) -> None:
    mail(event)

    assert box.mails[0]["List-Unsubscribe"] is None
    assert "/mail/stop/" not in box.mails[0].get_content()


def test_one_click_in_the_mail_program_stops_them(box: Postbox) -> None:
    mail()
    browser = Browser(enforce_csrf_checks=True)

    for _ in range(2):
        clicked = browser.post(way_out(box), {"List-Unsubscribe": "One-Click"})
        assert clicked.status_code == 200
    mail()
    mail(to=OLIVIA.upper())
    mail("handoff.held")
    mail(to="other@example.com")

    assert [one["To"] for one in box.mails] == [OLIVIA, OLIVIA, "other@example.com"]
    assert OutboxMessage.objects.count() == 3
    assert MailStop.objects.get().event == "run.failed"
    assert AuditEntry.objects.filter(action="mail.stopped").count() == 1


def test_looking_and_posting_untouched_stops_nothing(box: Postbox) -> None:
    mail()
    browser = Browser()

    for response in (
        browser.get(way_out(box)),
        browser.head(way_out(box)),
        browser.post(way_out(box), {}),
    ):
        assert response.status_code == 200
    assert "You get these mails" in browser.get(way_out(box)).content.decode()
    assert not MailStop.objects.exists()


def test_a_person_stops_them_and_wants_them_again(box: Postbox) -> None:
    mail()
    browser = Browser()

    stopped = browser.post(way_out(box), {"want": "none"}).content.decode()
    again = browser.post(way_out(box), {"want": "again"}).content.decode()

    assert "You get no more of these" in stopped
    assert "You get these mails" in again
    assert not MailStop.objects.exists()


@pytest.mark.parametrize("forged", ["x", "W10:abc:def", "a" * 3000])
def test_nobody_stops_somebody_elses(forged: str) -> None:
    response = Browser().post(f"/mail/stop/{forged}", {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 404
    assert not MailStop.objects.exists()


def test_no_link_to_decide_by_can_be_stopped(box: Postbox) -> None:
    assert notices.stop_url(OLIVIA, "link.mailed") == ""
    MailStop.objects.create(address=OLIVIA, event="link.mailed", stopped_at="2026-11-21T00:00:00Z")
    secret = mail_secrets.new("k")

    sent = outbox.mail(OLIVIA, "link.mailed", {"subject": "s", "text": "t"}, secret=secret)

    assert sent is not None
