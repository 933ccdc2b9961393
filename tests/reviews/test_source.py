"""Everything as it was sent: complete, harmless, and only what this person may read now."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Checkpoint
from reviews import decisions
from tests import factories, hostile_text
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db


def source(handoff: Any, user: User) -> str:
    browser = Browser()
    browser.force_login(user)
    return str(browser.get(reverse("reviews:source", args=[handoff.id])).content.decode())


def test_every_text_is_there_with_its_hidden_characters_counted(
    shop: Shop, bot: Client, ann: User
) -> None:
    nasty = [text[:300] for text in hostile_text.WRITINGS.values()]
    brief = factories.brief_payload(steps=nasty)
    handoff = put(shop, bot, brief=brief, arguments={"order_id": "#W1\u202e"})
    Checkpoint.objects.create(run=handoff.run, version=1, body='{"a": 1,  "a":\u200b 2}')

    page = source(handoff, ann)

    assert "#W1⟦U+202E⟧" in page
    assert "{&quot;a&quot;: 1,  &quot;a&quot;:⟦U+200B⟧ 2}" in page  # byte for byte, not read anew
    assert "&lt;script&gt;" in page and "\u202e" not in page
    assert "1 of them hidden ones" in page


def test_evidence_that_must_be_opened_is_not_read_here(shop: Shop, bot: Client, ann: User) -> None:
    piece = {"id": "p", "title": "Policy", "snippet": "Only within 30 days.", "must_open": True}
    spec = {"evidence": "must_open"}
    handoff = put(shop, bot, brief=factories.brief_payload(evidence=[piece]), safeguards=spec)

    assert "Only within 30 days." not in source(handoff, ann)
    decisions.open_evidence(handoff.id, "p", by=ann, now=timezone.now())
    assert "Only within 30 days." in source(handoff, ann)


def test_what_is_withheld_is_not_here_either(shop: Shop, bot: Client, ann: User) -> None:
    handoff = put(shop, bot, safeguards={"withhold_recommendation": True})
    Checkpoint.objects.create(run=handoff.run, version=1, body='{"plan": "approve it"}')

    page = source(handoff, ann)

    assert "Within policy section 3" not in page
    assert "approve it" not in page


def test_who_may_not_see_the_handoff_sees_no_source(
    shop: Shop, bot: Client, ann: User, olga: User
) -> None:
    handoff = put(shop, bot)
    browser = Browser()
    browser.force_login(olga)

    assert browser.get(reverse("reviews:source", args=[handoff.id])).status_code == 404
