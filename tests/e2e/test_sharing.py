"""What has gathered begun as one session from the desk, and what the pages of sharing look like."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Handoff, Queue
from reviews import claims
from reviews.models import Decision
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SIZES = {360: 760, 768: 1024, 1440: 900}


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


def check(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
            assert_accessible(page)


@pytest.fixture
def gathered(shop: Shop, bot: Client) -> list[Handoff]:
    ended, comes = now() - timedelta(minutes=1), now() + timedelta(minutes=25)
    put(shop, bot, gather_until=comes)
    put(shop, bot, due_in=1800)
    return [
        put(shop, bot, due_in=due, gather_until=ended, safeguards={"undo_seconds": 0})
        for due in (4000, 5000, 6000)
    ]


@pytest.mark.parametrize("scripts", [True, False])
def test_what_gathered_is_done_as_one_session(
    open_as: Open, gathered: list[Handoff], ann: User, scripts: bool
) -> None:
    page = open_as(ann, path("desk"), scripts=scripts)
    expect(page.locator(".ready")).to_contain_text("3 alike are ready: refund order")
    if scripts:
        check(page, "desk-gathered")

    page.get_by_role("button", name="Do them as one session").click()

    for number, handoff in enumerate(gathered):
        page.wait_for_url(f"**{path('handoff', handoff.id)}")
        expect(page.locator(".session-bar")).to_contain_text(f"{number} of 3 done")
        page.locator("[value=approve]").first.click()
    page.wait_for_url(f"**{path('session')}")
    expect(page.locator("h1")).to_have_text("That was all you had set out to do")
    assert Decision.objects.count() == 3


def test_the_list_says_that_some_gather_and_shows_them_when_asked(
    open_as: Open, gathered: list[Handoff], shop: Shop, ann: User
) -> None:
    Queue.objects.filter(pk=shop.queue.pk).update(pick_allowed=True)
    page = open_as(ann, path("queue", "refunds"))
    expect(page.locator("[data-rows] li")).to_have_count(4)
    check(page, "queue-gathering")

    page.get_by_role("link", name="Show them too").click()

    expect(page.locator("[data-rows] li")).to_have_count(5)
    expect(page.locator("[data-rows]")).to_contain_text("gathers until")


def test_hours_caps_and_absences(open_as: Open, gathered: list[Handoff], ann: User) -> None:
    claims.take_next(by=ann, now=now())
    page = open_as(ann, path("hours"))

    check(page, "hours")
