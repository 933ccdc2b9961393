"""The requester's page: an honest line and nothing that names anyone."""

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Handoff
from reviews import claims, decisions
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def address(handoff: Handoff) -> str:
    return reverse("reviews:status", args=[handoff.run.status_token])


def test_it_says_who_has_it_since_when_and_when_news_comes(client: Browser, held: Handoff) -> None:
    page = client.get(address(held)).content.decode()

    assert "A person is looking at it." in page
    assert "refund approvers" in page
    assert "News by" in page


def test_it_names_no_person_and_tells_nothing_of_the_brief(client: Browser, held: Handoff) -> None:
    answer = client.get(address(held))
    said = answer.content.decode() + str(client.get(address(held), headers=JSON).json())

    for secret in ("Ann", "ann@", "Kim", "kim@", "312.50", "W5744371", held.id):
        assert secret not in said


JSON = {"Accept": "application/json"}


def test_it_speaks_json_to_programs(client: Browser, held: Handoff) -> None:
    said = client.get(address(held), headers=JSON).json()

    assert said["state"] == "PAUSED_PENDING_HUMAN"
    assert said["owner"] == "refund approvers"
    assert said["expected_by"] is not None
    assert said["passed_on"] == ["1 fact about it", "1 record", "What was done so far"]


def test_it_is_not_indexed_and_not_kept(client: Browser, held: Handoff) -> None:
    answer = client.get(address(held))

    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_question_back_is_said(client: Browser, held: Handoff, ann: User) -> None:
    decisions.ask_information(held.id, by=ann, question="Which street?", now=timezone.now())

    page = client.get(address(held)).content.decode()

    assert "We are looking something up" in page
    assert "Which street?" not in page


def test_after_the_answer_nobody_has_it_any_more(
    client: Browser, desk: Browser, held: Handoff
) -> None:
    desk.post(reverse("reviews:decide", args=[held.id]), {"verb": "approve"})

    page = Browser().get(address(held)).content.decode()

    assert "A person has decided" in page
    assert "Who has it" not in page


def test_a_guessed_address_is_not_there(client: Browser, shop: Shop, bot: Client) -> None:
    assert client.get(reverse("reviews:status", args=["x" * 43])).status_code == 404


def test_a_claim_changes_nothing_on_it(client: Browser, held: Handoff, ann: User) -> None:
    before = client.get(address(held), headers=JSON).json()
    claims.give_back(held.id, by=ann, now=timezone.now())

    assert client.get(address(held), headers=JSON).json() == before
