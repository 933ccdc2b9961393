"""S6: no field that we only tell can be set, at any level of any body."""

import pytest

from tests import factories
from tests.contracts.operations import document, with_bodies
from tests.contracts.test_errors import problem

pytestmark = pytest.mark.django_db
SCHEMAS = document()["components"]["schemas"]
TOLD = sorted(
    {
        name
        for shape, schema in SCHEMAS.items()
        if shape.endswith("Out")
        for name in schema["properties"]
    }
)
OPERATIONS = [one for one in with_bodies() if "$ref" in one.body]


def shape_of(operation) -> str:
    return operation.body["$ref"].rsplit("/", 1)[-1]


def test_the_fields_to_try_come_from_the_document():
    assert {"id", "state", "owner", "receipt", "tier", "deadline_at", "status"} <= set(TOLD)
    assert len(OPERATIONS) > 10


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_field_that_is_only_told_cannot_be_sent(agent, shop, operation):
    taken = set(SCHEMAS[shape_of(operation)]["properties"])
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    for name in [name for name in TOLD if name not in taken]:
        refused = problem(agent.post(operation.at(run_id=run), {name: "x"}))

        assert refused["status"] == 422
        assert {"path": name, "message": "There is no such field."} in refused["fields"]


@pytest.mark.parametrize(
    "shape", sorted(name for name in SCHEMAS if "additionalProperties" in SCHEMAS[name])
)
def test_every_shape_that_is_sent_is_closed(shape):
    assert SCHEMAS[shape]["additionalProperties"] is False


@pytest.mark.parametrize("within", ["brief", "signals"])
def test_nor_below_the_top(agent, shop, within):
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    taken = set(SCHEMAS[{"brief": "Brief", "signals": "SignalsIn"}[within]]["properties"])
    for name in [name for name in TOLD if name not in taken]:
        body = factories.small_proposal_payload(run, **{within: {name: "x"}})

        assert problem(agent.post("/proposals", body))["fields"][0]["path"] == f"{within}.{name}"
