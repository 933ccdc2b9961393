"""A page that is looked at counts reading time; one that is left lets go, unless it comes back."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Answer, Handoff
from reviews import claims
from reviews.models import Claim, Draft
from tests.factories import Shop
from tests.flows.processes import until
from tests.reviews.waiting import put

Open = Callable[..., Page]
HIDE = """Object.defineProperty(document, 'hidden', {value: true, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'))"""
SHOW = "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def held(shop: Shop, bot: Client, ann: User) -> Handoff:
    handoff = put(shop, bot, safeguards={"minimum_seconds": 3})
    claims.pick(handoff.id, by=ann, now=timezone.now())
    return handoff


@pytest.fixture
def page(open_as: Open, held: Handoff, ann: User) -> Page:
    """Ann's page, once it has said that it is looked at."""
    page = open_as(ann, reverse("reviews:desk"))
    with page.expect_response("**/beat"):
        page.goto(reverse("reviews:handoff", args=[held.id]))
    return page


def lease_left() -> float:
    return (Claim.objects.get().expires_at - timezone.now()).total_seconds()


def is_let_go() -> bool:
    return 0 < lease_left() <= claims.LEFT_SECONDS


def comes_back(page: Page, how: Callable[[], object]) -> None:
    with page.expect_response("**/beat"):
        how()


def test_going_to_the_desk_lets_go(page: Page) -> None:
    page.get_by_role("link", name="Overread").click()
    page.wait_for_url(f"**{reverse('reviews:desk')}")

    until(is_let_go, 5)
    assert Claim.objects.get().ended_at is None


def test_a_reload_keeps_the_claim(page: Page) -> None:
    comes_back(page, page.reload)
    comes_back(page, page.reload)

    assert lease_left() > 60


def test_the_back_button_keeps_the_claim(page: Page) -> None:
    page.get_by_role("link", name="Overread").click()
    page.wait_for_url(f"**{reverse('reviews:desk')}")
    until(is_let_go, 5)

    comes_back(page, page.go_back)

    assert lease_left() > 60


def test_the_edit_page_is_the_same_work(page: Page) -> None:
    comes_back(page, page.get_by_role("link", name="Change it, then approve").click)

    assert lease_left() > 60


def test_another_tab_on_a_phone_is_no_goodbye(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))

    with page.expect_response("**/beat"):
        page.evaluate(HIDE)
    with page.expect_response("**/beat"):
        page.evaluate(SHOW)

    assert "leave" not in asked
    assert lease_left() > 60


def test_the_last_words_are_kept_and_so_is_the_claim(page: Page, held: Handoff) -> None:
    page.locator("#words").fill("half a thought")
    page.goto(reverse("reviews:desk"))

    until(lambda: Draft.objects.filter(handoff=held).exists(), 5)
    assert Draft.objects.get().body["reason"] == "half a thought"
    assert lease_left() > 60


def test_half_an_edit_keeps_the_claim(page: Page) -> None:
    comes_back(page, page.get_by_role("link", name="Change it, then approve").click)
    page.get_by_label("Amount").fill("300")

    page.goto(reverse("reviews:desk"))
    expect(page.locator(".held")).to_be_visible()

    assert lease_left() > 60


def test_the_countdown_ends_and_the_server_agrees(page: Page) -> None:
    needed = page.locator("#still-needed")
    expect(needed).to_contain_text("of reading")

    expect(needed.locator("li")).to_have_count(0, timeout=8000)
    page.locator("[value=approve]").first.click()
    page.wait_for_url(f"**{reverse('reviews:desk')}")

    assert Answer.objects.get().verb == "approve"
    assert (Claim.objects.get().read_seconds or 0) >= 1


def test_a_hidden_page_reads_nothing(page: Page) -> None:
    with page.expect_response("**/beat"):
        page.evaluate(HIDE)
    before = Claim.objects.get().read_seconds

    page.wait_for_timeout(4000)
    page.locator("[value=approve]:visible").first.dispatch_event("click")

    expect(page.locator("#needed-said")).to_contain_text("of reading")
    assert not Answer.objects.exists()
    assert (Claim.objects.get().read_seconds or 0) < (before or 0) + 1
