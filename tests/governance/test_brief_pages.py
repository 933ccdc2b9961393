"""The owner's page about briefs: who reads it, and what it says."""

import json
from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from accounts.roles import Role
from reviews import claims, feedback, measures
from reviews.models import Claim
from tests import factories
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
LONG = {"label": "All", "value": " ".join(["word"] * 200)}


@pytest.fixture
def owner(shop: Shop) -> User:
    user = factories.UserFactory(email="olivia@example.com", roles=[Role.WORKFLOW_OWNER])
    shop.workflow.owner = user
    shop.workflow.save(update_fields=["owner"])
    return user


def get(user: User, name: str, shop: Shop) -> tuple[int, str]:
    browser = Browser()
    browser.force_login(user)
    answer = browser.get(reverse(f"governance:{name}", args=[shop.workflow.slug]))
    return answer.status_code, answer.getvalue().decode()


def test_only_whoever_leads_the_workflow_reads_it(
    shop: Shop, owner: User, mia: User, ann: User, olga: User
) -> None:
    for name in ("briefs", "brief-edits"):
        assert [get(user, name, shop)[0] for user in (owner, mia, ann, olga)] == [
            200, 200, 403, 403]  # fmt: skip
    assert "How its briefs read" in get(owner, "workflow", shop)[1]
    assert "How its briefs read" not in get(ann, "workflow", shop)[1]


def test_the_share_inside_the_budget_is_drawn_and_listed(
    shop: Shop, bot: Client, owner: User
) -> None:
    for _ in range(3):
        put(shop, bot)
    put(shop, bot, brief=factories.brief_payload(facts=[LONG]))
    assert "No brief was written" in get(owner, "briefs", shop)[1]
    measures.measure_new(now=timezone.now())

    page = get(owner, "briefs", shop)[1]

    assert "115 words, 30 seconds at 230 words a minute" in page
    assert page.count('class="bar"') == 1
    assert "3 of 4" in page and "75\xa0%" in page
    assert "<code>refund_order</code>" in page


def test_times_are_told_only_where_nobody_can_be_found_in_them(
    shop: Shop, bot: Client, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [
        factories.UserFactory(
            email=f"r{n}@example.com", name=f"Reader {n}", roles=[Role.REVIEWER], groups=[shop.team]
        )
        for n in range(5)
    ]
    for number, user in enumerate(people):
        handoff = put(shop, bot)
        claims.pick(handoff.id, by=user, now=timezone.now())
        claims.mark_opened(handoff.id, by=user, now=timezone.now())
        Claim.objects.filter(handoff=handoff).update(
            acted_at=F("opened_at") + timedelta(seconds=10 * number + 5)
        )
    measures.measure_new(now=timezone.now())
    assert "Nothing can be told yet" in get(owner, "briefs", shop)[1]

    later = timezone.now() + timedelta(days=7)
    monkeypatch.setattr("governance.views.briefs.timezone.now", lambda: later)
    page = get(owner, "briefs", shop)[1]

    assert "as first sent" in page and "25 s" in page
    assert not any(user.name in page for user in people)


def test_the_edits_are_handed_out_line_by_line(
    shop: Shop, bot: Client, owner: User, ann: User
) -> None:
    handoff = put(shop, bot)
    claims.pick(handoff.id, by=ann, now=timezone.now())
    feedback.edit_summary(handoff.id, text="Kim waits.", by=ann, now=timezone.now())

    status, body = get(owner, "brief-edits", shop)
    page = get(owner, "briefs", shop)[1]

    (line,) = body.splitlines()
    assert status == 200
    assert json.loads(line)["after"] == "Kim waits."
    assert ann.name not in body and ann.email not in body
    assert "1 edit," in page
