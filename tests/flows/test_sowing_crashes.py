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
    assert len(SOWN) >= 3 and len(CLOSED) == 2
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
    meet(COHORT, range(6), 4, missed=4)
    releases.close(now=datetime(2026, 11, 21, tzinfo=UTC))
    small = [f"retail-support / {name}" for name in "abc"]
    for number, cohort in enumerate(small):
        meet(cohort, range(10 * number, 10 * number + 4), 3, missed=1)
        Chart.objects.create(
            cohort=cohort, workflow="retail-support", team=cohort[-1], begun_on="2026-08-31"
        )
    monday, mark = datetime(2026, 11, 23, 1, tzinfo=UTC), tmp_path / "reached"

    program = run("closer", monday.isoformat(), step=step, mark=mark)

    assert program.deaths == 1 and mark.exists()
    # one of them by itself, three together
    assert sorted(Tally.objects.values_list("tests", "caught")) == [(24, 20), (36, 33)]
    assert set(Chart.objects.values_list("looked_on", flat=True)) == {monday.date()}
    with transaction.atomic():
        assert [sealed.take(one).tests for one in (COHORT, *small)] == [0, 0, 0, 0]


@transaction.atomic
def meet(cohort: str, people: range, each: int, *, missed: int) -> None:
    kind = telling.key("wrong amount", "easy", "wrongly allows")
    lot = sealed.take(cohort)
    for number, person in enumerate(one for one in people for _ in range(each)):
        lot = lots.add(lot, person=person, kind=kind, caught=number >= missed)
    sealed.write(cohort, lot)
