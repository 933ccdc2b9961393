"""A better summary: who may write it, who sees it, what becomes of it."""

import re
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import AuditEntry, Handoff
from reviews import claims, feedback
from reviews.errors import ClaimLost, SummaryRefused
from reviews.models import SummaryEdit
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
BETTER = "Four days late; Kim wants the money back."
OWN = "Order is four days late; customer asked twice for a refund."


@pytest.fixture
def held(shop: Shop, bot: Client, ann: User) -> Handoff:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=timezone.now())
    return handoff


def edit(handoff: Handoff, by: User, text: str = BETTER) -> SummaryEdit | None:
    return feedback.edit_summary(handoff.id, text=text, by=by, now=timezone.now())


def page(handoff: Handoff, user: User) -> str:
    browser = Browser()
    browser.force_login(user)
    return str(browser.get(reverse("reviews:handoff", args=[handoff.id])).content.decode())


def post(handoff: Handoff, user: User, text: str, **headers: Any) -> Any:
    browser = Browser()
    browser.force_login(user)
    address = reverse("reviews:summary", args=[handoff.id])
    return browser.post(address, {"summary": text}, headers=headers)


def test_the_better_summary_is_shown_and_the_agents_own_stays_a_click_away(
    held: Handoff, ann: User
) -> None:
    answer = post(held, ann, f"  {BETTER}\n")
    shown = page(held, ann)

    assert answer.status_code == 302
    assert shown.index(BETTER) < shown.index("In the agent's words") < shown.index(OWN)
    assert held.briefs.get().body["summary"] == OWN


def test_by_htmx_only_the_summary_comes_back(held: Handoff, ann: User) -> None:
    answer = post(held, ann, BETTER, hx_request="true")

    said = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="summary"' in said and BETTER in said and "<html" not in said


@pytest.mark.parametrize("text", ["", "  ", "n/a", "tbd", "x" * 301])
@pytest.mark.parametrize("htmx", [{}, {"hx_request": "true"}])
def test_what_is_no_summary_is_refused_and_kept_in_the_form(
    held: Handoff, ann: User, text: str, htmx: dict[str, str]
) -> None:
    answer = post(held, ann, text, **htmx)

    said = answer.content.decode()
    assert answer.status_code == 422
    assert "A summary is one line" in said and text[:300] in said
    assert not SummaryEdit.objects.exists()


def test_only_who_holds_it_mends_it(held: Handoff, ben: User, ann: User) -> None:
    with pytest.raises(ClaimLost):
        edit(held, ben)
    claims.give_back(held.id, by=ann, now=timezone.now())
    with pytest.raises(ClaimLost):
        edit(held, ann)
    assert "Mend this summary" not in page(held, ben)


def test_the_same_words_again_are_no_edit(held: Handoff, ann: User) -> None:
    assert edit(held, ann, OWN) is None
    assert edit(held, ann) is not None
    assert edit(held, ann) is None
    assert edit(held, ann, OWN) is not None  # back to what the agent said


def test_an_edit_is_in_the_log_and_stays_as_it_is(held: Handoff, ann: User) -> None:
    found = edit(held, ann)

    assert AuditEntry.objects.filter(action="brief.summary_edited", subject=held.id).count() == 1
    assert found is not None
    for change in (found.delete, SummaryEdit.objects.update):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(**({"after": "x"} if change != found.delete else {}))


def test_what_is_withheld_is_not_mended(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot, safeguards={"withhold_recommendation": True})
    claims.pick(handoff.id, by=ann, now=timezone.now())

    with pytest.raises(SummaryRefused):
        edit(handoff, ann)
    assert "Mend this summary" not in page(handoff, ann)


@pytest.mark.parametrize(
    "spec", [{"approvers": 2}, {"withhold_recommendation": True}], ids=["side by side", "withheld"]
)
def test_who_is_to_judge_alone_does_not_hear_from_others_by_a_summary(
    shop: Shop, bot: Client, ann: User, ben: User, spec: dict[str, Any]
) -> None:
    handoff = put(shop, bot, safeguards=spec)
    SummaryEdit.objects.create(handoff=handoff, brief_version=1, after=BETTER, editor=ann)

    assert BETTER not in page(handoff, ben)
    assert BETTER in page(handoff, ann)


def test_a_new_version_of_the_brief_has_no_edit_yet(held: Handoff, ann: User) -> None:
    edit(held, ann)
    held.briefs.create(version=2, body=held.briefs.get().body, digest="sha-256=")

    assert BETTER not in page(held, ann)


def test_owners_get_the_edits_as_examples_without_names(
    held: Handoff, ann: User, shop: Shop
) -> None:
    edit(held, ann)
    edit(held, ann, "Kim wants 312.50 USD back.")

    first, second = feedback.export(shop.workflow)

    assert first == {
        "handoff": held.id,
        "kind": "approval",
        "action_type": "refund_order",
        "brief_version": 1,
        "ask": "Refund 312.50 USD for order #W5744371?",
        "before": OWN,
        "after": BETTER,
        "edited_on": f"{timezone.now():%Y-%m-%d}",
    }
    assert second["after"] == "Kim wants 312.50 USD back."
    assert not re.search(ann.name, str([first, second]))


def test_hostile_words_in_a_summary_are_shown_as_words(held: Handoff, ann: User) -> None:
    edit(held, ann, "<script>alert(1)</script> \u202edesrever")

    shown = page(held, ann)

    assert "&lt;script&gt;alert(1)" in shown and "⟦U+202E⟧" in shown


def test_a_summary_that_only_repeats_the_request_is_said_to(held: Handoff, ann: User) -> None:
    held.run.input = {"text": OWN + " Please help."}
    held.run.save(update_fields=["input"])

    shown = page(held, ann)

    assert "It says what the request says, and no more." in shown
    assert "Mend this summary" in shown
