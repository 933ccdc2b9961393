"""Every page in a real browser: it fits, is accessible, breaks no policy and has its picture."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims, decisions, filters, search_index
from reviews.search import Wanted
from reviews.wording import Choice
from tests.e2e.conftest import ROOT, assert_accessible, assert_fits, picture
from tests.e2e.material import RICH, SCHEMA_ARGUMENTS
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SIZES = {360: 760, 768: 1024, 1440: 900}


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


@pytest.fixture
def rich(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A handoff with everything in its brief, held by ann."""
    spec = {"minimum_seconds": 20, "evidence": "must_open", "reason": "on_reject"}
    handoff = put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS, safeguards=spec, due_in=4800)
    handoff.run.input = {"text": RICH["request"], "transcript": RICH["transcript"]}
    handoff.run.requester = {"name": "Kim Li"}
    handoff.run.save(update_fields=["input", "requester"])
    claims.pick(handoff.id, by=ann, now=timezone.now())
    return handoff


def reject(handoff: Handoff, *, by: User) -> None:
    decisions.open_evidence(handoff.id, "policy", by=by, now=timezone.now())
    said = Choice(verb="reject", reason="It was delivered on Monday; the carrier has a signature.")
    decisions.decide(handoff.id, by=by, choice=said, now=timezone.now())


def check(page: Page, name: str) -> None:
    """Look at the page on phone, tablet and desk, by day and by night."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width, height in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
            if width != 768:
                assert_accessible(page)


def test_the_handoff_page(open_as: Open, rich: Handoff, ann: User) -> None:
    page = open_as(ann, path("handoff", rich.id))

    check(page, "handoff")
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(d => d.open = true)")
    check(page, "handoff-open")


def test_the_desk_and_its_queues(
    open_as: Open, rich: Handoff, shop: Shop, bot: Client, ann: User
) -> None:
    for due in (600, -60, 7200):
        put(shop, bot, due_in=due)
    page = open_as(ann, path("desk"))

    check(page, "desk")
    page.goto(path("queue", "refunds"))
    check(page, "queue")


def test_searching(open_as: Open, rich: Handoff, shop: Shop, bot: Client, ann: User) -> None:
    decided = put(shop, bot, brief=RICH)
    claims.pick(decided.id, by=ann, now=timezone.now())
    reject(decided, by=ann)
    filters.save("Refunds I decided", Wanted(words="refund", mine=True), by=ann, now=timezone.now())
    search_index.note_new(now=timezone.now())
    page = open_as(ann, f"{path('search')}?words=refund&state=")

    page.get_by_text("Narrow it").click()
    check(page, "search")
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.locator(".row-ask").first.focus()
    page.keyboard.press("j")
    assert page.locator(".row-ask").nth(1).evaluate("node => node === document.activeElement")
    page.goto(f"{path('search')}?words=nowhere")
    check(page, "search-nothing")


def test_the_edit_page(open_as: Open, rich: Handoff, ann: User) -> None:
    page = open_as(ann, path("fill-in", rich.id, "approve_with_edits"))

    page.get_by_label("Amount").fill("300")
    page.get_by_label("Draft").fill("Dear Kim,\n\nyour money leaves today.")
    page.get_by_role("button", name="See what changes").click()
    page.get_by_text("Approve with 2 changes").wait_for()

    check(page, "edit")


def test_the_pages_to_read(open_as: Open, shop: Shop, bot: Client, ann: User, ben: User) -> None:
    decided, elsewhere = put(shop, bot, brief=RICH), put(shop, bot)
    claims.pick(decided.id, by=ann, now=timezone.now())
    reject(decided, by=ann)
    claims.pick(elsewhere.id, by=ben, now=timezone.now())
    page = open_as(ann, path("handoff", decided.id))

    check(page, "decided")
    page.goto(path("handoff", elsewhere.id))
    check(page, "elsewhere")
    page.goto(path("status", decided.run.status_token))
    check(page, "status")
    page.goto(path("handoff", "ho_nothing"))
    check(page, "not-found")


def test_the_way_in(open_as: Open, ann: User) -> None:
    page = open_as(None, "/")

    check(page, "sign-in")
    page.goto(reverse("account_reset_password"))
    check(page, "reset")


def test_the_pages_about_oneself(open_as: Open, ann: User) -> None:
    page = open_as(ann, reverse("account_change_password"))

    check(page, "password")
    page.goto(reverse("usersessions_list"))
    check(page, "sessions")


def test_at_four_times_the_size_nothing_sticks_out(open_as: Open, rich: Handoff, ann: User) -> None:
    """1280 px at 400 % are 320 px."""
    page = open_as(ann, path("handoff", rich.id), width=320)

    assert_fits(page)


def test_a_decided_handoff_prints_with_its_outcome_and_without_buttons(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, brief=RICH)
    claims.pick(handoff.id, by=ann, now=timezone.now())
    reject(handoff, by=ann)
    page = open_as(ann, path("handoff", handoff.id))
    page.emulate_media(media="print")

    assert page.get_by_text("It was delivered on Monday").is_visible()
    assert not page.get_by_role("link", name="Back to the desk").is_visible()
    assert not page.locator(".topbar").is_visible()
    picture(page, "printed")


def test_the_picture_for_the_readme(open_as: Open, rich: Handoff, ann: User) -> None:
    """Times differ in every run: the picture is renewed only when asked, or when it is missing."""
    page = open_as(ann, path("handoff", rich.id))
    kept = ROOT / "docs" / "images" / "desk.png"
    if "OVERREAD_RENEW_IMAGES" in os.environ or not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=kept)

    assert kept.stat().st_size > 20_000


def test_the_managers_tool_wears_the_house_colours_and_breaks_no_policy(
    open_as: Open, shop: Shop, mia: User
) -> None:
    page = open_as(mia, reverse("admin:index"))

    picture(page, "admin-index")
    page.goto(reverse("admin:handoffs_workflow_changelist"))
    picture(page, "admin-list")
    page.goto(reverse("admin:handoffs_workflow_change", args=[shop.workflow.id]))
    picture(page, "admin-form")
