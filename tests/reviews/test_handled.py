"""Whoever comes late, by whatever path, reads who handled it, when and how; their text is kept."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs import release
from handoffs.models import Answer, Handoff, HeldAnswer
from reviews import claims, decisions
from reviews.decisions import Choice
from reviews.models import Decision, Draft
from tests.factories import Shop
from tests.reviews.waiting import let_lease_run_out, put

pytestmark = pytest.mark.django_db
WORDS = "I would pay, the carrier lost it."


def post(desk: Browser, handoff: Handoff, name: str, *, htmx: bool = False, **form: str) -> Any:
    headers = {"HX-Request": "true"} if htmx else {}
    return desk.post(reverse(f"reviews:{name}", args=[handoff.id]), form, headers=headers)


@pytest.fixture(params=["held", "told"])
def handled(request: Any, shop: Shop, bot: Client, ann: User, ben: User) -> Handoff:
    """What ann had open until her lease ran out and ben rejected it: just now, or for good."""
    handoff = put(shop, bot, safeguards={"undo_seconds": 600})
    claims.pick(handoff.id, by=ann, now=now())
    decisions.save_draft(handoff.id, by=ann, body={"reason": WORDS}, now=now())
    let_lease_run_out(handoff)
    claims.pick(handoff.id, by=ben, now=now())
    reason = "The order was never late, I checked."
    choice = Choice(verb="reject", reason=reason)
    decisions.decide(handoff.id, by=ben, choice=choice, now=now())
    if request.param == "told":
        HeldAnswer.objects.update(release_at=now())
        release.release_due(now=now())
    return handoff


def handled_at() -> str:
    answer = Answer.objects.first()
    at = answer.answered_at if answer else Decision.objects.get().decided_at
    return f"{at:%H:%M} UTC"


def heading() -> str:
    return f"Already handled by Ben (refund approvers) at {handled_at()}, rejected"


def sentence() -> str:
    return f"Ben (refund approvers) rejected this at {handled_at()}."


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("decide", {"verb": "approve", "words": WORDS}),
        ("ask", {"words": WORDS}),
        ("hand-up", {"words": WORDS}),
        ("pick", {"words": ""}),
    ],
)
def test_acting_on_it(desk: Browser, handled: Handoff, name: str, form: dict[str, str]) -> None:
    page = post(desk, handled, name, **form)

    text = page.content.decode()
    assert page.status_code == 409
    assert f'<h1 id="heading" tabindex="-1">{heading()}</h1>' in text
    assert form["words"] in text
    assert Decision.objects.get().verb == "reject"


def test_opening_it(desk: Browser, handled: Handoff) -> None:
    page = desk.get(reverse("reviews:handoff", args=[handled.id]))

    assert page.status_code == 200
    outcome = page.context["page"].outcome
    assert "Ben (refund approvers)" in outcome.line
    assert outcome.kept == WORDS
    assert WORDS in page.content.decode()


def test_writing_on(desk: Browser, handled: Handoff, ann: User) -> None:
    answer = post(desk, handled, "draft", words=WORDS + " And it is late.")

    assert answer.status_code == 200
    assert answer.content.decode().rstrip().endswith(sentence())
    assert Draft.objects.get(reviewer=ann).body["reason"] == WORDS + " And it is late."


def test_writing_while_it_is_mine_says_only_that_it_is_kept(desk: Browser, held: Handoff) -> None:
    assert post(desk, held, "draft", words="hm").content.decode().startswith("Kept at ")
    assert len(post(desk, held, "draft", words="hm").content.strip()) == len("Kept at 14:05.")


def test_opening_evidence(desk: Browser, handled: Handoff) -> None:
    swapped = post(desk, handled, "evidence", htmx=True, evidence="policy")
    plain = post(desk, handled, "evidence", evidence="policy")

    assert swapped.headers["HX-Refresh"] == "true"
    assert plain.headers["Location"] == reverse("reviews:handoff", args=[handled.id])


def test_the_page_that_is_still_open(desk: Browser, handled: Handoff) -> None:
    page = post(desk, handled, "renew", htmx=True)

    assert page.status_code == 409
    assert sentence() in page.content.decode()


def test_to_whoever_may_no_longer_see_it_the_team_is_named_and_no_person(
    desk: Browser, handled: Handoff, ann: User
) -> None:
    ann.groups.clear()

    text = post(desk, handled, "decide", verb="approve", words=WORDS).content.decode()

    assert "Already handled by refund approvers at " in text
    assert "Ben" not in text
