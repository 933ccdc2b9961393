"""The pages that say what binds whom, in a real browser: by day and night, wide and narrow."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from handoffs.models import MatrixRow
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop

Open = Callable[..., Page]
PAGES = {
    "governance": ("index", []),
    "governance-workflow": ("workflow", ["retail-support"]),
    "what-happens": ("what-happens", ["retail-support"]),
    "traceability": ("traceability", []),
}


def check(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            # what slides under the bar on top would count as too small
            page.evaluate("window.scrollTo(0, 0)")
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
            assert_accessible(page)


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_governance(open_as: Open, shop: Shop, ann: User, name: str) -> None:
    route, arguments = PAGES[name]
    page = open_as(ann, reverse(f"governance:{route}", args=arguments))

    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(d => d.open = true)")

    check(page, name)


def test_a_gap_is_marked_where_it_is(open_as: Open, shop: Shop, ann: User) -> None:
    MatrixRow.objects.filter(pk=shop.row.pk).update(action_type=shop.cancel_order)
    page = open_as(ann, reverse("governance:workflow", args=["retail-support"]))

    expect(page.get_by_text("Nobody has authority over refund_order at hard")).to_be_visible()
    check(page, "governance-gap")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_case_is_asked_about_by_keyboard_alone(
    open_as: Open, shop: Shop, ann: User, scripts: bool
) -> None:
    page = open_as(ann, "/", scripts=scripts)
    page.get_by_role("link", name="Governance").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Retail support").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="What happens to …?").focus()
    page.keyboard.press("Enter")
    page.get_by_label("The agent wants to").select_option("refund_order")
    page.get_by_role("button", name="Choose").press("Enter")

    for name, text in (("Order", "#W1"), ("Amount", "312.50")):
        page.get_by_label(name, exact=True).fill(text)
    page.get_by_label("Currency").select_option("USD")
    page.get_by_label("Confidence").fill("0.6")
    page.get_by_label("Confidence").press("Enter")

    expect(page.get_by_text("The agent waits for the answer.")).to_be_visible()
    expect(page.get_by_text("Level 1: the refund approvers are asked, in Refunds")).to_be_visible()
    if scripts:
        check(page, "what-happens-answered")


def test_the_table_of_levels_is_set_by_keyboard(open_as: Open, shop: Shop, mia: User) -> None:
    page = open_as(mia, reverse("admin:handoffs_queue_levels", args=[shop.queue.pk]), width=360)

    box = page.get_by_label("refund approvers leads: view")
    box.press("Space")
    page.get_by_role("button", name="Save").press("Enter")

    expect(page.get_by_text("Changes kept: 1.")).to_be_visible()
    expect(page.get_by_label("refund approvers leads: view")).to_be_checked()
    assert_fits(page)
    picture(page, "levels-360-light")
