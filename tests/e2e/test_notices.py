"""People say how they are told, leads where else, and a requester's page says who has it by now."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs import answers
from handoffs.actors import SYSTEM
from handoffs.models import Handoff, NoticeChannel, Run
from reviews.models import NoticeWish
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.reviews.telling import look, send, tell_queue
from tests.reviews.waiting import put

Open = Callable[..., Page]
SIZES = {360: 760, 1440: 900}


def check(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
            assert_accessible(page)


def test_somebody_says_how_they_are_told_by_keyboard_alone(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    tell_queue(shop.queue, arrived="at_once")
    look()
    put(shop, bot)
    look()
    send()
    page = open_as(ann, reverse("reviews:notices"))
    check(page, "notices")
    page.set_viewport_size({"width": 360, "height": 760})

    page.get_by_label("Something is given to you").focus()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Something becomes urgent")).to_be_focused()
    page.get_by_label("Refunds").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Keep this").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_label("Something is given to you")).to_have_value("none")
    assert NoticeWish.objects.get(person=ann).quiet_queues == [shop.queue.pk]


def test_whoever_leads_a_queue_says_where_else_it_is_told(
    open_as: Open, shop: Shop, mia: User
) -> None:
    NoticeChannel.objects.create(
        queue=shop.queue,
        service="Opsgenie",
        address="opsgenie://x",
        shown="opsgenie://s...t/",
        kinds=["urgent"],
        enabled=False,
        disabled_because="The endpoint answered 403.",
    )
    page = open_as(mia, reverse("reviews:queue-notices", args=[shop.queue.slug]))
    page.get_by_label("Address").fill("file:///etc/passwd")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("alert")).to_contain_text("no service that we know")
    check(page, "queue-notices-refused")

    page.get_by_label("Address").fill("https://ntfy.sh/refunds-7d1f")
    page.get_by_label("Something becomes urgent").last.check()
    page.get_by_role("button", name="Add it").click()

    expect(page.locator(".channel")).to_have_count(2)
    expect(page.locator(".channel").last).to_contain_text("ntfy")
    check(page, "queue-notices")


@pytest.fixture
def asked(shop: Shop, bot: Client) -> Handoff:
    handoff = put(shop, bot)
    said = {"name": "Kim Li", "locale": "de", "time_zone": "Europe/Berlin"}
    Run.objects.filter(pk=handoff.run_id).update(requester=said)
    return handoff


def test_the_requesters_page_announces_a_change_once(open_as: Open, asked: Handoff) -> None:
    page = open_as(None, reverse("reviews:status", args=[asked.run.status_token]))
    check(page, "status-waits-de")
    watch(page)
    look_again(page)
    look_again(page)
    assert announced(page) == 0, "nothing is new"

    no = answers.Said(verb=answers.Verb.REJECT, reason="no")
    answers.answer(asked.id, round=1, said=no, by=SYSTEM, now=timezone.now())
    look_again(page)
    assert announced(page) == 1
    check(page, "status-answered-de")


def watch(page: Page) -> None:
    """Count how often what is announced changes."""
    page.evaluate(
        "window.announced = 0; new MutationObserver(() => window.announced++)"
        ".observe(document.querySelector('.now'), {childList: true})"
    )


def announced(page: Page) -> Any:
    return page.evaluate("window.announced")


def look_again(page: Page) -> None:
    """Come back to the page: it asks at once."""
    with page.expect_response("**/status/**", timeout=5000):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
