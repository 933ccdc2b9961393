"""Mails to requesters: each once, in their language, and only while it is true."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.models import Client
from handoffs import answers, notices, runs
from handoffs.actors import SYSTEM
from handoffs.models import Handoff, OutboxMessage, Run, Workflow
from handoffs.states import Verb
from reviews import log_places, requester_mails
from reviews.models import RequesterLetter
from tests import walks
from tests.factories import Shop
from tests.people import Agent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def begun(shop: Shop) -> None:
    """Read the log once, so that what moves from here on is new."""
    log_places.take(requester_mails.MOVES)


@pytest.fixture
def asked(shop: Shop, bot: Client, bot_key: str) -> Handoff:
    return walks.waiting(shop, bot, bot_key)


def look(*, after: timedelta = requester_mails.PATIENCE) -> int:
    """Look, and send as if so much time had gone by."""
    requester_mails.look(now=now())
    for letter in RequesterLetter.objects.filter(ended_at=None):
        RequesterLetter.objects.filter(pk=letter.pk).update(due_at=letter.due_at - after)
    return requester_mails.send_due(now=now())


def mails() -> list[dict[str, Any]]:
    sent = OutboxMessage.objects.filter(event=requester_mails.EVENT).order_by("created_at", "id")
    return [{"to": one.mail_to, **one.payload} for one in sent]


def subjects() -> list[str]:
    return [mail["subject"] for mail in mails()]


def test_they_are_told_that_a_person_has_it_and_that_it_is_over(asked: Handoff) -> None:
    look()
    walks.say(asked, Verb.TAKE_OVER, details={"told": "I will call you."})
    look()
    over_by_hand = subjects()
    assert over_by_hand == ["A person will decide about your request."]

    (mail,) = mails()
    assert mail["to"] == "kim@example.com"
    assert f"/status/{asked.run.status_token}" in mail["text"]
    assert "News at the latest: on " in mail["text"]
    assert "No more of these mails:" in mail["text"]
    for secret in ("312.50", "W5744371", "Kim Li", asked.id):
        assert secret not in str(mail)


def test_the_end_is_told_to_whom_a_transfer_was(asked: Handoff) -> None:
    look()
    runs.stop(asked.run_id, reason="a test", by=SYSTEM, now=now())
    look()

    assert len(subjects()) == 2
    assert subjects()[1].startswith("The work on your request was stopped.")


def test_the_end_of_what_nobody_was_asked_about_is_told_to_nobody(shop: Shop, bot: Client) -> None:
    run = walks.start_run(shop, bot)
    runs.complete(run.id, output={}, by=SYSTEM, now=now())
    look()

    assert mails() == []


def test_what_is_answered_at_once_is_not_worth_a_mail(asked: Handoff) -> None:
    look(after=timedelta(0))
    walks.say(asked)
    look()

    assert mails() == []
    assert RequesterLetter.objects.filter(sent=False, ended_at__isnull=False).exists()


def test_a_level_up_is_told(asked: Handoff) -> None:
    look()
    answers.escalate(asked.id, round=1, reason="a test", by=SYSTEM, now=now())
    look()

    assert subjects()[1:] == ["Your request has been passed on to people who can decide."]


def test_each_is_made_once_however_often_it_looks(asked: Handoff) -> None:
    for _ in range(3):
        look()
    assert len(mails()) == 1


@pytest.mark.parametrize(
    ("locale", "subject", "way_out"),
    [
        ("de", "Über Ihre Anfrage entscheidet ein Mensch.", "Keine weiteren E-Mails"),
        ("es", "Una persona decidirá sobre su solicitud.", "Para no recibir más"),
        ("fr", "Une personne va se prononcer sur votre demande.", "Ne plus recevoir"),
    ],
)
def test_they_are_written_to_in_their_language(
    asked: Handoff, locale: str, subject: str, way_out: str
) -> None:
    Run.objects.filter(id=asked.run_id).update(
        requester={"email": "kim@example.com", "locale": locale}
    )
    look()

    assert subjects() == [subject]
    assert way_out in mails()[0]["text"]


def test_a_workflow_that_writes_nothing_writes_nothing(asked: Handoff) -> None:
    Workflow.objects.update(writes_to_requesters=False)
    look()
    walks.say(asked, Verb.TAKE_OVER, details={"told": "Hello"})

    assert mails() == []
    assert not OutboxMessage.objects.filter(mail_to="kim@example.com").exists()


def test_whoever_wants_no_more_gets_no_more(asked: Handoff) -> None:
    token = notices.stop_url("kim@example.com", requester_mails.EVENT).rpartition("/")[2]
    notices.stop(token, now=now())
    look()

    assert mails() == []


def test_one_run_writes_no_more_than_so_many(asked: Handoff) -> None:
    RequesterLetter.objects.bulk_create(
        RequesterLetter(
            run=asked.run, kind="passed_on", number=n, due_at=now(), ended_at=now(), sent=True
        )
        for n in range(requester_mails.MOST)
    )
    look()

    assert mails() == []


def test_nobody_without_an_address_is_noted(
    shop: Shop, bot: Client, bot_key: str, agent: Agent
) -> None:
    handoff = walks.waiting(shop, bot, bot_key)
    Run.objects.filter(id=handoff.run_id).update(requester=None)
    look()

    assert not RequesterLetter.objects.exists()
