"""Briefs in scripts that run from right to left, and in both at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import Client, User
from reviews import claims
from tests.e2e.conftest import assert_fits, picture
from tests.factories import Shop
from tests.reviews.waiting import put

Open = Callable[..., Page]
BRIEFS: dict[str, dict[str, Any]] = {
    "arabic": {
        "ask": "هل نعيد مبلغ 312.50 USD للطلب #W5744371؟",
        "summary": "الطلب متأخر أربعة أيام وقد طلب العميل استرداد المبلغ مرتين.",
        "facts": [
            {"label": "Order total", "value": "312.50 USD", "kind": "money", "source": "orders"},
            {"label": "العميل", "value": "مريم (kim@example.com) عميلة منذ 2019"},
        ],
        "flags": [{"label": "العميل يذكر إجراءات قانونية", "severity": "high"}],
        "steps": ["قراءة الطلب", "التحقق من السياسة"],
        "evidence": [{"id": "policy", "title": "سياسة الاسترداد", "snippet": "يعاد المبلغ كاملا."}],
        "draft": {"kind": "text", "body": "عزيزتي مريم،\n\nسنعيد لك المبلغ اليوم."},
        "on_answer": {"approve": "يعاد المبلغ اليوم", "reject": "يسأل الوكيل العميل"},
    },
    "hebrew": {
        "ask": "להחזיר 312.50 USD עבור הזמנה #W5744371?",
        "facts": [
            {"label": "Order total", "value": "312.50 USD"},
            {"label": "סטטוס", "value": "נשלח"},
        ],
        "steps": ["קריאת ההזמנה #W5744371 של Kim Li"],
        "on_answer": {"approve": "הכסף יוצא היום", "reject": "הסוכן שואל את הלקוח"},
    },
}


@pytest.mark.parametrize("script", BRIEFS)
@pytest.mark.parametrize("width", [360, 1440])
def test_text_runs_its_own_way_and_the_page_around_it_stays(
    script: str, width: int, open_as: Open, shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot, brief=BRIEFS[script])
    claims.pick(handoff.id, by=ann, now=timezone.now())

    page = open_as(ann, reverse("reviews:handoff", args=[handoff.id]), width=width)

    def direction(selector: str) -> str:
        return str(
            page.locator(selector).first.evaluate("node => getComputedStyle(node).direction")
        )

    assert direction("h1") == direction(".steps span") == "rtl"
    assert direction("html") == direction(".rail .verb-label") == "ltr"
    assert page.locator("h1").inner_text() == BRIEFS[script]["ask"]
    assert_fits(page)
    picture(page, f"{script}-{width}")
