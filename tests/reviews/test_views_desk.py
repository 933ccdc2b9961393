"""The desk as a reviewer's browser gets it."""

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Client, User
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
DESK = reverse("reviews:desk")


@pytest.fixture
def desk(client: Browser, ann: User) -> Browser:
    client.force_login(ann)
    return client


def test_an_empty_desk_is_calm_and_offers_nothing_to_take(desk: Browser, shop: Shop) -> None:
    page = desk.get(DESK)

    assert page.status_code == 200
    assert "Nothing waits" in page.content.decode()
    assert "Take the next" not in page.content.decode()


def test_the_desk_says_how_much_waits_and_takes_the_next(
    desk: Browser, shop: Shop, bot: Client
) -> None:
    later, sooner = put(shop, bot, due_in=7200), put(shop, bot, due_in=600)

    page = desk.get(DESK).content.decode()
    taken = desk.post(reverse("reviews:take"))

    assert "2 handoffs wait" in page
    assert taken.status_code == 302
    assert taken["Location"] == reverse("reviews:handoff", args=[sooner.id])
    assert later.id not in taken["Location"]
