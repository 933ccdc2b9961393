"""The page about oversight in a real browser: wide, narrow, by day and night, and on paper."""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from handoffs.models import Stop
from oversight.models import FigureDay
from tests.e2e.conftest import PICTURES, assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.oversight.figured import have_days

Open = Callable[..., Page]
pytestmark = pytest.mark.slow
# what a phone shows before anybody scrolls; and all of it, with the figures folded
FIRST, ALL = 740, 4 * 740


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
    # on a phone it is an answer and no scroll: what is long is folded
    assert_answered(page)
    page.get_by_role("link", name="4 weeks").click()
    expect(page.get_by_role("navigation", name="Period").locator("[aria-current]")).to_have_text(
        "4 weeks"
    )


def assert_answered(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": FIRST})
    last = page.get_by_role("listitem").filter(has_text="Is the agent improving?").bounding_box()
    assert last is not None and last["y"] + last["height"] <= FIRST
    assert page.evaluate("document.body.scrollHeight") < ALL


def test_figures_fold_on_a_phone_and_open_where_they_are_asked_for(
    open_as: Open, shop: Shop, mia: User
) -> None:
    have_days(shop.workflow, shop.queue, back=14)
    page = _open_whole(open_as, shop, mia)
    figures = page.get_by_role("table", name="Is the queue healthy?")
    asked = page.get_by_role("link", name="Is the queue healthy?")
    fold = page.get_by_text("Its figures, and the weeks before")
    # a wide screen has room for all of it, and nothing there to unfold
    expect(figures).to_be_visible()
    assert not fold.nth(1).is_visible()

    page.set_viewport_size({"width": 360, "height": FIRST})
    expect(figures).to_be_hidden()
    asked.focus()
    page.keyboard.press("Enter")
    expect(figures).to_be_visible()
    expect(page.get_by_role("table", name="Is oversight working?")).to_be_hidden()
    assert_fits(page)
    picture(page, "oversight-unfolded-360")


def _open_whole(open_as: Open, shop: Shop, mia: User, **how: object) -> Page:
    return open_as(mia, reverse("oversight:workflow", args=[shop.workflow.slug]), **how)


def test_one_goes_closer_and_comes_back(open_as: Open, shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=14)
    page = _open_whole(open_as, shop, mia)
    page.get_by_role("navigation", name="Action type").get_by_role(
        "link", name="refund order"
    ).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("refund order")
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        picture(page, f"oversight-part-{width}")
        assert_fits(page)
    assert_accessible(page)
    page.get_by_role("link", name=shop.workflow.name).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(shop.workflow.name)


def test_what_comes_while_it_is_open_appears(open_as: Open, shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=4)
    page = _open_whole(open_as, shop, mia)
    before = page.locator("#last-days tbody tr").count()
    FigureDay.objects.create(
        workflow=shop.workflow, queue=shop.queue, action_type="refund_order",
        day=timezone.now().date() + timedelta(days=1), came=77, open=77,
    )  # fmt: skip
    row = page.locator("#last-days tbody tr").first
    expect(row).to_contain_text("77", timeout=25_000)
    assert page.locator("#last-days tbody tr").count() == before + 1


def test_printed_it_has_everything_that_is_folded(open_as: Open, shop: Shop, mia: User) -> None:
    have_days(shop.workflow, shop.queue, back=14)
    Stop.objects.create(
        workflow=shop.workflow, reason="Refunds went out twice", stopped_role="manager",
        stopped_at=timezone.now() - timedelta(days=20), end_reason="fixed",
        ended_at=timezone.now() - timedelta(days=20, hours=-2),
    )  # fmt: skip
    page = _open_whole(open_as, shop, mia)
    table = page.get_by_role("table", name="By week")
    assert not table.is_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    assert page.locator("caption", has_text="Time in each state").is_visible()
    assert page.locator("details .across").last.is_visible()
    assert not page.get_by_role("navigation", name="Period").is_visible()
    assert page.get_by_role("table", name="Is the queue healthy?").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # nor is anything folded on narrow paper
    page.set_viewport_size({"width": 500, "height": 700})
    assert page.get_by_role("table", name="Is the queue healthy?").is_visible()
    picture(page, "oversight-print")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.pdf(path=PICTURES / "oversight.pdf", format="A4")


def test_demo_history_says_what_it_is(
    open_as: Open, server: str, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    call_command("seed_demo", stdout=io.StringIO())
    page = open_as(User.objects.get(email="mia@demo.example"), reverse("oversight:all"))
    expect(page.get_by_text("These weeks did not happen.")).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 768, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("window.scrollTo(0, 0)")
            picture(page, f"oversight-demo-{width}-{theme}")
            picture(page, f"oversight-demo-{width}-{theme}-first", full=False)
            assert_fits(page)
        assert_accessible(page)
    assert_answered(page)
