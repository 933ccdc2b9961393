"""The page about oversight in a real browser: wide, narrow, by day and night."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.oversight.figured import have_days

Open = Callable[..., Page]
pytestmark = pytest.mark.slow


def test_an_owner_reads_it_in_a_minute(open_as: Open, shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=14)
    page = open_as(mia, reverse("governance:index"))
    page.get_by_role("link", name="Is oversight working?").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("All workflows")
    page.get_by_role("navigation", name="Workflow").get_by_role(
        "link", name=shop.workflow.name
    ).click()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 768, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("window.scrollTo(0, 0)")
            picture(page, f"oversight-{width}-{theme}")
            assert_fits(page)
        assert_accessible(page)
    page.get_by_role("link", name="4 weeks").click()
    expect(page.get_by_role("navigation", name="Period").locator("[aria-current]")).to_have_text(
        "4 weeks"
    )
