"""A manager tries a draft on the history: starts, watches, cancels, reads, follows an example."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Client, User
from governance import backtests, turns
from governance.models import Backtest
from handoffs.actors import SYSTEM
from handoffs.models import RiskTierMap
from tests.e2e.test_pages import check
from tests.factories import Shop
from tests.governance import history
from tests.governance.history import START

Open = Callable[..., Page]


@pytest.fixture
def draft(shop: Shop, bot: Client) -> RiskTierMap:
    history.add_type(shop)
    history.record(shop, bot, 900)
    return RiskTierMap.objects.create(workflow=shop.workflow, version=2, body=history.draft_body())


def ask(draft: RiskTierMap, mia: User, **changes: Any) -> Backtest:
    given = {"since": START, "until": START + timedelta(days=3), **changes}
    return backtests.over_period(draft, by=SYSTEM, user=mia, now=timezone.now(), **given)


def over_file(draft: RiskTierMap, mia: User) -> Backtest:
    lines = history.lines(400)
    truth = history.truth([one["key"] for one in lines])
    return backtests.over_file(
        draft,
        proposals=backtests.File("cases.jsonl", lambda: [history.jsonl(lines), b"nonsense\n"]),
        truth=backtests.File("truth.jsonl", lambda: [history.jsonl(truth)]),
        by=SYSTEM,
        user=mia,
        now=timezone.now(),
    )


def shown(backtest: Backtest) -> str:
    return reverse("admin:governance_backtest_change", args=[backtest.pk])


@pytest.mark.parametrize("scripts", [True, False])
def test_a_manager_starts_one_watches_it_and_reads_what_came_of_it(
    open_as: Open, mia: User, draft: RiskTierMap, scripts: bool
) -> None:
    page = open_as(mia, f"/admin/governance/backtest/add/?map={draft.pk}", scripts=scripts)

    expect(page.get_by_label("Map")).to_have_value(str(draft.pk))
    page.get_by_label("First day").fill(START.date().isoformat())
    page.get_by_role("button", name="Start the backtest").click()
    expect(page.get_by_text("It waits for its turn")).to_be_visible()
    turns.work(now=timezone.now())
    if not scripts:
        page.get_by_role("link", name="Look again").click()

    expect(page.get_by_role("heading", name="What it says")).to_be_visible(timeout=15_000)
    expect(page.locator(".headlines li").first).to_contain_text("Of 900 proposals the draft")
    page.locator("#changed ~ details a").first.click()
    expect(page).to_have_url(re.compile("/admin/handoffs/proposal/prop_"))


def test_one_is_cancelled_from_its_page(open_as: Open, mia: User, draft: RiskTierMap) -> None:
    backtest = ask(draft, mia)
    page = open_as(mia, shown(backtest))

    page.get_by_role("button", name="Cancel this backtest").click()

    expect(page.get_by_text("It was cancelled")).to_be_visible()
    backtest.refresh_from_db()
    assert backtest.state == "cancelled"


def test_a_file_is_sent_with_its_truth_and_one_that_is_missing_is_asked_for(
    open_as: Open, mia: User, draft: RiskTierMap, tmp_path: Path
) -> None:
    lines = history.lines(50)
    (tmp_path / "cases.jsonl").write_bytes(history.jsonl(lines))
    (tmp_path / "truth.jsonl").write_bytes(
        history.jsonl(history.truth([one["key"] for one in lines]))
    )
    page = open_as(mia, f"/admin/governance/backtest/add/?map={draft.pk}")

    page.get_by_label("a file").check()
    page.get_by_role("button", name="Start the backtest").click()
    expect(page.get_by_text("A file with at least one line")).to_be_visible()
    page.get_by_label("Recorded proposals").set_input_files(tmp_path / "cases.jsonl")
    page.get_by_label("What is known to be true").set_input_files(tmp_path / "truth.jsonl")
    page.get_by_role("button", name="Start the backtest").click()
    expect(page.get_by_text("It waits for its turn")).to_be_visible()
    turns.work(now=timezone.now())

    expect(page.get_by_text("known to be wrong,").first).to_be_visible(timeout=15_000)


def test_the_pages_of_a_backtest(open_as: Open, mia: User, draft: RiskTierMap) -> None:
    page = open_as(mia, f"/admin/governance/backtest/add/?map={draft.pk}")
    check(page, "backtest-start")
    waiting = ask(draft, mia)
    Backtest.objects.filter(pk=waiting.pk).update(progress=52_400, total=100_000, state="running")
    page.goto(shown(waiting))
    check(page, "backtest-progress")
    page.goto("/admin/governance/backtest/")
    backtests.cancel(waiting, by=SYSTEM, now=timezone.now())
    for name, asked in (("period", ask(draft, mia)), ("file", over_file(draft, mia))):
        turns.work(now=timezone.now())
        page.goto(shown(asked))
        check(page, f"backtest-{name}")
    empty = ask(draft, mia, since=START - timedelta(days=9), until=START - timedelta(days=8))
    turns.work(now=timezone.now())
    page.goto(shown(empty))
    check(page, "backtest-empty")
