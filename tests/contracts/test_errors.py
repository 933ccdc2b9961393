"""Every refusal is a problem of one shape, whoever refuses: we, the framework or the database."""

import json
import re
from io import BytesIO
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection
from django.test import Client as Browser

from config import docs
from handoffs.api import access, problems
from handoffs.models import RefusedTransition, Run
from handoffs.schemas.problems import Problem
from tests import factories
from tests.contracts.operations import all_operations, with_bodies
from tests.people import Agent

pytestmark = pytest.mark.django_db
NAMES = ("run_id", "handoff_id", "proposal_id", "resumption_id")
MEMBERS = {"type", "title", "status", "detail", "code", "fields", "request_id"}


def problem(response: Any) -> dict[str, Any]:
    """Return the problem after checking everything that all of them promise."""
    assert response["Content-Type"] == "application/problem+json", response.content
    body = json.loads(response.content)
    assert body.keys() == MEMBERS
    Problem.model_validate(body, strict=True)
    assert body["status"] == response.status_code
    assert body["type"].endswith(f"/docs/errors/{body['code'].replace('_', '-')}")
    assert body["request_id"] == response["X-Request-Id"]
    assert len(re.findall(r"[.?!:](?: |$)", body["detail"])) >= 2, body["detail"]
    assert body["code"] in {one.code for one in docs.catalogue()}
    return body


@pytest.mark.parametrize("operation", all_operations(), ids=str)
def test_without_a_key_every_operation_is_401(operation):
    response = Browser().generic(
        operation.method,
        f"/api/v1{operation.at()}",
        data=b"{}" if operation.has_body else b"",
        content_type="application/json",
    )

    assert problem(response)["code"] == "unauthorized"
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic abc", "Bearer wrong", "bearer x y", "Bearer \x00", "Bearer ü"],
)
def test_a_key_that_is_not_good_is_401(header, shop):
    response = Browser().get(
        "/api/v1/pressure?workflow=retail-support", headers={"Authorization": header}
    )

    assert problem(response)["status"] == 401


@pytest.mark.parametrize(
    "operation", [one for one in all_operations() if "_id}" in one.path], ids=str
)
def test_an_id_that_is_nothing_is_404(agent, shop, operation):
    body = {
        "start_run": factories.run_payload(),
        "report_outcome": {"status": "done"},
        "give_information": {"message": "x"},
        "withdraw_handoff": {"reason": "x"},
        "fail_run": {"error": "x"},
        "heartbeat_resumption": {"token": "x"},
        "release_resumption": {"token": "x"},
        "acknowledge_resumption": {"token": "x", "outcome": "resumed"},
    }.get(operation.id, {})
    send = {"GET": agent.get, "POST": agent.post, "PUT": agent.put}[operation.method]
    for id in ("x", "run_1", "%00", "%ff", "..", "run_" + "0" * 26, "a" * 5000, "'; drop table x"):
        path = operation.at(**dict.fromkeys(NAMES, id))
        response = send(path) if operation.method == "GET" else send(path, body)

        assert problem(response)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/nothing", "/runs/", "/runs/x/y", "/%00", "/RUNS"])
def test_an_address_that_is_nothing_is_404(agent, path):
    assert problem(agent.get(path))["code"] == "not_found"


def test_below_the_api_there_is_nothing_else(agent):
    assert problem(Browser().get("/api/"))["code"] == "not_found"
    assert problem(Browser().get("/api/v2/runs"))["code"] == "not_found"


@pytest.mark.parametrize("operation", all_operations(), ids=str)
def test_another_method_is_405_and_says_which_are_allowed(operation):
    for method in ("DELETE", "PATCH", "TRACE", "PROPFIND"):
        response = Browser().generic(
            method, f"/api/v1{operation.at()}", content_type="application/json"
        )

        assert problem(response)["code"] == "method_not_allowed"
        assert operation.method in response["Allow"]


def test_options_says_what_is_allowed_and_head_is_get_without_its_body(agent, shop):
    options = agent.browser.options("/api/v1/runs/run_x/checkpoint", headers=agent.headers)
    head = agent.browser.head("/api/v1/pressure?workflow=retail-support", headers=agent.headers)

    assert options.status_code == 204
    assert options["Allow"] == "GET, HEAD, OPTIONS, PUT"
    assert head.status_code == 200
    assert head.content == b""
    assert head.has_header("ETag")


TYPES = (
    "text/plain",
    "",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/jsonp",
    "application/xml",
)


@pytest.mark.parametrize("operation", with_bodies(), ids=str)
def test_what_is_not_json_by_its_type_is_415(agent, shop, operation):
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    for type in TYPES:
        response = agent.browser.generic(
            operation.method,
            f"/api/v1{operation.at(run_id=run)}",
            data=b"{}",
            content_type=type,
            headers=agent.headers,
        )

        assert problem(response)["code"] == "not_json_type"


@pytest.mark.parametrize(
    "type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"],
)
def test_json_may_be_declared_with_parameters(agent, shop, type):
    response = agent.browser.post(
        "/api/v1/runs",
        data=json.dumps(factories.run_payload()),
        content_type=type,
        headers=agent.headers,
    )

    assert response.status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity", "what"])
def test_an_encoded_body_is_415(agent, shop, encoding):
    response = agent.post("/runs", factories.run_payload(), **{"Content-Encoding": encoding})

    assert problem(response)["code"] == "not_json_type"
    assert not Run.objects.exists()


@pytest.mark.parametrize("size", [2**20 + 1, 3 * 2**20, 6 * 2**20])
def test_a_body_over_the_limit_is_413_and_never_a_page(agent, shop, size):
    response = agent.post("/runs", b'"' + b"a" * (size - 2) + b'"')

    assert problem(response)["code"] == "too_large"


def test_a_body_at_the_limit_is_read(agent, shop):
    body = factories.run_payload(input={"text": ""})
    body["input"]["text"] = "a" * (2**20 - len(json.dumps(body)))

    assert agent.post("/runs", body).status_code == 201


def test_a_checkpoint_larger_than_anything_django_reads_is_413(agent, shop):
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    response = agent.put(f"/runs/{run}/checkpoint", b'"' + b"a" * 6 * 2**20 + b'"')

    assert problem(response)["code"] == "too_large"


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"colour": "red"}, "colour", "There is no such field."),
        ({"external_id": 7}, "external_id", "A text belongs here."),
        ({"external_id": ""}, "external_id", "at least 1 character"),
        ({"external_id": "a" * 301}, "external_id", "at most 300 characters"),
        ({"external_id": "a\nb"}, "external_id", "match pattern"),
        ({"input": []}, "input", "An object belongs here."),
        ({"requester": {"email": "nobody"}}, "requester.email", "match pattern"),
        ({"requester": {"nick": "K"}}, "requester.nick", "There is no such field."),
        ({"task": {"constraints": ["a", 1]}}, "task.constraints.1", "A text belongs here."),
        ({"task": {"risk_tolerance": "huge"}}, "task.risk_tolerance", "'low', 'medium' or 'high'"),
    ],
)
def test_a_wrong_field_is_named_by_its_path_as_it_was_written(agent, shop, changes, path, says):
    refused = problem(agent.post("/runs", factories.run_payload(**changes)))

    assert (refused["status"], refused["code"]) == (422, "bad_shape")
    assert [field["path"] for field in refused["fields"]] == [path]
    assert says in refused["fields"][0]["message"]
    assert not Run.objects.exists()


def test_every_wrong_field_is_named_at_once(agent, shop):
    refused = problem(agent.post("/runs", {"workflow": 1, "input": 2}))

    assert {field["path"] for field in refused["fields"]} == {"workflow", "external_id", "input"}


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b"true"])
@pytest.mark.parametrize("operation", [o for o in with_bodies() if "{" not in o.path], ids=str)
def test_a_body_that_is_no_object_is_422(agent, operation, body):
    assert problem(agent.post(operation.at(), body))["status"] == 422


@pytest.mark.parametrize("key", [b'{"run": "a", "run": "b"}', b'{"a": {"b": 1, "b": 2}}'])
def test_a_duplicate_key_is_422(agent, key):
    assert problem(agent.post("/proposals", key))["status"] == 422


@pytest.mark.parametrize(
    ("limit", "field", "item"),
    [
        (40, "facts", {"label": "L", "value": "v"}),
        (30, "steps", "step"),
    ],
)
def test_a_list_may_be_as_long_as_promised_and_no_longer(agent, shop, limit, field, item):
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    brief = {"ask": "May I?"}
    fits = factories.small_proposal_payload(run, brief=brief | {field: [item] * limit})
    over = factories.small_proposal_payload(run, brief=brief | {field: [item] * (limit + 1)})

    assert agent.post("/proposals", fits).status_code == 200
    assert problem(agent.post("/proposals", over))["fields"][0]["path"] == f"brief.{field}"


@pytest.mark.parametrize(("limit", "field"), [(50, "evidence"), (9, "options")])
def test_named_items_have_a_limit_and_ids_of_their_own(agent, shop, limit, field):
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    extra = {"evidence": {"title": "T"}, "options": {"label": "L"}}[field]
    items = [{"id": f"n{number}", **extra} for number in range(limit + 1)]

    def post(items):
        brief = {"ask": "May I?", field: items}
        return agent.post("/proposals", factories.small_proposal_payload(run, brief=brief))

    assert post(items[:limit]).status_code == 200
    assert problem(post(items))["fields"][0]["path"] == f"brief.{field}"
    assert "stands twice" in problem(post([items[0], items[0]]))["fields"][0]["message"]


def test_a_request_id_of_the_callers_is_told_back_and_a_dangerous_one_replaced(agent):
    kept = agent.get("/nothing", **{"X-Request-Id": "trace-7:a.b_c"})
    replaced = agent.get("/nothing", **{"X-Request-Id": "x" * 101})
    forged = agent.get("/nothing", **{"X-Request-Id": "a b"})
    made = agent.get("/nothing")

    assert kept["X-Request-Id"] == "trace-7:a.b_c"
    for response in (replaced, forged, made):
        assert response["X-Request-Id"].startswith("req_")
        problem(response)


def caused(error: type[Exception], sqlstate: str) -> Exception:
    made = error("no")
    made.__cause__ = psycopg.errors.lookup(sqlstate)("no")
    return made


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (caused(OperationalError, "55P03"), 503, "overloaded"),
        (caused(OperationalError, "57014"), 503, "overloaded"),
        (caused(OperationalError, "53300"), 503, "overloaded"),
        (caused(OperationalError, "40P01"), 503, "overloaded"),
        (InterfaceError("connection already closed"), 503, "overloaded"),
        (caused(IntegrityError, "23505"), 409, "conflict"),
        (caused(DataError, "22001"), 422, "bad_shape"),
        (RuntimeError("a bug"), 500, "internal_error"),
        (KeyError("a bug"), 500, "internal_error"),
    ],
)
@pytest.mark.parametrize("path", ["/runs/x", "/proposals"])
def test_whatever_breaks_is_a_problem_too(agent, monkeypatch, path, error, status, code):
    def broken(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(access, "run", broken)
    monkeypatch.setattr(access, "secret_hash", broken)
    response = agent.post(path, {}) if path == "/proposals" else agent.get(path)

    assert problem(response)["code"] == code
    assert response.status_code == status
    assert response.has_header("Retry-After") == (status == 503)
    assert "a bug" not in response.content.decode()


def test_a_lock_that_takes_too_long_is_503(agent, shop, monkeypatch):
    def waits(*_: Any, **__: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout to '5ms'")
            cursor.execute("select pg_sleep(1)")

    monkeypatch.setattr(access, "workflow", waits)
    response = agent.get("/pressure?workflow=x")

    assert problem(response)["code"] == "overloaded"
    assert response["Retry-After"] == "2"


def test_an_illegal_move_is_counted(agent, shop):
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    agent.post(f"/runs/{run}/complete", {})
    for _ in range(2):
        assert problem(agent.post(f"/runs/{run}/complete", {}))["status"] == 409

    counted = RefusedTransition.objects.get()
    assert (counted.entity, counted.from_state, counted.to_state, counted.times) == (
        "run",
        "COMPLETED",
        "COMPLETED",
        2,
    )


def test_cookies_mean_nothing_to_the_api(mia, shop):
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(mia)
    response = browser.get("/api/v1/pressure?workflow=retail-support")

    assert problem(response)["status"] == 401
    assert not response.cookies


@pytest.mark.parametrize("one", docs.catalogue(), ids=lambda one: one.code)
def test_every_code_has_a_page_that_its_type_leads_to(one):
    page = Browser().get(f"/docs/errors/{problems.slug(one.code)}")

    assert page.status_code == 200
    assert one.code in page.content.decode()


def test_an_agent_with_the_key_of_a_switched_off_client_is_401(agent, bot):
    bot.is_active = False
    bot.save()

    assert problem(agent.get("/pressure?workflow=x"))["status"] == 401
    assert problem(agent.post("/proposals", factories.small_proposal_payload("x")))["status"] == 401


def test_agents_of_two_clients_do_not_see_each_other(agent, shop, mia):
    """Everything that has an id answers 404 to the other, whatever it is."""
    from django.utils import timezone

    from accounts import keys

    other = factories.ClientFactory(name="other")
    stranger = Agent(keys.issue(other, workflows=["*"], by=mia, now=timezone.now()).raw)
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    ruling = agent.post("/proposals", factories.proposal_payload(run)).json()
    handoff = ruling["handoff"]["id"]
    calls = [
        stranger.get(f"/runs/{run}"),
        stranger.get(f"/runs/{run}/checkpoint"),
        stranger.put(f"/runs/{run}/checkpoint", {}),
        stranger.post(f"/runs/{run}/complete", {}),
        stranger.post(f"/runs/{run}/fail", {"error": "x"}),
        stranger.get(f"/handoffs/{handoff}"),
        stranger.get(f"/handoffs/{handoff}?wait=5"),
        stranger.post(f"/handoffs/{handoff}/withdraw", {"reason": "x"}),
        stranger.post(f"/handoffs/{handoff}/information", {"message": "x"}),
        stranger.get(f"/receipts/{handoff}"),
        stranger.post(f"/proposals/{ruling['id']}/outcome", {"status": "done"}),
        stranger.post("/proposals", factories.small_proposal_payload(run)),
        stranger.post("/handoffs", {"run": run, "kind": "exception", "brief": {"ask": "?!a"}}),
    ]

    assert [problem(one)["code"] for one in calls] == ["not_found"] * len(calls)
    assert agent.get(f"/handoffs/{handoff}").json()["state"] == "waiting"


def chunked(agent: Agent, path: str, body: bytes) -> Any:
    """Send a body without saying how long it is, as a server hands it on."""
    return agent.browser.generic(
        "POST",
        f"/api/v1{path}",
        headers=agent.headers | {"Transfer-Encoding": "chunked"},
        **{"wsgi.input": BytesIO(body), "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": ""},
    )


def test_a_body_in_chunks_is_read_and_limited_too(agent, shop):
    taken = chunked(agent, "/runs", json.dumps(factories.run_payload()).encode())
    too_large = chunked(agent, "/runs", b'"' + b"a" * 2**20 + b'"')

    assert taken.status_code == 201
    assert problem(too_large)["code"] == "too_large"


def test_an_answer_says_how_long_it_is_and_an_empty_one_has_no_type(agent, shop):
    told = agent.post("/runs", factories.run_payload())
    nothing = agent.post("/resumptions/claim", {"workflows": ["retail-support"], "worker": "w"})

    assert told["Content-Length"] == str(len(told.content))
    assert not nothing.has_header("Content-Type")
