"""A reviewer's process is killed with -9 around a commit; it is judged once, and then decided."""

from pathlib import Path

import pytest

from accounts.models import Client, User
from handoffs import failpoints
from handoffs.models import AuditEntry
from reviews.models import Decision, Judgement
from tests import factories
from tests.database import Databases
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.flows.test_crashes import PROCESS
from tests.reviews.judging import WITHHOLD
from tests.reviews.waiting import put

pytestmark = pytest.mark.slow
STEPS = [
    step for step in failpoints.names_in(ROOT / "reviews") if PROCESS[step.split(".")[0]] == "judge"
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_around_a_commit_it_is_judged_once(
    step: str,
    committed_db: Databases,
    shop: factories.Shop,
    bot: Client,
    ann: User,
    tmp_path: Path,
) -> None:
    seated = {"seats": [shop.team.name]} if step.startswith("seats.") else {"undo_seconds": 0}
    put(shop, bot, safeguards={**WITHHOLD, **seated})
    mark = tmp_path / "reached"

    judge = Program(
        "judge",
        ann.email,
        armed={"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)},
    )
    try:
        processes.until(judge.ended)
    finally:
        judge.end()

    assert judge.deaths == 1 and mark.exists(), f"nothing ever comes to {step}"
    judgement = Judgement.objects.get()
    assert (judgement.verb, judgement.confidence, judgement.informed) == ("reject", 4, False)
    assert AuditEntry.objects.filter(action="handoff.judged").count() == 1
    decision = Decision.objects.get()
    assert (decision.judgement, decision.changed_after_reveal) == (judgement, True)
