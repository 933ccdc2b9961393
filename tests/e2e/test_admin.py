"""A manager at work in the admin: its own scripts run under our policy, and nothing complains."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from governance import matrix, matrix_rows
from handoffs.actors import SYSTEM
from handoffs.models import MatrixRow, Queue
from tests import factories

Open = Callable[..., Page]


def test_a_manager_gives_a_tier_a_row_with_a_ladder(
    open_as: Open, mia: User, shop: factories.Shop
) -> None:
    page = open_as(mia, f"/admin/handoffs/matrixrow/of/{shop.workflow.pk}/add/")

    page.select_option("#id_tier", "hard_stop")
    page.select_option("#id_role", label="refund approvers leads")
    page.select_option("#id_queue", label="Refunds, leads")
    page.fill("#id_deadline", "30m")
    page.get_by_role("button", name="One more level").click()
    expect(page.locator("#id_deadline")).to_have_value("30m")
    page.select_option("#id_steps-0-role", label="refund approvers")
    page.select_option("#id_steps-0-queue", label="Refunds")
    page.fill("#id_why", "A hard stop is for the leads")
    page.get_by_role("button", name="Put in force").click()

    expect(page.get_by_text("Kept. It holds from the next handoff on.")).to_be_visible()
    expect(
        page.get_by_text("Refund approvers leads in refunds-leads within 30 min")
    ).to_be_visible()
    row = MatrixRow.objects.get(tier="hard_stop")
    assert (row.role, row.queue, row.deadline_seconds) == (shop.leads, shop.leads_queue, 1800)
    assert row.steps.get().role == shop.team

    page.get_by_role("link", name="History").click()
    expect(page.get_by_text("A hard stop is for the leads")).to_be_visible()


def test_a_refusal_is_read_where_the_work_is(
    open_as: Open, mia: User, shop: factories.Shop
) -> None:
    page = open_as(mia, f"/admin/handoffs/matrixrow/{shop.row.pk}/change/")

    page.select_option("#id_tier", "hard_stop")
    page.fill("#id_why", "Only for hard stops")
    page.get_by_role("button", name="Put in force").click()

    expect(page.get_by_text("Nobody has authority over refund_order").first).to_be_visible()
    expect(page.locator("#id_tier")).to_have_value("hard_stop")
    expect(page.locator("#id_why")).to_have_value("Only for hard stops")


@pytest.mark.parametrize("place", ["rows", "row", "history"])
def test_the_pages_of_the_matrix_are_for_everyone(
    open_as: Open, mia: User, olga: User, shop: factories.Shop, place: str
) -> None:
    matrix.propose(
        shop.workflow,
        row=None,
        after=matrix_rows.facts(shop.row).model_copy(update={"kind": "takeover"}),
        why="Takeovers have a row of their own",
        by=SYSTEM,
        user=mia,
        now=timezone.now(),
    )
    shop.workflow.four_eyes = True
    shop.workflow.save(update_fields=["four_eyes"])
    matrix.propose(
        shop.workflow,
        row=shop.row,
        after=matrix_rows.facts(shop.row).model_copy(update={"deadline": "2h"}),
        why="Answers take too long",
        by=SYSTEM,
        user=olga,
        now=timezone.now(),
    )
    of = f"/admin/handoffs/matrixrow/of/{shop.workflow.pk}/"
    paths = {
        "rows": of,
        "row": f"/admin/handoffs/matrixrow/{shop.row.pk}/change/",
        "history": f"{of}history/",
    }

    page = open_as(mia, paths[place], width=360)

    found = Axe().run(page).response["violations"]
    assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_short_name_of_a_queue_is_made_of_its_name(
    open_as: Open, mia: User, shop: factories.Shop
) -> None:
    page = open_as(mia, "/admin/handoffs/queue/add/")

    page.locator("#id_name").press_sequentially("Late returns")
    page.get_by_label("refund approvers", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("was added successfully")).to_be_visible()
    assert Queue.objects.get(slug="late-returns").depths.count() == 16


def test_a_key_is_issued_and_its_page_says_that_it_is_shown_once(
    open_as: Open, mia: User, bot: object
) -> None:
    page = open_as(mia, "/admin/accounts/apikey/add/")

    page.select_option("#id_client", label="bot")
    page.fill("#id_workflows", "retail-support")
    page.get_by_role("button", name="Save", exact=True).click()

    raw = page.locator("code[id^=raw-key-]").inner_text()
    assert raw.startswith("ovr_")
    page.get_by_role("link", name="back to the keys").click()
    expect(page.get_by_text(raw[4:12])).to_be_visible()
    assert raw[13:] not in page.content()


def test_someone_signs_in_by_the_form(open_as: Open, ann: User) -> None:
    page = open_as(None, "/")

    page.get_by_label("Email").fill(ann.email)
    page.get_by_label("Password", exact=False).first.fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url(lambda url: "/accounts/" not in url)
