"""What a silence came to is said where people look: on the question, the run, and to who waits."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.utils.timezone import now

from accounts.models import Client, User
from governance.pages import words
from handoffs import authority, ladder
from handoffs.models import Handoff, Queue, Run
from tests import walks
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def read(user: User, path: str) -> str:
    browser = Browser()
    browser.force_login(user)
    return browser.get(path).content.decode()


@pytest.fixture
def climbed(shop: Shop, bot: Client, bot_key: str) -> Handoff:
    """Due after an outage: its urgency passed unseen, and it went a level up."""
    handoff = walks.waiting(shop, bot, bot_key)
    past = now()
    Handoff.objects.filter(id=handoff.id).update(urgent_at=past, next_at=past, deadline_at=past)
    ladder.fire_overdue()
    return handoff


def test_the_question_and_the_run_say_each_step(
    shop: Shop, climbed: Handoff, ann: User, mia: User
) -> None:
    ann.groups.add(shop.leads)

    for user, path in ((ann, f"/handoffs/{climbed.id}"), (mia, f"/runs/{climbed.run_id}")):
        page = read(user, path)

        assert "became urgent while nothing here could act on it" in page, path
        assert "nobody answered on level 1 in time: it went a level up" in page, path


def test_who_waits_reads_that_it_was_passed_on(climbed: Handoff) -> None:
    token = Run.objects.get(id=climbed.run_id).status_token

    page = Browser().get(f"/status/{token}").content.decode()

    assert "passed on to people who can decide" in page


def test_governance_says_when_a_queue_keeps_holidays(shop: Shop, ann: User) -> None:
    Queue.objects.filter(pk=shop.queue.pk).update(
        hours={"monday": ["09:00-17:00"]}, country="DE-BE", holidays={"2027-01-05": "Move"}
    )

    page = read(ann, "/governance/retail-support/")

    assert "Mon 09:00–17:00 UTC, but not on public holidays of DE-BE and 1 day of its own" in page


@pytest.mark.parametrize(
    ("urgent", "said"),
    [(900, "urgent 15 min before"), (7200, "urgent 15 min before, the last quarter of its time")],
)
def test_nothing_is_said_to_be_urgent_from_the_start(urgent: int, said: str) -> None:
    row: Any = authority.Row(id=1, role="", queue="", deadline_seconds=3600, urgent_seconds=urgent)

    assert words.gathered(row)[0] == said
