"""The shortest way in answers exactly as the long one through Django does."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections
from django.test import RequestFactory

from config.proposal_door import PATH, ProposalDoor
from handoffs import intake
from handoffs.models import Proposal
from tests import factories
from tests.hostile_json import HARMLESS, HOSTILE

pytestmark = pytest.mark.django_db

Answer = tuple[str, dict[str, str], bytes]


class Spy:
    """Django behind the door; tells whether it was asked."""

    def __init__(self) -> None:
        self.django = WSGIHandler()
        self.asked = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked += 1
        return self.django(environ, start_response)


@pytest.fixture
def spy() -> Spy:
    return Spy()


@pytest.fixture
def door(spy: Spy) -> ProposalDoor:
    return ProposalDoor(spy)


@pytest.fixture
def run(agent, shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


def environ(key: str, body: bytes | str | dict, **changes: Any) -> dict[str, Any]:
    if isinstance(body, dict):
        body = json.dumps(body)
    sent = body.encode() if isinstance(body, str) else body
    made = RequestFactory().generic("POST", PATH, sent, "application/json").environ
    made |= {"wsgi.input": BytesIO(sent), "HTTP_AUTHORIZATION": f"Bearer {key}"}
    return {**made, **changes}


@contextmanager
def one_connection() -> Iterator[None]:
    """Keep the test's transaction open over requests, as Django's own test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def ask(application: Any, environ: dict[str, Any]) -> Answer:
    with one_connection():
        return _ask(application, environ)


def _ask(application: Any, environ: dict[str, Any]) -> Answer:
    started: list[Any] = []
    chunks = application(
        environ, lambda status, headers, exc=None: started.append((status, headers))
    )
    body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    status, headers = started[0]
    assert len({name for name, _ in headers}) == len(headers), headers
    return status, dict(headers), body


def plain(answer: Answer) -> tuple[str, dict[str, str], str]:
    """Take out what is different in each answer: ids, times and signatures."""
    status, headers, body = answer
    assert headers.get("Content-Length", "0") == str(len(body)) or not body
    text = re.sub(r"\b(req|prop|ho|run)_[0-9a-z]{26}", r"\1_…", body.decode())
    text = re.sub(
        r"wait/[^\"]+|status/[^\"]+|\d\d\d\d-\d\d-\d\dT[^\"]+|\"position\":\d+", "…", text
    )
    return status, {**headers, "X-Request-Id": "…", "Content-Length": "…"}, text


WAYS = [
    {},
    {"HTTP_IDEMPOTENCY_KEY": "way-1"},
    {"HTTP_X_FORWARDED_PROTO": "https"},
    {"wsgi.url_scheme": "https"},
    {"QUERY_STRING": "a=b"},
]


@pytest.mark.parametrize("changes", WAYS, ids=str)
@pytest.mark.parametrize("https", [False, True], ids=["http", "https"])
def test_a_proposal_is_answered_as_by_django(
    agent, bot_key, shop, door, spy, settings, changes, https
):
    if https:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_HSTS_SECONDS = 60
    for make, status in (
        (factories.proposal_payload, "201 Created"),
        (factories.small_proposal_payload, "200 OK"),
    ):
        one, other = (agent.post("/runs", factories.run_payload()).json()["id"] for _ in range(2))
        mine = {**changes}
        if "HTTP_IDEMPOTENCY_KEY" in mine:
            mine["HTTP_IDEMPOTENCY_KEY"] += status[:3]
        short = ask(ProposalDoor(spy), environ(bot_key, make(one), **mine))
        if "HTTP_IDEMPOTENCY_KEY" in mine:
            mine["HTTP_IDEMPOTENCY_KEY"] += "other"
        long = ask(WSGIHandler(), environ(bot_key, make(other), **mine))

        assert short[0] == status
        assert plain(short) == plain(long)
    assert spy.asked == 0


def test_an_earlier_answer_is_told_again_on_both_ways(bot_key, run, door):
    send = factories.proposal_payload(run)
    first = ask(door, environ(bot_key, send, HTTP_IDEMPOTENCY_KEY="again"))
    short = ask(door, environ(bot_key, send, HTTP_IDEMPOTENCY_KEY="again"))
    long = ask(WSGIHandler(), environ(bot_key, send, HTTP_IDEMPOTENCY_KEY="again"))

    assert first[2] == short[2] == long[2]
    assert plain(short) == plain(long)
    assert short[1]["Idempotent-Replay"] == "true"
    assert Proposal.objects.count() == 1


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("no key", {"HTTP_AUTHORIZATION": ""}),
    ("wrong key", {"HTTP_AUTHORIZATION": "Bearer ovr_nobody"}),
    ("another scheme", {"HTTP_AUTHORIZATION": "Basic eDp5"}),
    ("no type", {"CONTENT_TYPE": ""}),
    ("a form", {"CONTENT_TYPE": "application/x-www-form-urlencoded"}),
    ("latin 1", {"CONTENT_TYPE": "application/json; charset=latin-1"}),
    ("packed", {"HTTP_CONTENT_ENCODING": "gzip"}),
    ("too long", {"CONTENT_LENGTH": "99999999"}),
    ("no length", {"CONTENT_LENGTH": ""}),
    ("a strange length", {"CONTENT_LENGTH": "-1"}),
    ("a strange length in digits", {"CONTENT_LENGTH": "٣"}),
    ("a bad Idempotency-Key", {"HTTP_IDEMPOTENCY_KEY": "a b"}),
    ("a bad request id", {"HTTP_X_REQUEST_ID": "a\nb"}),
    ("GET", {"REQUEST_METHOD": "GET"}),
    ("OPTIONS", {"REQUEST_METHOD": "OPTIONS"}),
    ("HEAD", {"REQUEST_METHOD": "HEAD"}),
    ("a slash more", {"PATH_INFO": "/api/v1/proposals/"}),
]


@pytest.mark.parametrize(("name", "changes"), REFUSED, ids=[name for name, _ in REFUSED])
def test_what_is_refused_is_refused_alike(bot_key, run, door, name, changes):
    body = factories.proposal_payload(run, action_type="fly_to_the_moon")

    short = ask(door, environ(bot_key, body, **changes))
    long = ask(WSGIHandler(), environ(bot_key, body, **changes))

    assert plain(short) == plain(long)
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    ("name", "body"),
    [(name, body) for name, body, *_ in (*HOSTILE, *HARMLESS)],
    ids=[name for name, *_ in (*HOSTILE, *HARMLESS)],
)
def test_a_hostile_body_is_refused_alike(bot_key, shop, door, name, body):
    short, long = ask(door, environ(bot_key, body)), ask(WSGIHandler(), environ(bot_key, body))

    assert plain(short) == plain(long)
    assert not short[0].startswith("2")


def test_a_body_in_pieces_and_a_place_below_another_go_through_django(bot_key, run, door, spy):
    body = json.dumps(factories.small_proposal_payload(run))
    pieces = environ(bot_key, body, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")

    assert ask(door, pieces)[0] == "200 OK"
    ask(door, environ(bot_key, body, SCRIPT_NAME="/overread"))
    assert spy.asked == 2


def test_the_callers_own_request_id_comes_back(bot_key, run, door):
    for make, status in ((factories.small_proposal_payload, "200 OK"), (dict, "422")):
        answer = ask(
            door,
            environ(
                bot_key,
                make([("run", run)]) if make is dict else make(run),
                HTTP_X_REQUEST_ID="mine-1",
            ),
        )

        assert answer[0].startswith(status)
        assert answer[1]["X-Request-Id"] == "mine-1"


@pytest.mark.parametrize(
    ("error", "status"), [(OperationalError("gone"), "503"), (RuntimeError("a bug"), "500")]
)
def test_what_breaks_is_a_problem_too(bot_key, run, door, monkeypatch, caplog, error, status):
    def breaks(_: object) -> None:
        raise error

    monkeypatch.setattr(intake, "_look_all", breaks)
    sent = factories.proposal_payload(run)
    short = ask(door, environ(bot_key, sent))

    assert short[0].startswith(status)
    assert plain(short) == plain(ask(WSGIHandler(), environ(bot_key, sent)))
