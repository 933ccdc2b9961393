"""Bodies that careless readers take, mangle or die of, at every door that takes a body."""

import json
from typing import Any

import pytest

from handoffs.models import (
    AuditEntry,
    Checkpoint,
    Handoff,
    IdempotencyRecord,
    Proposal,
    Run,
    Transition,
)
from tests import factories
from tests.contracts.operations import with_bodies
from tests.contracts.test_errors import problem
from tests.hostile_json import HARMLESS, HOSTILE

pytestmark = pytest.mark.django_db
TABLES = (AuditEntry, Checkpoint, Handoff, IdempotencyRecord, Proposal, Run, Transition)
UNTYPED_BODY = "save_checkpoint"


def stored() -> list[int]:
    return [table.objects.count() for table in TABLES]


@pytest.fixture
def run(agent, shop) -> str:
    return agent.post("/runs", factories.run_payload()).json()["id"]


@pytest.mark.slow
@pytest.mark.parametrize("operation", with_bodies(), ids=str)
def test_a_hostile_body_is_a_problem_and_leaves_nothing_behind(agent, run, operation):
    """Also under a key: what was refused may be mended and sent again under the same one."""
    before = stored()
    send = {"POST": agent.post, "PUT": agent.put}[operation.method]
    for name, body, statuses in HOSTILE:
        if operation.id == UNTYPED_BODY and name == "3 MB":
            continue
        if not body:
            continue
        response = send(operation.at(run_id=run), body, **{"Idempotency-Key": "hostile"})

        assert response.status_code in statuses, (name, response.content)
        problem(response)
    assert stored() == before


# one hostile value, put where a value of the agent's own may stand
VALUES: list[tuple[str, str]] = [
    ("NaN", "NaN"),
    ("Infinity", "-Infinity"),
    ("too large", "1e999"),
    ("beyond a double", "9007199254740993"),
    ("many digits", "9" * 5000),
    ("NUL", '"a\\u0000b"'),
    ("NUL in a key", '{"a\\u0000": 1}'),
    ("half a character", '"\\ud800"'),
    ("half a character in a key", '{"\\udfff": 1}'),
    ("duplicate keys", '{"a": 1, "a": 2}'),
    ("too deep", "[" * 40 + "]" * 40),
]
PLACES: list[tuple[str, str]] = [
    ("input", '{{"workflow": "retail-support", "external_id": "h", "input": {{"x": {0}}}}}'),
    ("arguments", '{{"run": "{run}", "action_type": "cancel_order", "arguments": {{"x": {0}}}}}'),
    (
        "values",
        '{{"run": "{run}", "action_type": "cancel_order", "arguments": {{"order_id": "a"}},'
        ' "signals": {{"values": {{"x": {0}}}}}}}',
    ),
    (
        "checkpoint",
        '{{"run": "{run}", "action_type": "cancel_order", "arguments": {{"order_id": "a"}},'
        ' "checkpoint": {0}}}',
    ),
    (
        "preconditions",
        '{{"run": "{run}", "action_type": "cancel_order", "arguments": {{"order_id": "a"}},'
        ' "preconditions": [{{"name": "x", "value": {0}}}]}}',
    ),
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[0])
def test_a_hostile_value_in_free_json_is_refused_where_it_stands(agent, run, place):
    before = stored()
    path = "/runs" if place[0] == "input" else "/proposals"
    for name, value in VALUES:
        response = agent.post(path, place[1].format(value, run=run).encode())

        assert response.status_code in (400, 422), (name, response.content)
        problem(response)
    assert stored() == before


@pytest.mark.parametrize("name,value", VALUES, ids=[name for name, _ in VALUES])
def test_a_hostile_checkpoint_is_refused(agent, run, name, value):
    problem(agent.put(f"/runs/{run}/checkpoint", value.encode()))

    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case[0])
def test_what_only_looks_hostile_is_kept_as_it_is(agent, run, case):
    _, body, _ = case
    saved = agent.put(f"/runs/{run}/checkpoint", body)

    assert saved.status_code == 200, saved.content
    assert agent.get(f"/runs/{run}/checkpoint").content == body


ODD_TEXTS = [
    "\u202eright to left",
    "zero\u200bwidth",
    "\U000e0041tags",
    "emoji 😀",
    "a" * 200,
    "' or 1=1 --",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "line\nbreak\ttab",
    "%s %(x)s {0}",
    "\x7f\x01",
]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_text_goes_through_unchanged(agent, run, text):
    """What is odd but can be kept is kept: pages make it harmless, not the intake."""
    arguments = {"order_id": text}
    response = agent.post("/proposals", factories.small_proposal_payload(run, arguments=arguments))

    assert response.status_code == 200, response.content
    assert json.loads(Proposal.objects.get().arguments) == arguments


@pytest.mark.parametrize(
    "change",
    [
        {"blocking": "true"},
        {"blocking": 1},
        {"signals": {"confidence": "0.9"}},
        {"signals": {"confidence": True}},
        {"signals": {"confidence": 1.01}},
        {"signals": {"risk_score": -0.01}},
        {"signals": {"retries": 1.5}},
        {"signals": {"retries": "1"}},
        {"signals": {"flags": "legal_threat"}},
        {"signals": {"flags": [1]}},
        {"signals": {"unheard_of": 1}},
        {"arguments": []},
        {"arguments": None},
        {"run": None},
        {"run": 7},
        {"action_type": ["cancel_order"]},
        {"brief": "please"},
        {"brief": {"ask": 7}},
        {"brief": {"ask": " "}},
        {"brief": {"evidence": [{"id": "a b/c", "title": "t"}]}},
        {"brief": {"evidence": [{"id": "a", "title": "t", "url": "javascript:alert(1)"}]}},
        {"brief": {"evidence": [{"id": "a", "title": "t", "must_open": "yes"}]}},
        {"brief": {"confidence": {"value": 2}}},
        {"brief": {"on_answer": {"Approve!": "x"}}},
        {"preconditions": [{"value": 1}]},
        {"preconditions": {"name": "x"}},
    ],
    ids=json.dumps,
)
def test_a_value_of_another_type_is_never_bent_to_fit(agent, run, change):
    before = stored()
    refused: Any = agent.post("/proposals", factories.small_proposal_payload(run) | change)

    assert problem(refused)["status"] == 422
    assert problem(refused)["fields"][0]["path"].startswith(next(iter(change)))
    assert stored() == before
