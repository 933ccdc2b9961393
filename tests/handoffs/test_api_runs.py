"""Runs over HTTP: start, look, checkpoint, complete, fail."""

import json

import pytest

from handoffs.models import Checkpoint, Run
from tests import factories
from tests.people import Agent

pytestmark = pytest.mark.django_db


def start(agent: Agent, **changes: object) -> dict:
    response = agent.post("/runs", factories.run_payload(**changes))
    assert response.status_code == 201, response.content
    return response.json()


def test_a_run_starts_running_with_its_first_transition(agent, shop):
    run = start(agent)

    assert run["state"] == "RUNNING"
    assert run["workflow"] == "retail-support"
    assert run["open_handoffs"] == []
    assert run["checkpoint_version"] is None
    assert [(one["from_state"], one["to_state"]) for one in run["transitions"]] == [("", "RUNNING")]
    assert run["transitions"][0]["by"] == {"kind": "client", "name": "bot"}
    assert "/status/" in run["status_url"]
    assert "/wait/" in run["wait_url"]


def test_the_same_external_id_is_the_same_run(agent, shop):
    first = start(agent, external_id="ticket-1")
    again = agent.post("/runs", factories.run_payload(external_id="ticket-1"))

    assert again.status_code == 200
    assert again.json()["id"] == first["id"]
    assert Run.objects.count() == 1


def test_a_run_reads_back_and_is_not_sent_twice(agent, shop):
    run = start(agent)
    read = agent.get(f"/runs/{run['id']}")
    again = agent.get(f"/runs/{run['id']}", **{"If-None-Match": read["ETag"]})

    assert read.json()["id"] == run["id"]
    assert again.status_code == 304
    assert again.content == b""


def test_a_checkpoint_is_kept_as_the_very_text_that_was_sent(agent, shop):
    run = start(agent)
    text = b'{"b": 1.50, "a": ["\\u00e9", null]}'
    saved = agent.put(f"/runs/{run['id']}/checkpoint", text)
    read = agent.get(f"/runs/{run['id']}/checkpoint")

    assert saved.json() == {"version": 1}
    assert saved["ETag"] == '"1"'
    assert read.content == text
    assert read["ETag"] == '"1"'


def test_a_checkpoint_of_another_version_is_not_overwritten(agent, shop):
    path = f"/runs/{start(agent)['id']}/checkpoint"
    agent.put(path, {"step": 1})
    late = agent.put(path, {"step": 9}, **{"If-Match": '"0"'})
    fresh = agent.put(path, {"step": 2}, **{"If-Match": '"1"'})

    assert late.status_code == 412
    assert late.json()["code"] == "checkpoint_conflict"
    assert fresh.json() == {"version": 2}
    assert json.loads(Checkpoint.objects.get().body) == {"step": 2}


@pytest.mark.parametrize("value", ["x", '"x"', "1.5", "-1", "1,2"])
def test_an_if_match_that_is_no_version_is_refused(agent, shop, value):
    refused = agent.put(f"/runs/{start(agent)['id']}/checkpoint", {}, **{"If-Match": value})

    assert refused.status_code == 422
    assert refused.json()["fields"][0]["path"] == "If-Match"
    assert not Checkpoint.objects.exists()


def test_a_checkpoint_may_be_four_times_a_body_and_no_larger(agent, shop):
    path = f"/runs/{start(agent)['id']}/checkpoint"
    fits = agent.put(path, b'"' + b"a" * (4 * 2**20 - 2) + b'"')
    too_large = agent.put(path, b'"' + b"a" * (4 * 2**20) + b'"')

    assert fits.status_code == 200
    assert too_large.status_code == 413
    assert too_large.json()["code"] == "too_large"
    assert Checkpoint.objects.get().version == 1


@pytest.mark.parametrize("body", [b"{not json", b'{"a": 1, "a": 2}', b"", b'{"a": NaN}'])
def test_a_malformed_checkpoint_is_refused_and_the_old_one_stays(agent, shop, body):
    path = f"/runs/{start(agent)['id']}/checkpoint"
    agent.put(path, {"step": 1})
    refused = agent.put(path, body)

    assert refused.status_code in (400, 415, 422)
    assert json.loads(Checkpoint.objects.get().body) == {"step": 1}


def test_a_completed_run_keeps_its_output_and_takes_nothing_more(agent, shop):
    run = start(agent)
    ended = agent.post(f"/runs/{run['id']}/complete", {"output": {"refunded": True}})
    again = agent.post(f"/runs/{run['id']}/complete", {})

    assert ended.json()["state"] == "COMPLETED"
    assert Run.objects.get().output == {"refunded": True}
    assert again.status_code == 409
    assert again.json()["code"] == "illegal_transition"


def test_a_failed_run_keeps_what_was_done_and_what_was_next(agent, shop):
    run = start(agent)
    failed = agent.post(
        f"/runs/{run['id']}/fail",
        {"error": "The tool is down", "partial": {"a": 1}, "next_step": "Try the other tool"},
    )

    assert failed.status_code == 200
    kept = Run.objects.get()
    assert (kept.error, kept.partial, kept.next_step) == (
        "The tool is down",
        {"a": 1},
        "Try the other tool",
    )


def test_an_unknown_workflow_is_not_found_and_an_unlaunched_one_refused(agent, shop):
    factories.WorkflowFactory(slug="draft")
    unknown = agent.post("/runs", factories.run_payload(workflow="nowhere"))
    unlaunched = agent.post("/runs", factories.run_payload(workflow="draft"))

    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert (unlaunched.status_code, unlaunched.json()["code"]) == (409, "not_launched")
    assert not Run.objects.exists()


def test_an_external_id_may_be_as_long_as_recorded_traffic_has_them(agent, shop):
    run = start(agent, external_id="x" * 300)

    assert agent.get(f"/runs/{run['id']}").json()["external_id"] == "x" * 300


def test_an_external_id_of_another_clients_run_leads_nowhere(agent, shop, mia):
    """An external id of someone else's run is not told about."""
    from django.utils import timezone

    from accounts import keys

    start(agent, external_id="shared")
    other = factories.ClientFactory(name="other")
    stranger = Agent(keys.issue(other, workflows=["*"], by=mia, now=timezone.now()).raw)
    refused = stranger.post("/runs", factories.run_payload(external_id="shared"))

    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "/etc/localtime", ""])
def test_a_time_zone_that_is_none_is_refused(agent, shop, zone):
    refused = agent.post("/runs", factories.run_payload(requester={"time_zone": zone}))

    assert (refused.status_code, refused.json()["code"]) == (422, "bad_shape")
    assert not Run.objects.exists()


def test_the_clock_of_the_requester_is_kept(agent, shop):
    start(agent, requester={"locale": "de", "time_zone": "Europe/Berlin"})

    assert Run.objects.get().requester == {"locale": "de", "time_zone": "Europe/Berlin"}
