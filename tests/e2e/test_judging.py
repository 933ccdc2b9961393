"""The three stages in a real browser: by keys, without scripts, on a phone, by day and by night."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims, decisions
from reviews.models import Decision, Judgement
from tests.e2e.material import RICH, SCHEMA_ARGUMENTS
from tests.e2e.test_pages import check
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
SPEC = {
    "withhold_recommendation": True,
    "evidence": "must_open",
    "minimum_seconds": 0,
    "undo_seconds": 0,
}


def path(name: str, *args: Any) -> str:
    return reverse(f"reviews:{name}", args=args)


@pytest.fixture
def withheld(shop: Shop, bot: Client, ann: User) -> Handoff:
    """A handoff with everything in its brief, its suggestion withheld, held by ann."""
    handoff = put(shop, bot, brief=RICH, arguments=SCHEMA_ARGUMENTS, safeguards=SPEC, due_in=4800)
    handoff.run.input = {"text": RICH["request"], "transcript": RICH["transcript"]}
    handoff.run.requester = {"name": "Kim Li"}
    handoff.run.save(update_fields=["input", "requester"])
    claims.pick(handoff.id, by=ann, now=timezone.now())
    return handoff


def test_the_stages_in_pictures(open_as: Open, withheld: Handoff, ann: User) -> None:
    page = open_as(ann, path("handoff", withheld.id))
    check(page, "judging-1")

    decisions.open_evidence(withheld.id, "policy", by=ann, now=timezone.now())
    page.goto(path("handoff", withheld.id))
    page.get_by_label("Reject and return to the agent").check()
    page.get_by_label("fairly sure").check()
    page.get_by_label("Why, in a sentence").fill("The carrier has a signature from Monday.")
    page.get_by_role("button", name="Commit my answer").click()
    page.wait_for_url("**#revealed")
    check(page, "judging-3")

    page.locator("button[value=approve]").first.click()
    page.wait_for_url(f"**{path('desk')}")
    page.goto(path("handoff", withheld.id))
    check(page, "judging-answered")


def test_a_judgement_by_keys_alone(open_as: Open, withheld: Handoff, ann: User) -> None:
    page = open_as(ann, path("handoff", withheld.id))

    page.keyboard.press("o")
    page.keyboard.press("Enter")
    expect(page.locator("#evidence-1")).to_contain_text("three days late")
    page.keyboard.press("r")
    page.keyboard.press("8")
    page.keyboard.press("w")
    page.keyboard.type("The carrier has a signature from Monday.")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("Enter")
    page.wait_for_url("**#revealed")
    expect(page.locator("#revealed")).to_contain_text("Reject, fairly sure")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path('desk')}")

    decision = Decision.objects.select_related("judgement").get()
    assert (decision.judgement.verb, decision.judgement.confidence) == ("reject", 3)
    assert (decision.verb, decision.changed_after_reveal) == ("approve", True)


def test_a_judgement_without_scripts(open_as: Open, withheld: Handoff, ann: User) -> None:
    page = open_as(ann, path("handoff", withheld.id), scripts=False, width=360)

    page.get_by_role("button", name="Commit my answer").click()
    expect(page.get_by_role("alert")).to_contain_text("Your own answer: mark one.")
    page.locator(".evidence-head").first.click()
    page.get_by_label("Reject and return to the agent").check()
    page.locator("[name=confidence][value='5']").check()
    page.get_by_label("Why, in a sentence").fill("The carrier has a signature from Monday.")
    page.get_by_role("button", name="Commit my answer").click()
    expect(page.locator("#revealed")).to_contain_text("Reject, certain")
    page.locator("#decision button[value=reject]").click()

    assert Judgement.objects.count() == 1
    assert Decision.objects.get().changed_after_reveal is False
