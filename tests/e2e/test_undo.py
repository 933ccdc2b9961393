"""The moment after a decision, in a real browser: what is said, the way back, and its end."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims
from reviews.models import Decision
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.e2e.material import RICH, SCHEMA_ARGUMENTS
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SIZES = {360: 760, 768: 1024, 1440: 900}


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


def held(shop: Shop, bot: Client, ann: User, seconds: int) -> Handoff:
    handoff = put(shop, bot, safeguards={"undo_seconds": seconds}, due_in=60)
    claims.pick(handoff.id, by=ann, now=now())
    return handoff


@pytest.fixture
def two(shop: Shop, bot: Client, ann: User) -> list[Handoff]:
    """One that ann holds, and a rich one that comes after it."""
    first = held(shop, bot, ann, 300)
    return [first, put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS)]


def test_by_keyboard_alone(open_as: Open, two: list[Handoff], ann: User) -> None:
    page = open_as(ann, path("handoff", two[0].id))

    page.keyboard.press("a")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{path('handoff', two[1].id)}")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("h1")).to_have_attribute("aria-describedby", "undo")
    line = page.locator("#undo")
    expect(line).to_contain_text("Approved. The agent goes on in")
    page.keyboard.press("z")
    expect(line.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path('handoff', two[0].id)}")
    expect(page.locator(".flash")).to_contain_text("Nothing was sent")
    expect(page.locator("h1")).to_be_focused()
    assert Decision.objects.get().undone_at is not None


def test_without_scripts(open_as: Open, two: list[Handoff], ann: User) -> None:
    page = open_as(ann, path("handoff", two[0].id), scripts=False)
    page.get_by_role("button", name="Approve").first.click()
    expect(page.locator("#undo")).to_contain_text("Approved. The agent goes on in")

    page.locator("#undo").get_by_role("button").click()

    page.wait_for_url(f"**{path('handoff', two[0].id)}")
    assert Decision.objects.get().undone_at is not None


def test_when_the_moment_is_over_the_line_says_so_and_nothing_jumps(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = held(shop, bot, ann, 3)
    page = open_as(ann, path("handoff", handoff.id))
    page.get_by_role("button", name="Approve").first.click()
    page.wait_for_url(f"**{path('desk')}")
    before = page.locator("h1").bounding_box()
    page.keyboard.press("z")

    expect(page.locator("#undo")).to_contain_text("The agent has been told.", timeout=10_000)

    assert page.locator("h1").bounding_box() == before
    expect(page.locator("#undo").get_by_role("button")).to_have_count(0)
    expect(page.locator("h1")).to_be_focused()


def test_what_it_looks_like(open_as: Open, two: list[Handoff], ann: User) -> None:
    page = open_as(ann, path("handoff", two[0].id))
    page.get_by_role("button", name="Approve").first.click()
    page.wait_for_url(f"**{path('handoff', two[1].id)}")

    for where in (path("handoff", two[1].id), path("desk")):
        page.goto(where)
        name = "undo-desk" if where == path("desk") else "undo"
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            for width, height in SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                picture(page, f"{name}-{width}-{theme}", full=False)
                assert_fits(page)
                # the rest of the handoff's page has a test of its own
                assert_accessible(page, ".lines" if "/handoffs/" in page.url else None)
