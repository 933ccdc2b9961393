"""A session in a real browser: by keys alone, without scripts, and what its pages look like."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews.models import Decision
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SIZES = {360: 760, 768: 1024, 1440: 900}


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


@pytest.fixture
def three(shop: Shop, bot: Client) -> list[Handoff]:
    return [put(shop, bot, due_in=due, safeguards={"undo_seconds": 300}) for due in (60, 90, 120)]


def check(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{name}-{width}-{theme}", full=False)
            assert_fits(page)
            # the rest of the handoff's page has a test of its own
            assert_accessible(page, ".lines" if "/handoffs/" in page.url else None)


def test_a_session_by_keys_alone(open_as: Open, three: list[Handoff], ann: User) -> None:
    page = open_as(ann, path("session-start", "refunds"))
    page.keyboard.press("n")
    page.keyboard.press("Enter")

    for number, handoff in enumerate(three):
        page.wait_for_url(f"**{path('handoff', handoff.id)}")
        expect(page.locator(".session-bar")).to_contain_text(f"{number} of 12 done")
        page.keyboard.press("a")
        expect(page.locator("[value=approve]").first).to_be_focused()
        page.keyboard.press("Enter")

    page.wait_for_url(f"**{path('session')}")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("h1")).to_have_text("Nothing more waits that you may take")
    assert Decision.objects.count() == 3


def test_a_session_without_scripts(open_as: Open, three: list[Handoff], ann: User) -> None:
    page = open_as(ann, path("desk"), scripts=False)
    page.get_by_role("link", name="Session in Refunds").click()
    page.get_by_label("How many, or how long?").fill("2")
    page.get_by_role("button", name="Start").click()
    for number in range(2):
        expect(page.locator(".session-bar")).to_contain_text(f"{number} of 2 done")
        page.locator("[value=approve]").first.click()

    expect(page.locator("h1")).to_have_text("That was all you had set out to do")
    page.get_by_role("link", name="Another session").click()
    expect(page.locator("h1")).to_have_text("A session in Refunds")


def test_what_it_looks_like(open_as: Open, three: list[Handoff], ann: User) -> None:
    page = open_as(ann, path("session-start", "refunds"))
    check(page, "session-start")
    page.get_by_label("How many, or how long?").fill("2")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(f"**{path('handoff', three[0].id)}")
    check(page, "session-at-it")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("[value=approve]").first.click()
    page.wait_for_url(f"**{path('handoff', three[1].id)}")
    check(page, "session-after-one")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Pause").click()
    page.wait_for_url(f"**{path('session')}")
    check(page, "session-paused")
    page.get_by_role("button", name="End the session").last.click()
    expect(page.locator("h1")).to_have_text("You ended it here")
    check(page, "session-over")
