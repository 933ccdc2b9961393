"""The page about the power of tests in a real browser: sliders, keyboard, narrow, dark."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.e2e.conftest import assert_accessible, assert_fits, picture

Open = Callable[..., Page]
pytestmark = pytest.mark.slow


def test_an_owner_moves_a_slider(open_as: Open, mia: User) -> None:
    page = open_as(mia, reverse("oversight:power"))
    said = page.get_by_role("status").filter(has_text="would be noticed")
    expect(said).to_contain_text("in 6.7 working days, nine times in ten by 10.8")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 768, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("window.scrollTo(0, 0)")
            picture(page, f"power-{width}-{theme}")
            assert_fits(page)
        assert_accessible(page)

    # by keyboard: from 2 % of reviews to 5 %
    slider = page.get_by_role("slider", name="Percent of reviews that are tests")
    slider.focus()
    for _ in range(6):
        slider.press("ArrowRight")
    expect(said).to_contain_text("in 3.3 working days")
    expect(page.get_by_role("spinbutton", name="Percent of reviews that are tests")).to_have_value(
        "5"
    )
    assert "rate=5" in page.url


def test_without_scripts_it_is_a_form(open_as: Open, mia: User) -> None:
    page = open_as(mia, reverse("oversight:power"), width=360, scripts=False)
    assert page.get_by_role("slider").count() == 0
    page.get_by_label("Percent of reviews that are tests").fill("5")
    page.get_by_role("button", name="Reckon").click()
    expect(page.get_by_role("status").filter(has_text="noticed")).to_contain_text(
        "in 3.3 working days"
    )
