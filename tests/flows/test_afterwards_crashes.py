"""What watches actions after the fact is killed with -9; nothing is lost and nobody asked twice."""

from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Client
from handoffs import detection, failpoints
from handoffs.models import ActionHistory, Finding, Handoff
from tests import factories, walks
from tests.database import Databases
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.flows.test_crashes import PROCESS
from tests.handoffs.afterwards import ODD, USUAL, drawn, stored

pytestmark = pytest.mark.slow

STEPS = [
    step
    for step in failpoints.names_in(ROOT / "handoffs")
    if PROCESS[step.split(".")[0]] == "watcher"
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_everything_is_asked_about_once(
    step: str,
    committed_db: Databases,
    shop: factories.Shop,
    bot: Client,
    bot_key: str,
    tmp_path: Path,
) -> None:
    run = walks.start_run(shop, bot)
    for _ in range(300):
        stored(run, USUAL, ago=7200)
    detection.look(now=timezone.now())
    odd = stored(run, ODD)
    sampled = drawn(shop, bot, bot_key)
    mark = tmp_path / "reached"

    watcher = Program(
        "watcher", armed={"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)}
    )
    try:
        processes.until(watcher.ended)
    finally:
        watcher.end()

    assert watcher.deaths == 1 and mark.exists(), f"nothing ever comes to {step}"
    asked = Handoff.objects.order_by("kind").values_list("kind", "proposal_id")
    assert list(asked) == [("audit", sampled.id), ("exception", odd)]
    assert ActionHistory.objects.get(action_type="cancel_order").total == 301
    assert Finding.objects.count() == 1
