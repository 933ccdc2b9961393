"""The requester's page: an honest line and nothing that names anyone."""

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from accounts.models import Client, User
from handoffs.models import Handoff, Run
from reviews import claims, decisions
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def address(handoff: Handoff) -> str:
    return reverse("reviews:status", args=[handoff.run.status_token])


def test_it_says_who_has_it_since_when_and_when_news_comes(client: Browser, held: Handoff) -> None:
    page = client.get(address(held)).content.decode()

    assert "A person will decide about your request." in page
    assert "refund approvers" in page
    assert "At the latest" in page


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
    assert said["latest_by"] == held.deadline_at.isoformat()
    assert (said["expected_by"], said["confidence"]) == (None, None)
    assert said["passed_on"] == ["1 fact about it", "1 record", "What was done so far"]


def test_it_is_not_indexed_and_not_kept(client: Browser, held: Handoff) -> None:
    answer = client.get(address(held))

    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"


def test_a_question_back_is_said(client: Browser, held: Handoff, ann: User) -> None:
    decisions.ask_information(held.id, by=ann, question="Which street?", now=timezone.now())

    page = client.get(address(held)).content.decode()

    assert "We are looking something up for the person who decides." in page
    assert "Which street?" not in page


def test_after_the_answer_nobody_has_it_any_more(
    client: Browser, desk: Browser, held: Handoff
) -> None:
    desk.post(reverse("reviews:decide", args=[held.id]), {"verb": "approve"})

    page = Browser().get(address(held)).content.decode()

    assert "A person has decided" in page
    assert "Who has it" not in page


def in_language(held: Handoff, locale: str) -> None:
    Run.objects.filter(id=held.run_id).update(requester={"locale": locale})


@pytest.mark.parametrize(
    ("locale", "said", "label"),
    [
        ("de", "Über Ihre Anfrage entscheidet ein Mensch.", "Wer sich darum kümmert"),
        ("es_MX", "Una persona decidirá sobre su solicitud.", "Quién se ocupa"),
        ("fr-CA", "Une personne va se prononcer sur votre demande.", "Qui s’en occupe"),
        ("en-GB", "A person will decide about your request.", "Who has it"),
    ],
)
def test_it_speaks_the_requesters_language(
    client: Browser, held: Handoff, locale: str, said: str, label: str
) -> None:
    in_language(held, locale)

    answer = client.get(address(held), headers={"Accept-Language": "ja"})

    page = answer.content.decode()
    assert said in page
    assert label in page
    assert f'<html lang="{locale[:2]}">' in page
    assert answer["Content-Language"] == locale[:2]
    assert client.get(address(held), headers=JSON).json()["line"] == said


def test_whoever_asks_for_a_language_gets_it_and_a_browsers_is_the_last_resort(
    client: Browser, held: Handoff
) -> None:
    in_language(held, "de")
    asked = client.get(address(held), {"language": "fr"}, headers=JSON).json()
    in_language(held, "ja")
    browsers = client.get(address(held), headers={**JSON, "Accept-Language": "es-AR"}).json()
    neither = client.get(address(held), headers={**JSON, "Accept-Language": "ko"}).json()

    assert [asked["language"], browsers["language"], neither["language"]] == ["fr", "es", "en"]


def test_their_own_clock_is_used_where_it_is_known(client: Browser, held: Handoff) -> None:
    utc = client.get(address(held)).content.decode()
    Run.objects.filter(id=held.run_id).update(requester={"time_zone": "Asia/Tokyo"})
    tokyo = client.get(address(held)).content.decode()

    assert " UTC</time>" in utc
    assert 'data-clock="here"' in utc
    assert "UTC" not in tokyo
    assert "data-clock" not in tokyo


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_who_has_seen_it_is_told_that_nothing_changed(
    client: Browser, held: Handoff, ann: User, accept: str
) -> None:
    first = client.get(address(held), headers={"Accept": accept})
    known = {"Accept": accept, "If-None-Match": first["ETag"]}
    again = client.get(address(held), headers=known)
    decisions.ask_information(held.id, by=ann, question="Which street?", now=timezone.now())
    moved = client.get(address(held), headers=known)

    assert (again.status_code, again.content) == (304, b"")
    assert moved.status_code == 200
    assert moved["ETag"] != first["ETag"]


def test_another_language_is_another_page(client: Browser, held: Handoff) -> None:
    english = client.get(address(held))["ETag"]

    answer = client.get(address(held), {"language": "de"}, headers={"If-None-Match": english})

    assert answer.status_code == 200


def test_a_guessed_address_is_not_there(client: Browser, shop: Shop, bot: Client) -> None:
    assert client.get(reverse("reviews:status", args=["x" * 43])).status_code == 404


def test_a_claim_changes_nothing_on_it(client: Browser, held: Handoff, ann: User) -> None:
    before = client.get(address(held), headers=JSON).json()
    claims.give_back(held.id, by=ann, now=timezone.now())

    assert client.get(address(held), headers=JSON).json() == before
