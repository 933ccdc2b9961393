"""What lets tests in and what tells them are killed with -9 at each step: each happens once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import transaction

from accounts.models import Client, User
from handoffs import failpoints
from handoffs.models import Handoff, Run
from handoffs.states import HandoffState
from oversight.blind_tests import cohorts, releases, telling
from oversight.models import Chart, SpentPair, Sprout, Tally
from reviews import lots, sealed
from reviews.models import Plant
from tests import factories
from tests.database import Databases
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.oversight import sown

pytestmark = pytest.mark.slow

STEPS = failpoints.names_in(ROOT / "oversight")
SOWN = [step for step in STEPS if step.startswith("sowing.")]
CLOSED = [step for step in STEPS if step.startswith("releases.")]
COHORT = "retail-support / refund approvers"


def run(program: str, *arguments: str, step: str, mark: Path) -> Program:
    armed = {"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)}
    found = Program(program, *arguments, armed=armed)
    try:
        processes.until(found.ended)
    finally:
        found.end()
    return found


def test_every_step_is_killed_somewhere_here() -> None:
    assert len(SOWN) >= 3 and len(CLOSED) == 1
    assert set(SOWN) | set(CLOSED) == set(STEPS)


@pytest.mark.parametrize("step", SOWN)
def test_killed_at_each_step_one_test_comes_in_and_goes(
    step: str,
    committed_db: Databases,
    shop: factories.Shop,
    bot: Client,
    bot_key: str,
    mia: User,
    ann: User,
    tmp_path: Path,
) -> None:
    desk = sown.desk(shop, bot, bot_key, owner=mia, reviewer=ann)
    desk.review(10)
    desk.never_busy()
    cohorts.count(now=sown.now())
    mark = tmp_path / "reached"

    program = run("sower", "1", step=step, mark=mark)

    assert program.deaths == 1 and mark.exists(), f"nothing ever comes to {step}"
    plant = Plant.objects.get()
    assert plant.ended and not Sprout.objects.exists()
    assert SpentPair.objects.count() == 1
    house = Run.objects.filter(client__stands_for__isnull=False)
    assert [one.id for one in house] == [plant.run_id]
    assert Handoff.objects.get(run__in=house).state == HandoffState.WITHDRAWN.value


@pytest.mark.parametrize("step", CLOSED)
def test_killed_as_it_is_told_a_week_is_told_once_and_whole(
    step: str, committed_db: Databases, tmp_path: Path
) -> None:
    kind = telling.key("wrong amount", "easy", "wrongly allows")
    with transaction.atomic():
        lot = sealed.take(COHORT)
        for number in range(24):
            lot = lots.add(lot, person=number % 6, kind=kind, caught=number > 3)
        sealed.write(COHORT, lot)
    releases.close(now=datetime(2026, 11, 21, tzinfo=UTC))
    monday, mark = datetime(2026, 11, 23, 1, tzinfo=UTC), tmp_path / "reached"

    program = run("closer", monday.isoformat(), step=step, mark=mark)

    assert program.deaths == 1 and mark.exists()
    assert list(Tally.objects.values_list("tests", "caught")) == [(24, 20)]
    assert Chart.objects.get().looked_on == monday.date()
    with transaction.atomic():
        assert sealed.take(COHORT).tests == 0
