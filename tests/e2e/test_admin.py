"""A manager at work in the admin: its own scripts run under our policy, and nothing complains."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from accounts.models import User
from handoffs.models import MatrixRow, Queue
from tests import factories

Open = Callable[..., Page]


def test_a_manager_adds_a_row_to_the_matrix(open_as: Open, mia: User, shop: factories.Shop) -> None:
    page = open_as(mia, f"/admin/handoffs/workflow/{shop.workflow.pk}/change/")

    page.get_by_text("Add another Row of the governance matrix").click()
    page.select_option("#id_rows-1-tier", "hard_stop")
    page.select_option("#id_rows-1-role", label="refund approvers leads")
    page.select_option("#id_rows-1-queue", label="Refunds, leads")
    page.fill("#id_rows-1-deadline", "30m")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("was changed successfully")).to_be_visible()
    row = MatrixRow.objects.get(tier="hard_stop")
    assert (row.role, row.queue, row.deadline_seconds) == (shop.leads, shop.leads_queue, 1800)


def test_a_refusal_is_read_where_the_work_is(
    open_as: Open, mia: User, shop: factories.Shop
) -> None:
    page = open_as(mia, f"/admin/handoffs/workflow/{shop.workflow.pk}/change/")

    page.select_option("#id_rows-0-tier", "hard_stop")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Nobody has authority over refund_order").first).to_be_visible()
    expect(page.locator("#id_rows-0-tier")).to_have_value("hard_stop")


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
