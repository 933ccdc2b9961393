"""How full it is and where it came from: on the desk, in the list, on the page, in governance."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs import pressures
from handoffs.models import Handoff, Queue
from reviews import rates
from tests import factories, walks
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop

Open = Callable[..., Page]


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


@pytest.fixture
def full(shop: Shop, bot: Client, bot_key: str) -> Handoff:
    """Refunds is full; one more went to those beside it, and one came in beyond the limit."""
    Queue.objects.filter(pk=shop.leads_queue.pk).update(
        name="Refunds, second line", depth_limit=99, work_minutes_limit=8, pick_allowed=True
    )
    Queue.objects.filter(pk=shop.queue.pk).update(depth_limit=3, overflow_queue=shop.leads_queue)
    factories.let_work(shop.team, shop.leads_queue)
    for _ in range(3):
        walks.waiting(shop, bot, bot_key)
    came = walks.waiting(shop, bot, bot_key)
    walks.waiting(shop, bot, bot_key)
    Client.objects.filter(pk=bot.pk).update(can_be_slowed=False)
    walks.waiting(shop, bot, bot_key)
    rates.measure(now=timezone.now())
    pressures.watch(now=timezone.now())
    return came


def check(page: Page, name: str, part: str | None = None) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in ((360, 760), (1440, 900)):
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"limits-{name}-{width}-{theme}")
            assert_fits(page)
    assert_accessible(page, part)


def test_reviewers_see_what_is_full_and_where_it_came_from(
    open_as: Open, full: Handoff, ann: User
) -> None:
    page = open_as(ann, path("desk"))
    rows = page.locator("tr", has=page.get_by_role("rowheader"))
    expect(rows.filter(has_text="Refunds").first).to_contain_text("of 3, full")
    check(page, "desk")

    page.goto(path("queue", "refunds"))
    expect(page.locator("main")).to_contain_text("let in beyond the limit")
    page.goto(path("queue", "refunds-leads"))
    expect(page.locator("li", has_text="from Refunds, which was full")).to_have_count(2)
    check(page, "queue")

    ask = page.locator("a.row-ask").first
    ask.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/handoffs/**")
    expect(page.locator("main")).to_contain_text("Came from")
    check(page, "handoff", ".lines")


def test_managers_see_limits_and_what_agents_feel(
    open_as: Open, full: Handoff, shop: Shop, mia: User
) -> None:
    page = open_as(mia, reverse("governance:workflow", args=[shop.workflow.slug]))
    queues = page.locator("section", has=page.locator("#queues"))
    expect(queues).to_contain_text("overflows into Refunds, second line")
    expect(queues).to_contain_text("and 8 min of work: 2 now")
    check(page, "governance")

    page.goto(f"/admin/handoffs/queue/{shop.queue.pk}/change/")
    expect(page.get_by_label("Overflows into")).to_be_visible()
    picture(page, "limits-admin-1440-light")
    page.set_viewport_size({"width": 360, "height": 760})
    picture(page, "limits-admin-360-light")
