"""Every way out of the product is tried on a blind test: each page, operation, verb and job.

The ways are read off the product itself, so that a new one is tried as soon as it is there.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern
from django.utils.timezone import now

from accounts.models import Client, User
from config import timetable
from config.celery import app
from handoffs.models import (
    Answer,
    HeldAnswer,
    OutboxMessage,
    Resumption,
    WebhookEndpoint,
)
from handoffs.states import Verb
from reviews import claims, urls
from reviews.models import Decision, Plant, RequesterLetter
from reviews.ways import Way
from tests import factories
from tests.contracts import operations
from tests.contracts.operations import Operation
from tests.factories import Shop
from tests.people import Agent
from tests.reviews.pairs import browser_of
from tests.reviews.planting import planted

pytestmark = pytest.mark.django_db
OUT = (Answer, HeldAnswer, Resumption, RequesterLetter, Decision)
# all that any form asks for, so that none stops for want of something
TYPED = {
    "verb": "approve", "words": "I looked at it.", "reason": "I looked at it.", "amount": "3125.0",
    "answer": "approve", "confidence": "3", "message": "Now", "text": "Now", "note": "Now",
    "a/amount": "3125.0", "a/currency": "USD", "a/order_id": "#W5744371", "a/note": "Now",
    "a/question": "Now?", "a/hours": "2", "a/place": "leads:refund approvers leads",
}  # fmt: skip


@pytest.fixture
def plant(shop: Shop, bot: Client, bot_key: str, ann: User) -> Plant:
    """A test in ann's hands, whose client is told of everything at an address of its own."""
    WebhookEndpoint.objects.create(client=bot, url="https://a.example/", secret="x")
    found = planted(shop, bot)
    claims.pick(str(found.handoff_id), by=ann, now=now())
    claims.mark_opened(str(found.handoff_id), by=ann, now=now())
    return found


def check_nothing_got_out() -> None:
    for model in OUT:
        assert not model.objects.exists(), model  # type: ignore[attr-defined]
    assert not OutboxMessage.objects.filter(endpoint__isnull=False).exists()
    assert not OutboxMessage.objects.filter(mail_to="k@l.example").exists()


def addresses() -> Iterator[str]:
    for pattern in urls.urlpatterns:
        route = str(pattern.pattern) if isinstance(pattern, URLPattern) else ""
        if "<str:handoff_id>" in route or "<str:run_id>" in route:
            yield route


def tried(route: str, plant: Plant) -> Iterator[str]:
    route = route.replace("<str:handoff_id>", str(plant.handoff_id))
    route = route.replace("<str:run_id>", plant.run_id)
    ways = [one.value for one in (*Verb, *Way)] if "<slug:verb>" in route else [""]
    for way in ways:
        yield "/" + route.replace("<slug:verb>", way)


@pytest.mark.parametrize("route", list(addresses()))
def test_no_page_lets_it_out(plant: Plant, ann: User, mia: User, route: str) -> None:
    for address in tried(route, plant):
        for person in (ann, mia):
            point = transaction.savepoint()
            answer = browser_of(person).post(address, TYPED)
            assert answer.status_code < 500, (address, answer.status_code)
            check_nothing_got_out()
            transaction.savepoint_rollback(point)


@pytest.mark.parametrize("verb", [one.value for one in Verb])
def test_no_verb_lets_it_out(plant: Plant, ann: User, verb: str) -> None:
    """Sent to the one address that takes any answer, and in a form of its own."""
    browser = browser_of(ann)
    for where in ("decide", f"as/{verb}/send"):
        point = transaction.savepoint()
        answer = browser.post(f"/handoffs/{plant.handoff_id}/{where}", {**TYPED, "verb": verb})
        assert answer.status_code < 500
        check_nothing_got_out()
        transaction.savepoint_rollback(point)


# of what would be refused for its shape, before anything is looked for
SENT = {
    "report_outcome": {"status": "done"},
    "give_information": {"facts": [{"label": "Carrier", "value": "UPS", "kind": "text"}]},
    "withdraw_handoff": {"reason": "Not needed"},
    "fail_run": {"error": "It broke"},
}


def of_ours(operation: Operation) -> bool:
    return bool(re.search(r"{(run|handoff|proposal)_id}", operation.path))


@pytest.mark.parametrize(
    "operation", [one for one in operations.all_operations() if of_ours(one)], ids=str
)
def test_no_operation_of_the_api_finds_it(plant: Plant, agent: Agent, operation: Operation) -> None:
    handoff = plant.handoff
    assert handoff is not None
    there = {
        "run_id": plant.run_id,
        "handoff_id": handoff.id,
        "proposal_id": str(handoff.proposal_id),
    }

    def ask(**ids: str) -> Any:
        send = {"GET": agent.get, "POST": agent.post, "PUT": agent.put}[operation.method]
        given = {} if operation.method == "GET" else {"body": SENT.get(operation.id, {})}
        answer = send(operation.at(**ids), **given)
        body = answer.json()
        del body["request_id"]
        return answer.status_code, body

    assert ask(**there) == ask()
    assert ask(**there)[0] == 404
    check_nothing_got_out()


def test_no_job_of_the_clock_lets_it_out(plant: Plant, shop: Shop, bot: Client) -> None:
    """While it is held, while another waits, and after both ended."""
    planted(shop, bot)
    app.loader.import_default_modules()
    for _ in range(2):
        for name in timetable.EVERY:
            app.tasks[name].run()
            check_nothing_got_out()


def test_nothing_of_it_is_in_what_agents_are_told_of_their_queue(
    shop: Shop, bot: Client, agent: Agent, plant: Plant
) -> None:
    """How full it is they are told, as that is so; which ones are there they are not."""
    for path in ("/workflows/retail-support/pressure", "/workflows/retail-support"):
        told = agent.get(path).content.decode()
        for name in (plant.handoff_id, plant.run_id, plant.run.external_id):
            assert str(name) not in told


def test_nobody_comes_upon_its_run_by_starting_or_proposing(
    shop: Shop, agent: Agent, plant: Plant
) -> None:
    payload = factories.proposal_payload(plant.run_id)

    assert agent.post("/proposals", payload).status_code == 404
    started = agent.post("/runs", factories.run_payload(external_id=plant.run.external_id))
    assert started.json()["id"] != plant.run_id
    check_nothing_got_out()
