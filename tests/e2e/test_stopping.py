"""Somebody on a bad day: the stop button in seconds, by keys, on a phone, and who and why after."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs import actors, stops
from handoffs.models import Handoff, Run, Stop
from tests import factories
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SIZES = ((1440, 900), (360, 760))
WHY = "Orders are refunded twice since 14:05. Call Mia before anything goes on."
BRIEF = {
    "ask": "Refund 312.50 USD for order #W5744371?",
    "summary": "The parcel came three days late and the customer asks for the postage back.",
}


def tab_to(page: Page, label: str, most: int = 60) -> None:
    """Reach a control by Tab alone."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText || ''").strip().startswith(label):
            return
    raise AssertionError(f"Tab does not come to {label!r} in {most} steps.")


def look(page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"{name}-{width}-{theme}")
            assert_fits(page)
            assert_accessible(page)


@pytest.fixture
def busy(shop: Shop, bot: Client) -> Shop:
    for slug, name in (("airline-changes", "Airline changes"), ("card-disputes", "Card disputes")):
        other = factories.launch_shop(slug=slug, team=shop.team)
        other.workflow.name = name
        other.workflow.save(update_fields=["name"])
    for due in (600, 3600):
        put(shop, bot, brief=BRIEF, due_in=due)
    return shop


def test_a_workflow_is_stopped_by_keys_and_let_go(open_as: Open, busy: Shop, mia: User) -> None:
    page = open_as(mia, reverse("reviews:desk"))

    tab_to(page, "Stop", most=8)
    page.keyboard.press("Enter")
    page.wait_for_url("**/stops/")
    tab_to(page, "Stop Retail support")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(WHY)
    tab_to(page, "Stop Retail support now")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Retail support is stopped.")).to_be_visible()
    stop = Stop.objects.get()
    assert (stop.stopped_by, stop.reason) == (mia, WHY)

    page.get_by_label("Why it may go on").focus()
    page.keyboard.type("The shop's double key is mended; seen with Olga.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Retail support goes on.")).to_be_visible()
    stop.refresh_from_db()
    assert stop.ended_by == mia


def test_how_it_looks(open_as: Open, busy: Shop, bot: Client, mia: User, ann: User) -> None:
    presser = stops.Presser(by=actors.person_actor(mia.pk, "manager"), user=mia)
    drill = stops.stop(
        None, reason="Monday's drill", presser=presser, now=timezone.now(), drill_seconds=60
    )
    stops.resume(drill.id, reason="The drill is over.", presser=presser, now=timezone.now())
    page = open_as(mia, reverse("governance:stops"))
    page.get_by_text("Stop Retail support").first.click()
    look(page, "stops")
    stops.stop(busy.workflow, reason=WHY, presser=presser, now=timezone.now())
    page.goto(reverse("governance:stops"))
    look(page, "stops-stopped")
    page.goto(reverse("governance:stop", args=[drill.id]))
    look(page, "stop-drill")

    other = open_as(ann, reverse("reviews:desk"))
    look(other, "desk-stopped")
    other.goto(reverse("reviews:queue", args=["refunds"]))
    look(other, "queue-stopped")


def test_a_person_steps_into_a_run_on_a_phone(
    open_as: Open, busy: Shop, bot: Client, ann: User
) -> None:
    handoff = Handoff.objects.order_by("deadline_at").first()
    assert handoff is not None
    page = open_as(ann, reverse("reviews:run", args=[handoff.run_id]), width=360)

    page.get_by_text("Pause it and say how it goes on").click()
    look(page, "run")
    page.set_viewport_size({"width": 360, "height": 760})
    page.get_by_label("Why").first.fill("It asks the same for the third time")
    page.get_by_role("button", name="Pause the run and take it").click()

    expect(page.get_by_text("The run is paused, and you have it.")).to_be_visible()
    held = Handoff.objects.get(stepped_in=True)
    assert page.url.endswith(held.id)
    look(page, "run-taken")
    page.goto(reverse("reviews:run", args=[held.run_id]))
    expect(page.get_by_text("It asks the same for the third time")).to_be_visible()
    look(page, "run-paused")
    page.goto(reverse("reviews:queue", args=["refunds"]))
    expect(page.get_by_text("paused by a person")).to_be_visible()


def test_a_run_is_stopped_without_scripts(open_as: Open, busy: Shop, ann: User) -> None:
    run = Run.objects.earliest("created_at")
    page = open_as(ann, reverse("reviews:run", args=[run.id]), scripts=False)

    page.get_by_text("Stop it for good").click()
    page.get_by_label("Why").last.fill("It was started for the wrong order")
    page.get_by_role("button", name="Stop the run").click()

    expect(page.get_by_text("The run is stopped.")).to_be_visible()
    run.refresh_from_db()
    assert (run.state, run.cause) == ("FAILED", "stopped")
