"""Alarms in a real browser: wide, narrow, by day and night, and seen to by keyboard alone."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from handoffs.models import OutboxMessage, RefusedTransition
from oversight.models import Alarm, ProposalDay, Threshold
from oversight.watch import alarms
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop

Open = Callable[..., Page]
pytestmark = pytest.mark.slow


def raise_some(shop: Shop, mia: User) -> None:
    for tier, proposed in (("hard_approval", 300), ("autonomous", 700)):
        ProposalDay.objects.create(
            workflow=shop.workflow, action_type="refund_order", tier=tier,
            day=datetime.now(UTC).date(), proposed=proposed,
        )  # fmt: skip
    OutboxMessage.objects.create(
        mail_to="owner@example.com", event="run.failed", payload={}, state="dead",
        last_error="The mail server said 550: there is no such mailbox here.",
    )  # fmt: skip
    alarms.look(now=timezone.now())
    Threshold.objects.update(hold_minutes=0)
    alarms.look(now=timezone.now())
    RefusedTransition.objects.create(
        entity="run", from_state="COMPLETED", to_state="RUNNING", times=3, last_at=timezone.now()
    )
    over = Alarm.objects.get(threshold__measure="dead_letters")
    alarms.note(over, "Wrote to the owner and mended the address.", by=mia, now=timezone.now())
    Alarm.objects.filter(pk=over.pk).update(cleared_at=timezone.now())


def look_at(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 768, 360):
            page.set_viewport_size({"width": width, "height": 900})
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
        assert_accessible(page)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_an_owner_sees_to_an_alarm(open_as: Open, shop: Shop, mia: User) -> None:
    raise_some(shop, mia)
    page = open_as(mia, reverse("oversight:alarms"))
    look_at(page, "alarms")

    alarm = page.get_by_role("article", name="People are asked too often")
    alarm.get_by_role("button", name="I have seen it").focus()
    page.keyboard.press("Enter")
    expect(alarm).to_contain_text("Mia saw it after")
    alarm.get_by_label("What was done").fill("fine")
    alarm.get_by_role("button", name="Keep it").click()
    expect(alarm.get_by_text("Say in 2 words")).to_be_visible()
    alarm.get_by_label("What was done").fill("A draft map asks less of refunds below 20 EUR.")
    alarm.get_by_role("button", name="Keep it").click()
    expect(alarm).to_contain_text("Done: A draft map asks less")

    alarm.get_by_role("link", name="It is an alarm from").click()
    look_at(page, "threshold")
    page.get_by_label("It is an alarm from, in percent").fill("40")
    page.get_by_role("button", name="Watch it by these marks").click()
    row = page.get_by_role("row", name="People are asked too often")
    expect(row).to_contain_text("40\xa0%")


def test_whether_the_machine_is_at_work(open_as: Open, shop: Shop, mia: User) -> None:
    raise_some(shop, mia)
    page = open_as(mia, reverse("oversight:alarms"))
    page.get_by_role("link", name="Is the machine at work?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is the machine at work?")
    look_at(page, "machine")
    expect(page.get_by_text("there is no such mailbox here")).to_be_visible()
