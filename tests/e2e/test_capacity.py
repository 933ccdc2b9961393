"""The page about capacity in a real browser: by day and night, wide and narrow."""

from collections.abc import Callable

from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.oversight.weeks import have_weeks

Open = Callable[..., Page]


def check(page: Page, name: str, widths: tuple[int, ...]) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("window.scrollTo(0, 0)")
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
        assert_accessible(page)


def test_a_manager_sees_where_people_are_missing(open_as: Open, shop: Shop, mia: User) -> None:
    have_weeks(shop.queue)
    page = open_as(mia, reverse("governance:index"))
    page.get_by_role("link", name="Are enough people there?").click()
    check(page, "capacity-index", (360,))
    page.get_by_role("link", name="Refunds", exact=True).click()
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(d => d.open = true)")

    check(page, "capacity", (1440, 768, 360))

    page.get_by_label("People there").fill("9")
    page.get_by_role("button", name="Reckon").click()
    expect(page.get_by_role("rowheader", name="9 people")).to_be_visible()
