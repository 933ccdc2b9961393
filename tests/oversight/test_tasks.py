"""What the clock calls here: known by fixed names, and each calls one operation."""

import pytest

from config.celery import app
from oversight.blind_tests import certificates, releases, sowing
from oversight.counted import days
from oversight.queues import counting, figures
from oversight.watch import alarms

TASKS = {
    "oversight.count_queues": (counting, "count"),
    "oversight.count_days": (days, "count"),
    "oversight.look_for_alarms": (alarms, "look"),
    "oversight.measure_queues": (figures, "measure"),
    "oversight.renew_certificates": (certificates, "renew_due"),
    "oversight.forget": (counting, "forget"),
    "oversight.sow": (sowing, "sow"),
    "oversight.close_lots": (releases, "close"),
}


@pytest.fixture(autouse=True)
def _tasks_are_known() -> None:
    app.loader.import_default_modules()


@pytest.mark.parametrize("name", TASKS)
def test_the_clock_knows_each_task_and_each_calls_one_operation(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, operation = TASKS[name]
    calls = []
    monkeypatch.setattr(module, operation, lambda **given: calls.append(given))

    app.tasks[name](something_that_was_once_sent=True)

    assert len(calls) == 1
    assert name in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_every_task_of_oversight_is_listed_here() -> None:
    assert {name for name in app.tasks if name.startswith("oversight.")} == set(TASKS)
