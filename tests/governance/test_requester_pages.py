"""Whoever leads a workflow sees how good it was what its requesters were told, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils.timezone import now

from accounts.models import Client, User
from governance.estimates import Share
from governance.pages import requesters as pages
from reviews.models import Expectation
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
PATH = "/governance/retail-support/requesters/"


def page(user: User) -> Any:
    browser = Browser()
    browser.force_login(user)
    return browser.get(PATH)


def test_whoever_leads_it_reads_the_figures(shop: Shop, bot: Client, mia: User) -> None:
    for weeks_ago in (1, 3):
        at = now() - timedelta(weeks=weeks_ago)
        Expectation.objects.create(
            handoff=put(shop, bot),
            workflow=shop.workflow,
            round=1,
            ahead=0,
            median_at=at,
            by_at=at + timedelta(minutes=20),
            confidence=80,
            told_at=at,
        )

    read = page(mia).content.decode()

    assert "(0 of 2; 95 %:" in read
    assert "Too few to judge" in read
    assert read.count('class="bar"') == 2
    assert "not answered yet" in read
    assert "the team" in read


def test_without_figures_it_says_so(shop: Shop, mia: User) -> None:
    assert "Nothing that was told in the last twelve weeks" in page(mia).content.decode()


def test_nobody_else_reads_it(shop: Shop, ann: User) -> None:
    assert page(ann).status_code == 403
    assert Browser().get(PATH).status_code == 302


def test_the_workflows_page_leads_there_for_whoever_may(shop: Shop, mia: User, ann: User) -> None:
    seen = {}
    for user in (mia, ann):
        browser = Browser()
        browser.force_login(user)
        seen[user.name] = PATH in browser.get("/governance/retail-support/").content.decode()

    assert seen == {"Mia": True, "Ann": False}


@pytest.mark.parametrize(
    ("kept", "of", "begins"),
    [
        (19, 19, "Too few to judge"),
        (80, 100, "What requesters are told holds"),
        (50, 100, "Answers come later"),
        (99, 100, "Answers come sooner"),
    ],
)
def test_the_interval_decides_what_is_said(kept: int, of: int, begins: str) -> None:
    assert pages._verdict(Share(count=kept, of=of))[0].startswith(begins)
