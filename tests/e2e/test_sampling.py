"""Sampling in a browser: the manager's page, and an audit that is rolled back with the keyboard."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from governance import sampling
from handoffs import audits
from handoffs.models import Finding, Handoff
from reviews import claims
from tests import factories
from tests.e2e.conftest import SERIOUS, assert_accessible, assert_fits, picture
from tests.handoffs.afterwards import drawn, let_undo

Open = Callable[..., Page]
LOOKS = [(1440, "light"), (360, "dark")]


@pytest.fixture
def audit(shop: factories.Shop, bot: Client, bot_key: str) -> Handoff:
    let_undo(shop)
    proposal = drawn(shop, bot, bot_key, brief=factories.brief_payload())
    audits.open_due(now=timezone.now())
    now = timezone.now()
    Finding.objects.create(
        workflow=shop.workflow,
        proposal=proposal,
        keys=["number:issue_refund:amount"],
        sentences=[
            "amount 4,900.00 is 11.2 robust deviations above the median 48.00 of the last 312 "
            "issue_refund."
        ],
        at=now,
        last_at=now,
        times=14,
    )
    return Handoff.objects.get(proposal=proposal, kind="audit")


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_sampling_page_reads_well(
    open_as: Open, mia: User, shop: factories.Shop, audit: Handoff, width: int, theme: str
) -> None:
    address = f"/admin/handoffs/sampling/{shop.workflow.pk}/change/"
    page = open_as(mia, address, width=width, theme=theme)

    expect(page.get_by_text("not enough data").first).to_be_visible()
    expect(page.get_by_text("11.2 robust deviations")).to_be_visible()
    picture(page, f"sampling-{width}-{theme}")
    assert_fits(page)
    # the admin's sheets import each other, and axe would copy them inline, against our policy
    found = Axe().run(page, options={"runOnly": SERIOUS, "preload": False})
    assert found.violations_count == 0, found.generate_report()


def test_a_manager_switches_audits_off_only_with_a_reason(
    open_as: Open, mia: User, shop: factories.Shop
) -> None:
    page = open_as(mia, f"/admin/handoffs/sampling/{shop.workflow.pk}/change/")

    page.get_by_label("Share in percent").last.fill("0")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Say why there are none")).to_be_visible()
    page.get_by_label("Why there are none").last.fill("The internal audit reads all of them")
    page.get_by_role("button", name="Save and continue editing").click()

    expect(page.get_by_text("Audits of notify actions are off since")).to_be_visible()
    expect(page.get_by_text("by Mia")).to_be_visible()
    assert sampling.shares(shop.workflow)["notify"].share == 0


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_an_audit_reads_well(
    open_as: Open, ann: User, audit: Handoff, width: int, theme: str
) -> None:
    claims.pick(audit.id, by=ann, now=timezone.now())
    page = open_as(ann, f"/handoffs/{audit.id}", width=width, theme=theme)

    expect(page.get_by_text("Can be undone")).to_be_visible()
    picture(page, f"audit-{width}-{theme}")
    assert_fits(page)
    assert_accessible(page)


def test_a_reviewer_rolls_an_action_back(open_as: Open, ann: User, audit: Handoff) -> None:
    claims.pick(audit.id, by=ann, now=timezone.now())
    page = open_as(ann, f"/handoffs/{audit.id}")

    page.get_by_role("textbox").first.fill("That order belongs to somebody else.")
    page.get_by_role("button", name="Roll back: Cancel order").first.click()

    expect(page.get_by_text("Rolled back. The agent undoes it.")).to_be_visible()
    assert audit.answers.get().verb == "roll_back"
