"""The page after a blind test: once, to one person, by keyboard, without scripts, at any width."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Error, Page, expect

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims, link_mails, sessions
from reviews.models import ApproverLink, Plant
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.reviews.approving import approver
from tests.reviews.planting import SOWN, planted
from tests.reviews.waiting import put

Open = Callable[..., Page]
TOLD = {
    "what": "The agent asked for ten times what the order came to.",
    "before": "312.50 USD",
    "after": "3,125.00 USD",
    "where": "In the facts, beside “Order total”, and in the receipt.",
}
ONCE = "That was a blind test"


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


def stand(shop: Shop, bot: Client) -> Plant:
    return planted(shop, bot, sown=replace(SOWN, told=TOLD))


@pytest.fixture
def plant(shop: Shop, bot: Client, bot_key: str, ann: User) -> Plant:
    found = stand(shop, bot)
    claims.pick(str(found.handoff_id), by=ann, now=now())
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 360])
def test_it_reads_well(open_as: Open, plant: Plant, ann: User, width: int, theme: str) -> None:
    page = open_as(ann, path("handoff", plant.handoff_id), width=width, theme=theme)
    page.locator("form button[value=approve]:visible").first.click()

    expect(page.locator("h1")).to_have_text(ONCE)
    for text in TOLD.values():
        expect(page.locator("main")).to_contain_text(text)
    assert_fits(page)
    assert_accessible(page)
    picture(page, f"disclosure-{width}-{theme}")


def test_by_keyboard_alone_and_on_to_the_next(
    open_as: Open, plant: Plant, ann: User, shop: Shop, bot: Client
) -> None:
    real = put(shop, bot)
    page = open_as(ann, path("handoff", plant.handoff_id))

    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(ONCE)
    expect(page.locator("h1")).to_be_focused()
    page.keyboard.press("n")
    expect(page.get_by_role("button", name="Take the next one")).to_be_focused()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{path('handoff', real.id)}")
    expect(page.locator("body")).not_to_contain_text("blind test")


def test_without_scripts(open_as: Open, plant: Plant, ann: User, shop: Shop, bot: Client) -> None:
    put(shop, bot)
    page = open_as(ann, path("handoff", plant.handoff_id), scripts=False)
    page.get_by_role("button", name="Approve").first.click()
    expect(page.locator("h1")).to_have_text(ONCE)

    page.get_by_role("button", name="Take the next one").click()

    expect(page.locator("h1")).not_to_have_text(ONCE)


def test_a_double_click_still_shows_it(open_as: Open, plant: Plant, ann: User) -> None:
    """Of two requests a browser shows the second one's answer, which would be a refusal."""
    page = open_as(ann, path("handoff", plant.handoff_id))

    page.get_by_role("button", name="Approve").first.dblclick()

    expect(page.locator("h1")).to_have_text(ONCE)


def test_it_cannot_be_gone_back_to(open_as: Open, plant: Plant, ann: User) -> None:
    page = open_as(ann, path("handoff", plant.handoff_id))
    page.get_by_role("button", name="Approve").first.click()
    expect(page.locator("h1")).to_have_text(ONCE)
    page.get_by_role("link", name="Back to the desk").click()
    page.wait_for_url(f"**{path('desk')}")

    # the browser has kept nothing that it could show
    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()


def test_in_a_session_it_goes_on_with_the_session(
    open_as: Open, shop: Shop, bot: Client, bot_key: str, ann: User
) -> None:
    stand(shop, bot)
    real = put(shop, bot, due_in=9 * 3600)
    sessions.start(shop.queue.slug, by=ann, items=5, now=now())
    claim = sessions.step(by=ann, now=now())
    assert claim is not None and claim.handoff_id != real.id
    page = open_as(ann, path("handoff", claim.handoff_id))
    page.get_by_role("button", name="Approve").first.click()

    page.get_by_role("button", name="Go on").click()

    page.wait_for_url(f"**{path('handoff', real.id)}")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_from_a_link_in_a_mail(
    open_as: Open, shop: Shop, bot: Client, bot_key: str, width: int, theme: str
) -> None:
    zoe = approver(shop)
    found = stand(shop, bot)
    handoff = Handoff.objects.filter(id=found.handoff_id)
    handoff.update(terms={**handoff.get().terms, "email": "yes"})
    link_mails.send_due(now=now())
    made = ApproverLink.objects.get(handoff=found.handoff_id)
    page = open_as(zoe, path("link-at", made.id), width=width, theme=theme)
    page.locator("form[action$='/open'] button").click()
    page.get_by_role("radio", name="Approve").check()
    page.locator("form[action$='/choose'] button").first.click()
    page.locator("form[action$='/decide'] button").first.click()

    expect(page.locator("h1")).to_have_text(ONCE)
    expect(page.locator("main")).to_contain_text(TOLD["what"])
    assert_fits(page)
    assert_accessible(page)
    picture(page, f"disclosure-link-{width}-{theme}")
