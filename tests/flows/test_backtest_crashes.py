"""Processes that work on a backtest are killed with -9; the next one ends it, and right."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Client, User
from governance import backtests
from governance.models import Backtest, BacktestChunk
from handoffs import failpoints
from handoffs.actors import SYSTEM
from handoffs.models import RiskTierMap
from tests import factories
from tests.database import Databases
from tests.flows import processes
from tests.flows.processes import ROOT, Program
from tests.governance import history
from tests.governance.history import START

pytestmark = pytest.mark.slow

STEPS = failpoints.names_in(ROOT / "governance")


@pytest.fixture
def draft(committed_db: Databases, shop: factories.Shop) -> RiskTierMap:
    history.add_type(shop)
    return RiskTierMap.objects.create(workflow=shop.workflow, version=2, body=history.draft_body())


def ask(draft: RiskTierMap, mia: User) -> Backtest:
    return backtests.over_period(
        draft,
        since=START,
        until=START + timedelta(days=7),
        by=SYSTEM,
        user=mia,
        now=timezone.now(),
    )


def worked_off(*armed: dict[str, str]) -> int:
    """Let one process for each work until all is done; return how often one was killed."""
    programs = [Program("flyer", armed=one) for one in armed]
    try:
        for program in programs:
            processes.until(program.ended)
    finally:
        for program in programs:
            program.end()
    return sum(program.deaths for program in programs)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_each_step_it_ends_as_if_nothing_had_been(
    step: str, draft: RiskTierMap, shop: factories.Shop, bot: Client, mia: User, tmp_path: Path
) -> None:
    # enough for several saves, a page of 500 each
    history.record(shop, bot, 3000, every=timedelta(seconds=60))
    backtest = ask(draft, mia)
    mark = tmp_path / "reached"

    deaths = worked_off({"OVERREAD_FAILPOINT": step, "OVERREAD_FAILPOINT_MARK": str(mark)})

    backtest.refresh_from_db()
    assert deaths == 1 and mark.exists()
    assert (backtest.state, backtest.progress) == ("done", 3000), backtest.why
    assert sum(row["count"] for row in backtest.result["tiers"]) == 3000


def test_two_workers_and_two_jobs_count_everything_once(
    draft: RiskTierMap, shop: factories.Shop, bot: Client, mia: User
) -> None:
    history.record(shop, bot, 3000, every=timedelta(seconds=60))
    period = ask(draft, mia)
    file = backtests.File("f.jsonl", lambda: [history.jsonl(history.lines(2000))])
    upload = backtests.over_file(
        draft, proposals=file, truth=None, by=SYSTEM, user=mia, now=timezone.now()
    )

    worked_off({}, {})

    for backtest, count in ((period, 3000), (upload, 2000)):
        backtest.refresh_from_db()
        assert (backtest.state, backtest.result["proposals"]) == ("done", count)
    assert not BacktestChunk.objects.exists()
