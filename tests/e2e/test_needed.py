"""Buttons that wait can be reached and say why, politely; a challenge is done by keyboard alone."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims
from reviews.models import Claim, Decision, Draft
from tests import factories
from tests.e2e.conftest import assert_accessible, assert_fits, picture
from tests.factories import Shop
from tests.flows.processes import until
from tests.reviews.waiting import put

Open = Callable[..., Page]
GATE = {"id": "policy", "title": "Refund policy", "snippet": "Three days.", "must_open": True}
REASON = "Carrier confirms the parcel is lost, total matches the invoice."


def hold(shop: Shop, bot: Client, by: User, **spec: object) -> Handoff:
    handoff = put(shop, bot, safeguards={"undo_seconds": 0} | spec)
    claims.pick(handoff.id, by=by, now=timezone.now())
    return handoff


def show(open_as: Open, ann: User, handoff: Handoff, **how: object) -> Page:
    return open_as(ann, reverse("reviews:handoff", args=[handoff.id]), **how)


def test_a_button_that_waits_says_why_and_then_works(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    page = show(open_as, ann, hold(shop, bot, ann, minimum_seconds=4))
    button, said = page.locator(".rail [value=approve]"), page.locator("#needed-said")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(said).to_have_attribute("role", "status")

    button.focus()
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Not yet. Another")
    assert not Decision.objects.exists() and "decide" not in page.url

    expect(said).to_have_text("You can decide now.", timeout=9000)
    expect(button).not_to_have_attribute("aria-disabled", "true")
    button.click()
    until(lambda: Decision.objects.exists(), 5)


def test_ways_out_never_wait(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    page = show(open_as, ann, hold(shop, bot, ann, minimum_seconds=60))

    for verb in ("ask_information", "escalate"):
        expect(page.locator(f".rail [value={verb}]")).not_to_have_attribute("aria-disabled", "true")


def test_opened_evidence_frees_the_buttons(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(
        shop, bot, brief=factories.brief_payload(evidence=[GATE]), safeguards={"undo_seconds": 0}
    )
    claims.pick(handoff.id, by=ann, now=timezone.now())
    page = show(open_as, ann, handoff)
    expect(page.locator(".rail [value=approve]")).to_have_attribute("aria-disabled", "true")

    page.get_by_role("button", name="Refund policy").click()

    expect(page.locator("#needed-said")).to_have_text("You can decide now.")
    expect(page.locator(".rail [value=approve]")).not_to_have_attribute("aria-disabled", "true")


def test_a_challenge_by_keyboard_alone(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    page = show(open_as, ann, hold(shop, bot, ann, challenge="always"))

    page.get_by_label("Order total").focus()
    page.keyboard.press("Space")
    page.get_by_label("A wrong name or figure").focus()
    page.keyboard.press("Space")
    page.locator("#words").focus()
    page.keyboard.type(REASON)
    until(lambda: "checked" in (_draft().get("challenge") or {}), 5)
    expect(page.locator("#still-needed li")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator(".rail [value=approve]")).to_be_focused()
    page.keyboard.press("Enter")

    until(lambda: Decision.objects.exists(), 5)
    assert [item["id"] for item in Decision.objects.get().challenge["checked"]] == ["facts:0"]


def _draft() -> dict[str, object]:
    return Draft.objects.values_list("body", flat=True).first() or {}


def test_a_challenge_without_scripts(open_as: Open, shop: Shop, bot: Client, ann: User) -> None:
    page = show(open_as, ann, hold(shop, bot, ann, challenge="always"), scripts=False)

    page.locator(".rail [value=approve]").click()
    expect(page.get_by_role("alert")).to_contain_text("Mark what you checked.")
    page.get_by_label("Order total").check()
    page.get_by_label("A rule not shown here").check()
    page.locator("#words").fill(REASON)
    page.locator(".rail [value=approve]").click()

    until(lambda: Decision.objects.exists(), 5)


def test_a_page_that_nobody_touches_stops_counting(
    open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = hold(shop, bot, ann, minimum_seconds=60)
    page = open_as(ann, reverse("reviews:desk"))
    page.clock.install()
    with page.expect_response("**/beat"):
        page.goto(reverse("reviews:handoff", args=[handoff.id]))
    until(lambda: Claim.objects.get().seen_at is not None, 5)

    page.clock.fast_forward(125_000)
    until(lambda: Claim.objects.get().seen_at is None, 5)
    page.mouse.move(40, 40)
    page.clock.fast_forward(1_500)

    until(lambda: Claim.objects.get().seen_at is not None, 5)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, 360])
def test_how_it_looks(
    open_as: Open, shop: Shop, bot: Client, ann: User, width: int, theme: str
) -> None:
    handoff = hold(shop, bot, ann, challenge="always", minimum_seconds=30)
    page = show(open_as, ann, handoff, width=width, theme=theme)
    page.get_by_label("Order total").check()

    picture(page, f"challenge-{width}-{theme}")
    assert_fits(page)
    assert_accessible(page)
