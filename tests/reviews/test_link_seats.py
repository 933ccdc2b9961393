"""Several pairs of eyes, some of them behind links: each once, blind, and nobody twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from accounts.errors import DomainError
from accounts.models import Client, User
from handoffs.models import Answer
from reviews import claims, decisions, link_mails, links
from reviews.models import ApproverLink, Decision
from reviews.wording import Choice
from tests import factories
from tests.factories import Shop
from tests.handoffs.postbox import Postbox, postbox
from tests.reviews.approving import answer, approver, put_by_email, send_mails

pytestmark = pytest.mark.django_db
TWO = {"approvers": 2}


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox(settings) as box:
        yield box


def signed_in(user: User, link: ApproverLink) -> Browser:
    browser = Browser()
    browser.force_login(user)
    browser.post(f"/links/at/{link.id}/open")
    return browser


def test_two_approvers_answer_from_their_mails_blind_of_each_other(
    shop: Shop, bot: Client, box: Postbox
) -> None:
    zoe, yan = approver(shop), approver(shop, email="yan@example.com", name="Yan")
    handoff = put_by_email(shop, bot, safeguards=TWO)
    send_mails(box)
    hers, his = (ApproverLink.objects.get(approver=one) for one in (zoe, yan))
    assert {hers.needs, his.needs} == {"sign_in"}, "a mailbox is not a person"

    first = signed_in(zoe, hers)
    assert answer(first, hers, "approve", "The carrier confirmed the loss.").status_code == 302
    assert not Answer.objects.exists()
    second = signed_in(yan, his)
    page = second.get(f"/links/at/{his.id}").content.decode()
    assert "confirmed the loss" not in page and "Zoe" not in page
    assert answer(second, his, "approve", "Late by four days.").status_code == 302

    assert Answer.objects.get(handoff=handoff).verb == "approve"
    assert Decision.objects.count() == 2


def test_nobody_takes_two_seats_by_link_and_page(shop: Shop, bot: Client, box: Postbox) -> None:
    zoe = approver(shop)
    handoff = put_by_email(shop, bot, safeguards=TWO)
    send_mails(box)
    link = ApproverLink.objects.get()
    answer(signed_in(zoe, link), link, "approve", "The carrier confirmed the loss.")

    with pytest.raises(DomainError):
        claims.pick(handoff.id, by=zoe, now=timezone.now())
    with pytest.raises(DomainError):
        decisions.decide(handoff.id, by=zoe, choice=Choice(verb="approve"), now=timezone.now())
    with pytest.raises(DomainError):
        links.open(link.id, now=timezone.now())

    assert Decision.objects.count() == 1
    assert not Answer.objects.exists()


def test_nobody_takes_two_seats_by_page_and_link(shop: Shop, bot: Client, box: Postbox) -> None:
    zoe = approver(shop)
    handoff = put_by_email(shop, bot, safeguards=TWO)
    send_mails(box)
    link = ApproverLink.objects.get()
    claims.pick(handoff.id, by=zoe, now=timezone.now())
    decisions.decide(handoff.id, by=zoe, choice=Choice(verb="approve"), now=timezone.now())

    browser = signed_in(zoe, link)
    late = browser.post(f"/links/at/{link.id}/decide", {"answer": "approve", "words": "Again."})

    assert late.status_code in (403, 409, 410)
    assert Decision.objects.count() == 1
    assert not Answer.objects.exists()


def test_who_has_decided_is_not_mailed_about_it_again(
    shop: Shop, bot: Client, box: Postbox
) -> None:
    zoe = approver(shop)
    handoff = put_by_email(shop, bot, safeguards=TWO)
    claims.pick(handoff.id, by=zoe, now=timezone.now())
    decisions.decide(handoff.id, by=zoe, choice=Choice(verb="approve"), now=timezone.now())

    send_mails(box)

    assert box.mails == []


def test_a_seat_kept_for_another_team_is_mailed_to_that_team(
    shop: Shop, bot: Client, box: Postbox
) -> None:
    legal = factories.make_team("legal")
    factories.let_work(legal, shop.queue)
    lou = approver(shop, email="lou@example.com", name="Lou", groups=[legal])
    put_by_email(shop, bot, safeguards={"approvers": 2, "seats": ["legal"]})

    send_mails(box)

    assert [mail["To"] for mail in box.mails] == [lou.email]
    link = ApproverLink.objects.get()
    assert link.seat == "legal"
    assert link_mails.send_due(now=timezone.now()) == 0
