"""An approver, what is mailed to them, and the link that is in it."""

import re
from typing import Any

from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from handoffs import deliveries, mail_secrets
from handoffs.models import Handoff
from reviews import link_mails
from reviews.models import ApproverLink
from tests import factories
from tests.handoffs.postbox import Postbox
from tests.reviews.waiting import put

_LINK = re.compile(r"https?://[^\s\"<]*?(/links/[\w-]+)")


def approver(shop: factories.Shop, **changes: Any) -> User:
    """Someone who decides what mails bring, in the team of the shop."""
    return factories.UserFactory(
        **{
            "email": "zoe@example.com",
            "name": "Zoe Marin",
            "roles": [Role.APPROVER],
            "groups": [shop.team],
            **changes,
        }
    )


def put_by_email(shop: factories.Shop, bot: Client, email: str = "yes", **changes: Any) -> Handoff:
    """Put a handoff whose row says what may be done from an e-mail."""
    return put(shop, bot, terms={"email": email, **changes.pop("terms", {})}, **changes)


def send_mails(box: Postbox) -> None:
    """Look for what is due and send it, as the jobs do."""
    link_mails.send_due(now=timezone.now())
    deliveries.deliver()


def path_in(text: str) -> str:
    found = _LINK.findall(text)
    assert found, text
    assert len(set(found)) == 1, found
    return str(found[0])


def mailed(box: Postbox, handoff: Handoff, who: User) -> tuple[str, ApproverLink]:
    """Send what is due; return the path of this person's link to this handoff, and the link."""
    send_mails(box)
    link = ApproverLink.objects.get(handoff=handoff, approver=who, ended_at=None)
    for index, mail in enumerate(box.mails):
        path = path_in(box.text(index))
        if mail["To"] == who.email and _digest(path) == link.token_digest:
            return path, link
    raise AssertionError("no mail has this link")


def _digest(path: str) -> str:
    return mail_secrets.digest(path.rpartition("/")[2])


def go_in(path: str, browser: Browser | None = None) -> Browser:
    """Tick who one is and open the brief, as a person with the mail does."""
    browser = browser or Browser()
    response = browser.post(path, {"me": "yes"})
    assert response.status_code == 302, response.content.decode()[:3000]
    return browser


def answer(browser: Browser, link: ApproverLink, verb: str, words: str = "") -> Any:
    """Choose, look at it once more, send."""
    typed = {"answer": verb, "words": words}
    sure = browser.post(f"/links/at/{link.id}/choose", typed)
    assert sure.status_code == 200, sure.content.decode()[:3000]
    return browser.post(f"/links/at/{link.id}/decide", typed)
