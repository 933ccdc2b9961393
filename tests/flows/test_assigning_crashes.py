"""What assigns work is killed with -9; everything is given once, to somebody with room for it."""

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Client, User
from handoffs import failpoints
from handoffs.models import AuditEntry, Queue
from reviews import assigning
from reviews.models import Claim
from tests import factories
from tests.database import Databases
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.flows.test_crashes import role_of
from tests.reviews.waiting import put

pytestmark = pytest.mark.slow

STEPS = [step for step in failpoints.names_in(ROOT / "reviews") if role_of(step) == "assigner"]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_everything_is_given_once(
    step: str,
    committed_db: Databases,
    shop: factories.Shop,
    bot: Client,
    ann: User,
    ben: User,
    tmp_path: Path,
) -> None:
    Queue.objects.filter(pk=shop.queue.pk).update(mode="push")
    ids = {put(shop, bot).id for _ in range(4)}
    for person in (ann, ben):
        assigning.note_here(person, now=timezone.now())
    mark = tmp_path / "reached"

    assigner = Program(
        "assigner", armed={"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)}
    )
    try:
        processes.until(assigner.ended)
    finally:
        assigner.end()

    assert assigner.deaths == 1 and mark.exists(), f"nothing ever comes to {step}"
    claims = Claim.objects.filter(assigned=True, ended_at=None)
    assert sorted(claims.values_list("handoff_id", flat=True)) == sorted(ids)
    assert Counter(claims.values_list("reviewer_id", flat=True)) == {ann.pk: 2, ben.pk: 2}
    noted = AuditEntry.objects.filter(action="handoff.assigned").values_list("subject", flat=True)
    assert sorted(noted) == sorted(ids)
