"""Generated requests against every operation: nothing but what the document says comes back."""

from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.specs.openapi import checks

from config.api import api
from config.wsgi import application
from tests import factories
from tests.contracts import operations

pytestmark = pytest.mark.slow
EXAMPLES = 15
EXCLUDED = [
    # what is well-formed may still be refused: unknown action types, facts that are missing
    checks.positive_data_acceptance,
    # every request goes out with the good key; that others get 401 is in test_errors
    checks.ignored_auth,
]

schema = schemathesis.openapi.from_dict(dict(api.get_openapi_schema()))
schema.app = application


@pytest.fixture
def real(committed_db, agent, shop) -> dict[str, str]:
    """Ids of things that are there, so that generated requests get past the first door."""
    run = agent.post("/runs", factories.run_payload()).json()["id"]
    ruling = agent.post("/proposals", factories.proposal_payload(run)).json()
    return {"run_id": run, "proposal_id": ruling["id"], "handoff_id": ruling["handoff"]["id"]}


def operation_of(operation_id: str) -> Any:
    [found] = schema.include(operation_id=operation_id).get_all_operations()
    return found.ok()


@pytest.mark.parametrize("operation_id", [one.id for one in operations.all_operations()])
def test_every_answer_is_one_that_the_document_gives(
    operation_id: str, committed_db, real, bot_key, shop
) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def ask(case: Any) -> None:
        _point_at_what_is_there(case, real)
        response = case.call(headers={"Authorization": f"Bearer {bot_key}"})

        assert response.status_code < 500, response.text
        case.validate_response(response, excluded_checks=EXCLUDED)

    # here and not by schema.parametrize(), with which every worker would make every case
    modes = list(HypothesisTestMode)
    config = HypothesisTestConfig(project=schema.config, modes=modes)
    create_test(operation=operation_of(operation_id), test_func=ask, config=config)()


def _point_at_what_is_there(case: Any, real: dict[str, str]) -> None:
    """Half of the generated requests name real things, the other half whatever was generated."""
    if case.meta and case.meta.generation.mode.is_negative:
        return
    for name in case.path_parameters or {}:
        if name in real:
            case.path_parameters[name] = real[name]
        elif name == "workflow":
            case.path_parameters[name] = "retail-support"
    if isinstance(case.body, dict) and "run" in case.body:
        case.body["run"] = real["run_id"]
