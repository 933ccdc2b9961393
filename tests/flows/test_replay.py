"""Recorded proposals through the real HTTP API: every line is ruled or refused with a reason."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from handoffs.models import Handoff, Proposal, RiskTierMap, Workflow
from tests import factories
from tests.database import Databases
from tests.flows import processes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    with processes.web() as url:
        yield url


def line(number: int, **changes: Any) -> dict[str, Any]:
    proposal = factories.proposal_payload("", **changes)
    del proposal["run"]
    return {"key": f"key-{number}", "run": {"external_id": f"old-{number}"}, "proposal": proposal}


def replayed(place: Path, records: list[dict[str, Any]], url: str, key: str, *more: str) -> str:
    file, told = place / "recorded.jsonl", io.StringIO()
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    call_command("replay", str(file), "--url", url, "--key", key, *more, stdout=told)
    return told.getvalue()


def test_every_line_is_ruled_or_refused_with_a_reason(
    committed_db: Databases, tmp_path: Path, shop: factories.Shop, bot_key: str, url: str
) -> None:
    small = {k: v for k, v in factories.small_proposal_payload("").items() if k != "run"}
    records = [
        line(1),
        line(2, **small),
        line(3, arguments={"order_id": "#W1", "amount": "a lot", "currency": "USD"}),
        line(4, action_type="launch_rocket"),
        line(5, arguments={"order_id": "a\0b", "amount": 1, "currency": "USD"}),
        line(6, arguments={"order_id": "a", "amount": float("nan"), "currency": "USD"}),
        line(7, arguments={"order_id": "half \ud83d", "amount": 1, "currency": "USD"}),
    ]

    told = replayed(tmp_path, records, url, bot_key, "--workflow", "retail-support")

    assert "7 lines" in told
    assert Proposal.objects.count() == 2
    assert Handoff.objects.get().queue == shop.queue
    refused = [row for row in told.splitlines() if row.startswith("refused ")]
    assert sum(int(row.rpartition(" ")[2]) for row in refused) == 5
    assert all(row.startswith("refused 4") for row in refused), told
    assert "422 unknown_action_type" in told and "422 arguments_off_schema" in told


def test_a_missing_workflow_is_made_at_the_cautious_end(
    committed_db: Databases, tmp_path: Path, bot_key: str, url: str
) -> None:
    records = [line(1), line(2, arguments={"order_id": "#W1", "amount": 1, "currency": "EUR"})]

    told = replayed(tmp_path, records, url, bot_key, "--workflow", "unknown-shop", "--create")

    assert Workflow.objects.get().launched_at is not None
    assert RiskTierMap.objects.get().body["default"] == "hard_approval"
    assert set(Proposal.objects.values_list("tier", flat=True)) == {"hard_approval"}
    assert Handoff.objects.filter(state="waiting").count() == 2
    assert "Made unknown-shop" in told


@pytest.mark.django_db
def test_a_server_that_does_not_answer_is_named_and_nothing_is_lost(
    shop: factories.Shop, tmp_path: Path
) -> None:
    file = tmp_path / "lines.jsonl"
    line = {"key": "a", "run": {"external_id": "1"}, "proposal": {"action_type": "refund"}}
    file.write_text(json.dumps(line))
    nobody = "http://127.0.0.1:9"

    with pytest.raises(CommandError, match=f"{nobody} stopped answering after 0 of 1 lines"):
        call_command(
            "replay", str(file), "--workflow", shop.workflow.slug, "--url", nobody, "--key", "k"
        )
