"""The sweep is killed with -9 at each of its steps; no rung is lost and none fires twice."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import audit, failpoints, ladder
from handoffs.models import (
    Answer,
    AuditEntry,
    Handoff,
    OutboxMessage,
    QueueDepth,
    Resumption,
    Rung,
    Transition,
    Workflow,
)
from tests import factories, walks
from tests.database import Databases
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.flows.test_crashes import PROCESS

pytestmark = pytest.mark.slow

STEPS = [
    step
    for step in failpoints.names_in(ROOT / "handoffs")
    if PROCESS[step.split(".")[0]] == "sweeper"
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_every_rung_fires_once(
    step: str,
    committed_db: Databases,
    shop: factories.Shop,
    bot: Client,
    bot_key: str,
    mia: User,
    tmp_path: Path,
) -> None:
    Workflow.objects.update(owner=mia)
    near, climbs, refused, held, fails = (walks.waiting(shop, bot, bot_key) for _ in range(5))
    soon = timezone.now() + timedelta(minutes=5)
    Handoff.objects.filter(id=near.id).update(
        urgent_at=timezone.now(), next_at=timezone.now(), deadline_at=soon
    )
    walks.overdue(climbs)
    walks.overdue(refused, ladder=[])
    walks.overdue(held, ladder=[], fallback="hold")
    walks.overdue(fails, ladder=[], fallback="fail")
    mark = tmp_path / "reached"

    sweeper = Program(
        "sweeper", armed={"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)}
    )
    try:
        processes.until(sweeper.ended)
    finally:
        sweeper.end()

    assert sweeper.deaths == 1 and mark.exists(), f"nothing ever comes to {step}"
    assert ladder.fire_overdue() == 0
    fired = Rung.objects.values_list("handoff_id", "rung", "outcome")
    assert Counter(fired) == {
        (near.id, "urgent", "urgent"): 1,
        (climbs.id, "deadline", "climbed"): 1,
        (refused.id, "deadline", "reject"): 1,
        (held.id, "deadline", "held"): 1,
        (fails.id, "deadline", "failed"): 1,
    }
    told = Counter(AuditEntry.objects.values_list("action", "subject"))
    assert told["handoff.escalated", climbs.id] == told["handoff.held", held.id] == 1
    assert told["handoff.became_urgent", near.id] == told["run.timed_out", fails.run_id] == 1
    assert OutboxMessage.objects.filter(event="handoff.held").count() == 1
    assert (Answer.objects.count(), Resumption.objects.count()) == (1, 1)
    ended = Transition.objects.filter(to_state="TIMED_OUT").values_list("run_id", flat=True)
    assert sorted(ended) == sorted(one.run_id for one in (climbs, refused, held, fails))
    for queue in (shop.queue, shop.leads_queue):
        counted = sum(QueueDepth.objects.filter(queue=queue).values_list("waiting", flat=True))
        assert counted == Handoff.objects.filter(queue=queue, state="waiting").count()
    assert audit.verify().broken == ""
