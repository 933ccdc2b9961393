"""Several people decide one thing, each in a browser of their own."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Answer, Handoff
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.e2e.material import RICH, SCHEMA_ARGUMENTS
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SPEC = {"approvers": 2, "evidence": "none"}


@pytest.fixture
def two(shop: Shop, bot: Client) -> Handoff:
    return put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS, safeguards=SPEC)


def look(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width, height in {360: 760, 768: 1024, 1440: 900}.items():
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
        assert_accessible(page)


def say(page: Page, verb: str, words: str) -> None:
    page.get_by_role("button", name="Take the next one").first.click()
    expect(page.locator("h1")).to_have_text(RICH["ask"])
    page.locator("#words").fill(words)
    page.locator(f"#decision [value={verb}]").first.click()
    expect(page.get_by_role("status").first).to_contain_text("Your answer is in")


def test_two_decide_without_knowing_of_each_other_and_then_read_both(
    open_as: Open, two: Handoff, ann: User, ben: User
) -> None:
    first, second = open_as(ann, "/"), open_as(ben, "/")

    say(first, "reject", "It was delivered on Monday; the carrier has a signature.")
    first.goto(reverse("reviews:handoff", args=[two.id]))
    expect(first.get_by_text("1 of 2 has decided").first).to_be_visible()
    look(first, "several-first")
    second.get_by_role("button", name="Take the next one").first.click()
    expect(second.get_by_text("1 of 2 has decided").first).to_be_visible()
    assert "delivered on Monday" not in second.content()
    look(second, "several-second")
    assert not Answer.objects.exists()
    second.goto("/")
    say(second, "approve", "The order is late and the policy says so.")

    second.goto(reverse("reviews:handoff", args=[two.id]))
    expect(second.get_by_text("What each of them said")).to_be_visible()
    look(second, "several-done")
    assert Answer.objects.get().verb == "reject"
