"""The document is the truth: checked in, complete, and readable as a page."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client as Browser

from config import docs
from tests.contracts.operations import all_operations, document

CHECKED_IN = Path(__file__).parent.parent.parent / "docs/api/openapi.json"
OPERATIONS = all_operations()
# what the contract promises, method and address
PROMISED = {
    "POST /api/v1/runs",
    "GET /api/v1/runs/{run_id}",
    "PUT /api/v1/runs/{run_id}/checkpoint",
    "POST /api/v1/runs/{run_id}/complete",
    "POST /api/v1/runs/{run_id}/fail",
    "POST /api/v1/proposals",
    "POST /api/v1/proposals/dry-run",
    "POST /api/v1/proposals/batch",
    "POST /api/v1/proposals/{proposal_id}/outcome",
    "POST /api/v1/handoffs",
    "GET /api/v1/handoffs/{handoff_id}",
    "POST /api/v1/handoffs/{handoff_id}/information",
    "POST /api/v1/handoffs/{handoff_id}/withdraw",
    "POST /api/v1/resumptions/claim",
    "POST /api/v1/resumptions/{resumption_id}/heartbeat",
    "POST /api/v1/resumptions/{resumption_id}/acknowledge",
    "POST /api/v1/resumptions/{resumption_id}/release",
    "GET /api/v1/pressure",
    "GET /api/v1/governance",
    "GET /api/v1/maps/{workflow}",
    "GET /api/v1/receipts/{handoff_id}",
}


def test_the_document_is_the_one_that_is_checked_in():
    """A change of contract is a line in the diff: `python -m config.written` writes it."""
    assert CHECKED_IN.read_text() == docs.document_text()


def test_everything_promised_is_there():
    assert {f"{one.method} {one.path}" for one in OPERATIONS} >= PROMISED


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_documents_every_status_it_can_give(operation):
    statuses = {int(status) for status in operation.details["responses"]}

    assert statuses >= {401, 503}
    if operation.has_body:
        assert statuses >= {400, 413, 415, 422}
    if "{" in operation.path:
        assert statuses >= {403, 404}
    if operation.method == "POST":
        assert statuses >= {409}
    assert operation.details["security"] == [{"AgentKey": []}]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_refusal_is_documented_as_a_problem_with_its_codes(operation):
    for status, response in operation.details["responses"].items():
        assert "X-Request-Id" in response["headers"]
        if int(status) >= 400:
            assert list(response["content"]) == ["application/problem+json"]
            assert response["x-codes"]
        if int(status) in (429, 503):
            assert "Retry-After" in response["headers"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_post_takes_an_idempotency_key(operation):
    names = {one["name"] for one in operation.details["parameters"]}

    assert ("Idempotency-Key" in names) == (operation.method == "POST")
    assert ("If-Match" in names) == (operation.method == "PUT")


def test_every_reference_leads_somewhere():
    text = json.dumps(document())
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))

    assert named <= set(document()["components"]["schemas"])


def test_every_shape_that_is_sent_refuses_unknown_fields():
    for name, schema in document()["components"]["schemas"].items():
        if name.endswith("In") or name in {"Brief", "Fact", "Evidence", "Option", "Task"}:
            assert schema["additionalProperties"] is False, name


@pytest.mark.django_db
def test_people_and_keys_may_read_the_document_and_others_not(agent, ann):
    browser = Browser()
    stranger = browser.get("/api/v1/openapi.json")
    browser.force_login(ann)

    assert stranger.status_code == 401
    assert stranger["Content-Type"] == "application/problem+json"
    assert agent.get("/openapi.json").json() == browser.get("/api/v1/openapi.json").json()
    assert agent.get("/openapi.json").json()["openapi"].startswith("3.1")


@pytest.mark.django_db
def test_the_document_is_also_a_page_without_scripts(agent, ann):
    browser = Browser()
    stranger = browser.get("/api/v1/docs")
    browser.force_login(ann)
    page = browser.get("/api/v1/docs")

    assert stranger.status_code == 302
    assert stranger["Location"].startswith("/accounts/login/")
    assert page.status_code == agent.get("/docs").status_code == 200
    text = page.content.decode()
    assert all(f"{one.method} {one.path}" in text for one in OPERATIONS)
    assert "script-src" in page["Content-Security-Policy"]
    assert "https://cdn" not in text


def test_the_errors_page_lists_every_code():
    page = (CHECKED_IN.parent / "errors.md").read_text()

    assert page == docs.errors_page()
    assert all(f"`{one.code}`" in page for one in docs.catalogue())
