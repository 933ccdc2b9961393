"""The desk looks again by itself: quietly while nothing changes, not at all while it is hidden."""

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
HIDE = "Object.defineProperty(document, 'hidden', {value: true, configurable: true})"
NOW = "document.querySelector('[data-poll]').dataset.asked = '1'"


def poll(page: Page) -> None:
    """Let the next look be due now."""
    with page.expect_response(lambda response: response.url.endswith("/")):
        page.evaluate(NOW)


def test_the_desk_asks_again_and_shows_what_is_new(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    put(shop, bot)
    page = open_as(ann, reverse("reviews:desk"))
    expect(page.locator("h1")).to_have_text("One handoff waits")
    # what goes over the wire: to the page a repeated answer looks like a new one
    statuses: list[int] = []
    wire = page.context.new_cdp_session(page)
    wire.on("Network.responseReceivedExtraInfo", lambda told: statuses.append(told["statusCode"]))
    wire.send("Network.enable")

    for _ in range(3):
        poll(page)
    put(shop, bot)
    poll(page)

    expect(page.locator("h1")).to_have_text("2 handoffs wait")
    assert 304 in statuses and statuses[-1] == 200


def test_a_hidden_desk_asks_nothing(open_as: Open, shop: Shop, ann: User) -> None:
    page = open_as(ann, reverse("reviews:desk"))
    asked: list[str] = []
    page.wait_for_load_state("networkidle")
    page.on("request", lambda request: asked.append(request.url))

    page.evaluate(HIDE)
    page.evaluate(NOW)
    page.wait_for_timeout(2500)

    assert asked == []
