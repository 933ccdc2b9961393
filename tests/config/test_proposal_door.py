"""The shortest way in answers exactly as the long one through Django does."""

import asyncio
import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.utils import timezone

from config.gateways import InOneThread, Receive, Scope, Send
from config.proposal_door import PATH, ProposalDoor
from handoffs import compiled
from handoffs.api import reading
from handoffs.models import ActionType, Proposal
from handoffs.wires import Lost, Wire
from tests import factories
from tests.hostile_json import HARMLESS, HOSTILE

pytestmark = pytest.mark.usefixtures("committed_db")

Answer = tuple[int, dict[str, str], bytes]
Headers = dict[str, str | None]


class Spy:
    """Django behind the door; tells whether it was asked."""

    def __init__(self) -> None:
        self.django = InOneThread(lambda environ, start: self.handler(environ, start))
        self.asked = 0

    @cached_property
    def handler(self) -> WSGIHandler:
        """Made when it is first asked, with the settings that hold then."""
        return WSGIHandler()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self.django(scope, receive, send)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def spy() -> Iterator[Spy]:
    spy = Spy()
    yield spy
    spy.django._thread.submit(connections.close_all).result()
    spy.django._thread.shutdown()


@pytest.fixture
def door(spy: Spy, shop: factories.Shop, loop: asyncio.Runner) -> Iterator[ProposalDoor]:
    ActionType.objects.update(first_proposed_at=timezone.now())
    compiled.get(shop.workflow.id)
    door = ProposalDoor(spy)
    yield door

    async def close() -> None:
        door.close()

    loop.run(close())


@pytest.fixture
def run(agent, shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


@pytest.fixture
def ask(loop, bot_key):
    def ask(
        application: Any, body: bytes | str | dict, headers: Headers | None = None, **scope: Any
    ) -> Answer:
        return loop.run(_ask(application, bot_key, body, headers or {}, scope))

    return ask


async def _ask(
    application: Any, key: str, body: Any, changed: Headers, changes: dict[str, Any]
) -> Answer:
    if isinstance(body, dict):
        body = json.dumps(body)
    sent = body.encode() if isinstance(body, str) else body
    headers: Headers = {
        "host": "testserver",
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "content-length": str(len(sent)),
        **changed,
    }
    scope = {
        **{"type": "http", "http_version": "1.1", "method": "POST", "scheme": "http"},
        **{"path": PATH, "root_path": "", "query_string": b""},
        **{"server": ("testserver", 80), "client": ("127.0.0.1", 1)},
        "headers": [(k.encode(), v.encode()) for k, v in headers.items() if v is not None],
        **changes,
    }
    pieces = [sent[:7], sent[7:]]
    told: list[Any] = []

    async def receive() -> Any:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        told.append(message)

    await application(scope, receive, send)
    start, *parts = told
    names = [name for name, _ in start["headers"]]
    assert len(set(names)) == len(names), names
    assert all(name == name.lower() for name in names)
    named = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], named, b"".join(one["body"] for one in parts)


def plain(answer: Answer) -> tuple[int, dict[str, str], str]:
    """Take out what is different in each answer: ids, times and signatures."""
    status, headers, body = answer
    assert headers.get("content-length", "0") == str(len(body)) or not body
    text = re.sub(r"\b(req|prop|ho|run)_[0-9a-z]{26}", r"\1_…", body.decode())
    text = re.sub(
        r"wait/[^\"]+|status/[^\"]+|\d\d\d\d-\d\d-\d\dT[^\"]+|\"position\":\d+", "…", text
    )
    return status, {**headers, "x-request-id": "…", "content-length": "…"}, text


WAYS: list[tuple[Headers, dict[str, Any]]] = [
    ({}, {}),
    ({"idempotency-key": "way-1"}, {}),
    ({"x-forwarded-proto": "https"}, {}),
    ({}, {"scheme": "https"}),
    ({}, {"query_string": b"a=b"}),
]


@pytest.mark.parametrize("https", [False, True], ids=["http", "https"])
def test_a_proposal_is_answered_as_by_django(agent, shop, door, spy, ask, settings, https):
    if https:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.SECURE_HSTS_SECONDS = 60
    # what it sends with each answer is made when it is made
    door._headers = ProposalDoor(spy)._headers
    for number, (headers, scope) in enumerate(WAYS):
        for make, status in (
            (factories.proposal_payload, 201),
            (factories.small_proposal_payload, 200),
        ):
            one, other = (
                agent.post("/runs", factories.run_payload()).json()["id"] for _ in range(2)
            )
            mine = dict(headers)
            if "idempotency-key" in mine:
                mine["idempotency-key"] = f"{number}-{status}-short"
            short = ask(door, make(one), mine, **scope)
            assert spy.asked == 0
            if "idempotency-key" in mine:
                mine["idempotency-key"] = f"{number}-{status}-long"
            long = ask(spy.django, make(other), mine, **scope)

            assert short[0] == status
            assert plain(short) == plain(long)


def test_an_earlier_answer_is_told_again_on_both_ways(run, door, spy, ask):
    send = factories.small_proposal_payload(run)
    key: Headers = {"idempotency-key": "again"}
    first, short = ask(door, send, key), ask(door, send, key)
    assert spy.asked == 0
    long = ask(spy.django, send, key)

    assert first[2] == short[2] == long[2]
    assert plain(short) == plain(long)
    assert short[1]["idempotent-replay"] == "true"
    assert Proposal.objects.count() == 1


REFUSED: list[tuple[str, Headers, dict[str, Any]]] = [
    ("no key", {"authorization": ""}, {}),
    ("wrong key", {"authorization": "Bearer ovr_nobody"}, {}),
    ("another scheme", {"authorization": "Basic eDp5"}, {}),
    ("no type", {"content-type": ""}, {}),
    ("a form", {"content-type": "application/x-www-form-urlencoded"}, {}),
    ("latin 1", {"content-type": "application/json; charset=latin-1"}, {}),
    ("packed", {"content-encoding": "gzip"}, {}),
    ("too long", {"content-length": "99999999"}, {}),
    ("no length", {"content-length": None}, {}),
    ("a bad Idempotency-Key", {"idempotency-key": "a b"}, {}),
    ("a bad request id", {"x-request-id": "a\nb"}, {}),
    ("GET", {}, {"method": "GET"}),
    ("OPTIONS", {}, {"method": "OPTIONS"}),
    ("HEAD", {}, {"method": "HEAD"}),
    ("a slash more", {}, {"path": PATH + "/"}),
]


def test_what_is_refused_is_refused_alike(run, door, spy, ask):
    body = factories.proposal_payload(run, action_type="fly_to_the_moon")
    for name, headers, scope in REFUSED:
        short, long = ask(door, body, headers, **scope), ask(spy.django, body, headers, **scope)

        assert plain(short) == plain(long), name
        assert short[0] >= 400 or scope.get("method") == "OPTIONS", name
    assert spy.asked == len(REFUSED)
    assert not Proposal.objects.exists()


def test_a_hostile_body_is_refused_alike(door, spy, ask):
    for name, body, *_ in (*HOSTILE, *HARMLESS):
        short, long = ask(door, body), ask(spy.django, body)

        assert plain(short) == plain(long), name
        assert short[0] >= 400, name


def test_a_body_in_pieces_and_a_place_below_another_go_through_django(run, door, spy, ask):
    body = factories.small_proposal_payload(run)
    pieces: Headers = {"content-length": None, "transfer-encoding": "chunked"}

    assert ask(door, body, pieces)[0] == 200
    ask(door, body, root_path="/overread")
    assert spy.asked == 2


@pytest.mark.parametrize("pieces", [[], [b'{"run": ']], ids=["at once", "half way"])
def test_who_goes_away_while_sending_is_nobodys_concern(door, spy, loop, pieces):
    """Nothing is stored, nothing told, and nothing written to the log as an error."""
    told: list[Any] = []
    coming = [{"type": "http.request", "body": one, "more_body": True} for one in pieces]
    coming.append({"type": "http.disconnect"})

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    headers = [(b"content-length", b"99")]
    scope = {"type": "http", "method": "POST", "path": PATH, "root_path": "", "headers": headers}
    loop.run(door(scope, receive, send))

    assert (told, spy.asked, coming) == ([], 0, [])


def test_a_body_that_is_too_long_is_not_read_by_the_door(loop):
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        raise PermissionError

    length = b"%d" % (reading.MAX_BODY + 1)
    headers = [(b"content-length", length)]
    scope = {"type": "http", "method": "POST", "path": PATH, "root_path": "", "headers": headers}
    with pytest.raises(PermissionError):
        loop.run(ProposalDoor(refuse)(scope, None, None))  # type: ignore[arg-type]


def test_the_callers_own_request_id_comes_back(run, door, ask):
    mine: Headers = {"x-request-id": "mine-1"}

    for body, status in ((factories.small_proposal_payload(run), 200), ({"run": run}, 422)):
        answer = ask(door, body, mine)

        assert (answer[0], answer[1]["x-request-id"]) == (status, "mine-1")


def test_who_cannot_know_whether_it_was_stored_says_so(run, door, spy, ask, monkeypatch):
    """It is not asked of Django: without a key it might be stored a second time."""
    rows = Wire.rows

    async def breaks(self: Wire, statement: Any, values: Any) -> Any:
        if "insert" in statement.sql(1):
            raise Lost("gone")
        return await rows(self, statement, values)

    monkeypatch.setattr(Wire, "rows", breaks)
    status, headers, body = ask(door, factories.proposal_payload(run))

    assert (status, headers["content-type"]) == (503, "application/problem+json")
    assert headers["retry-after"]
    assert json.loads(body)["request_id"] == headers["x-request-id"]
    assert spy.asked == 0


def test_a_database_that_does_not_let_it_look_is_for_django_to_tell(
    run, door, spy, ask, monkeypatch
):
    async def refuses() -> None:
        raise OSError("no such host")

    monkeypatch.setattr(Wire, "_connect", lambda self: refuses())

    assert ask(door, factories.proposal_payload(run))[0] == 201
    assert spy.asked == 1
