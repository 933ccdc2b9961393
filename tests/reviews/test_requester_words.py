"""A requester says something on their page: those who decide read it before they answer."""

import json
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils.timezone import now

from accounts.models import Client, User
from handoffs import requesters, runs
from handoffs.actors import SYSTEM
from handoffs.models import Answer, Handoff, RequesterWord, Run, Workflow
from reviews import claims, decisions
from reviews.decisions import Choice
from reviews.errors import RequesterSaidMore
from tests.factories import Shop
from tests.reviews.waiting import put

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


def address(handoff: Handoff, name: str = "status") -> str:
    return reverse(f"reviews:{name}", args=[handoff.run.status_token])


def say(handoff: Handoff, text: str = "", kind: str = "information") -> RequesterWord:
    return requesters.say(handoff.run_id, kind=kind, text=text, now=now())


def post(handoff: Handoff, said: dict[str, Any], **headers: str) -> Any:
    return Browser(enforce_csrf_checks=True).post(
        address(handoff, "status-say"), said, headers=headers
    )


def approve(handoff: Handoff, by: User) -> None:
    decisions.decide(handoff.id, by=by, choice=Choice(verb="approve"), now=now())


def test_it_is_said_by_a_plain_form_without_a_cookie(held: Handoff, client: Browser) -> None:
    sent = post(held, {"kind": "information", "text": "It was the blue one"})

    assert (sent.status_code, sent["Location"]) == (302, f"{address(held)}?#told")
    assert not sent.cookies
    assert "It was the blue one" in client.get(address(held)).content.decode()


def test_it_is_said_as_json_too(held: Handoff) -> None:
    sent = Browser().post(
        address(held, "status-say"),
        json.dumps({"kind": "not_needed"}),
        content_type="application/json",
        headers=JSON,
    )

    assert sent.status_code == 201
    assert sent.json()["not_needed"] is True
    assert sent.json()["said"][0]["kind"] == "not_needed"


@pytest.mark.parametrize(
    "body",
    ["", "[]", "null", "{", '"text"', '{"text": 7}', '{"text": ["a"]}', '{"kind": {}}', "9" * 5000],
)
def test_what_is_no_such_json_says_nothing(held: Handoff, body: str) -> None:
    sent = Browser().post(
        address(held, "status-say"), body, content_type="application/json", headers=JSON
    )

    assert (sent.status_code, sent.json()["error"]["code"]) == (422, "nothing_said")
    assert not RequesterWord.objects.exists()


def test_a_refusal_keeps_what_was_typed_in_their_language(held: Handoff) -> None:
    Run.objects.filter(id=held.run_id).update(requester={"locale": "fr"})

    sent = post(held, {"kind": "information", "text": "é" * 2001})

    page = sent.content.decode()
    assert sent.status_code == 422
    assert "Le texte dépasse 2000 caractères." in page
    assert "é" * 2001 in page
    assert "ETag" not in sent


def test_too_often_says_when_to_come_back(held: Handoff) -> None:
    for number in range(requesters.MOST_AN_HOUR):
        say(held, f"word {number}")

    sent = post(held, {"text": "again"})

    assert sent.status_code == 429
    assert 3000 < int(sent["Retry-After"]) <= 3600


def test_a_guessed_address_takes_nothing(shop: Shop) -> None:
    sent = Browser().post(reverse("reviews:status-say", args=["x" * 43]), {"text": "Hello"})

    assert sent.status_code == 404


def test_no_longer_needed_can_be_taken_back(held: Handoff, client: Browser) -> None:
    post(held, {"kind": "not_needed"})
    off = client.get(address(held)).content.decode()
    post(held, {"kind": "needed"})
    on = client.get(address(held)).content.decode()

    assert "I need it after all" in off
    assert "I no longer need this" not in off
    assert "I no longer need this" in on


def test_when_it_is_over_there_is_no_form(held: Handoff, client: Browser) -> None:
    runs.stop(held.run_id, reason="a test", by=SYSTEM, now=now())

    page = client.get(address(held))

    assert "The work on your request was stopped." in page.content.decode()
    assert "<form" not in page.content.decode()
    assert client.get(address(held), headers=JSON).json()["look_again_seconds"] is None


def test_whoever_decides_reads_it(held: Handoff, desk: Browser) -> None:
    say(held, "It was the blue one")
    say(held, kind="not_needed")

    page = desk.get(reverse("reviews:handoff", args=[held.id])).content.decode()

    assert "It was the blue one" in page
    assert "says that it is no longer needed" in page


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a\u202eb", "[x](javascript:y)"])
def test_hostile_words_do_nothing_on_any_page(
    held: Handoff, desk: Browser, client: Browser, text: str
) -> None:
    say(held, text)

    pages = [
        desk.get(reverse("reviews:handoff", args=[held.id])),
        desk.get(reverse("reviews:fill-in", args=[held.id, "approve_with_edits"])),
        Browser().get(address(held)),
    ]

    for page in (one.content.decode() for one in pages):
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert 'href="javascript' not in page


def test_an_answer_given_without_it_is_refused_once(held: Handoff, ann: User) -> None:
    claims.mark_opened(held.id, by=ann, now=now())
    say(held, "It was the blue one, not the red one")

    with pytest.raises(RequesterSaidMore, match="“It was the blue one, not the red one”"):
        approve(held, ann)
    assert not Answer.objects.exists()

    claims.mark_opened(held.id, by=ann, now=now())
    approve(held, ann)
    assert Answer.objects.count() == 1


def test_the_page_shows_it_and_keeps_what_was_written(held: Handoff, desk: Browser) -> None:
    desk.get(reverse("reviews:handoff", args=[held.id]))
    say(held, kind="not_needed")
    decide = reverse("reviews:decide", args=[held.id])
    typed = {"verb": "reject", "words": "Outside the policy, see section 3."}

    refused = desk.post(decide, typed)
    again = desk.post(decide, typed)

    page = refused.content.decode()
    assert refused.status_code == 422
    assert "the requester wrote that it is no longer needed. Nothing was sent." in page
    assert "Outside the policy, see section 3." in page
    assert again.status_code == 302


def test_what_was_said_before_the_page_was_opened_holds_nobody_up(
    shop: Shop, bot: Client, ann: User
) -> None:
    handoff = put(shop, bot)
    say(handoff, "It was the blue one")
    claims.pick(handoff.id, by=ann, now=now())
    claims.mark_opened(handoff.id, by=ann, now=now())

    approve(handoff, ann)

    assert Answer.objects.count() == 1


def test_a_first_name_is_told_where_the_workflow_says_so(
    held: Handoff, ann: User, client: Browser
) -> None:
    User.objects.filter(id=ann.id).update(name="Ann Lee Smith")
    before = client.get(address(held)).content.decode()
    Workflow.objects.update(requester_sees="first_name")
    named = client.get(address(held)).content.decode()
    claims.give_back(held.id, by=ann, now=now())
    nobody = client.get(address(held)).content.decode()

    assert "Ann" not in before
    assert "Ann is looking at your request." in named
    assert "Lee" not in named
    assert "Ann" not in nobody


def test_where_several_decide_nobody_is_named(shop: Shop, bot: Client, ann: User) -> None:
    Workflow.objects.update(requester_sees="first_name")
    handoff = put(shop, bot, safeguards={"approvers": 2})
    claims.pick(handoff.id, by=ann, now=now())

    assert "Ann" not in Browser().get(address(handoff)).content.decode()
