"""Invitations and resets are mailed after the commit; a mail that fails leaves the link."""

import re
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.test import Client as Browser

from accounts.models import User
from tests import factories
from tests.database import Databases

LINK = re.compile(r"http://[^/\s]+(/accounts/password/reset/key/[^\s<&]+/)")
SEEN: list[bool] = []


class Down(BaseEmailBackend):
    """A mail server that is not there; it notes whether anyone held a transaction meanwhile."""

    def send_messages(self, messages: Any) -> int:
        SEEN.append(connection.in_atomic_block)
        raise ConnectionRefusedError


@pytest.fixture
def manager(committed_db: Databases, mia: User) -> Browser:
    browser = Browser()
    browser.force_login(mia)
    return browser


def invited(manager: Browser) -> str:
    zoe = {"name": "Zoe", "email": "zoe@example.com", "roles": ["reviewer"]}
    return manager.post("/admin/accounts/user/add/", zoe, follow=True).content.decode()


def chosen(path: str) -> int:
    return Browser().get(path, follow=True).status_code


def test_an_invitation_is_mailed_with_a_link_that_works(manager: Browser) -> None:
    page = invited(manager)

    (sent,) = mail.outbox
    assert sent.to == ["zoe@example.com"] and "Hello Zoe" in sent.body
    link = LINK.search(str(sent.body))
    assert link and chosen(link[1]) == 200
    shown = LINK.search(page)
    assert "Mailed to zoe@example.com" in page and shown and shown[1] == link[1]


def test_a_mail_that_fails_leaves_the_invitation_and_the_link(
    manager: Browser, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Down"
    SEEN.clear()

    page = invited(manager)

    assert User.objects.filter(email="zoe@example.com").exists()
    assert "No mail could be sent to zoe@example.com" in page
    assert "OVERREAD_EMAIL_URL" in page
    link = LINK.search(page)
    assert link and chosen(link[1]) == 200
    assert SEEN == [False], "a mail server was asked inside a transaction"


def test_a_new_link_is_mailed_again(manager: Browser) -> None:
    invited(manager)
    zoe = User.objects.get(email="zoe@example.com")

    page = manager.post(
        "/admin/accounts/user/",
        {"action": "link_again", "_selected_action": [zoe.pk]},
        follow=True,
    ).content.decode()

    assert len(mail.outbox) == 2
    assert "Mailed to zoe@example.com" in page


def forgot(email: str) -> str:
    return (
        Browser().post("/accounts/password/reset/", {"email": email}, follow=True).content.decode()
    )


def test_a_forgotten_password_is_mailed(committed_db: Databases, ann: User) -> None:
    forgot(ann.email)

    (sent,) = mail.outbox
    link = LINK.search(str(sent.body))
    assert sent.to == [ann.email] and link and chosen(link[1]) == 200


def test_a_reset_that_cannot_be_mailed_says_so_whoever_asks(
    committed_db: Databases, ann: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Down"

    pages = [forgot(ann.email), forgot(factories.UserFactory.build().email)]

    assert all("No mail can be sent just now" in page for page in pages)
