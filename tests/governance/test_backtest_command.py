"""The command over files: figures per domain, truth apart from tiers, bad input in words."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from governance import replay
from tests import factories
from tests.governance import history

MAP = history.draft_body()


def told(*arguments: Any) -> str:
    out = io.StringIO()
    call_command("backtest", *map(str, arguments), stdout=out, stderr=out)
    return out.getvalue()


def results(*arguments: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(told(*arguments, "--json"))
    return read


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two domains with their truths, and one bare map for both."""
    named = {"map": tmp_path / "map.json"}
    named["map"].write_text(json.dumps(MAP))
    for seed, name in enumerate(("shop", "bank")):
        lines = [{**one, "key": f"{name}-{one['key']}"} for one in history.lines(120, seed=seed)]
        truth = history.truth([one["key"] for one in lines], seed=seed)
        named[name] = tmp_path / f"{name}.jsonl"
        named[name].write_bytes(history.jsonl(lines))
        named[f"{name}-truth"] = tmp_path / f"{name}.truth.jsonl"
        named[f"{name}-truth"].write_bytes(history.jsonl(truth))
    return named


def test_each_domain_has_its_curves_against_chance(files: dict[str, Path]) -> None:
    said = told(
        files["shop"],
        files["bank"],
        *("--truth", files["shop-truth"], files["bank-truth"]),
        *("--map", files["map"]),
    )

    for name in ("shop", "bank"):
        assert f"\n{name}: 120 proposals" in said
    assert said.count("By tier and number of rules fired. A wrong action ranks above") == 2
    assert said.count("Rule by rule, the strictest first.") == 2
    assert said.count("nobody is asked") == 4


def test_truth_changes_the_score_and_never_a_tier(files: dict[str, Path]) -> None:
    lines = files["shop-truth"].read_text().splitlines()
    said = [json.loads(line) for line in lines]
    turned = [{**one, "is_correct": said[-1 - n]["is_correct"]} for n, one in enumerate(said)]
    other = files["shop-truth"].with_name("other.jsonl")
    other.write_bytes(history.jsonl(turned))

    given = [files["shop"], "--map", files["map"]]
    known = results(*given, "--truth", files["shop-truth"])["shop"]
    shuffled = results(*given, "--truth", other)["shop"]
    without = results(*given)["shop"]

    for part in ("tiers", "rates", "rules", "hours"):
        assert known[part] == shuffled[part] == without[part]
    assert known["truth"]["known"] == shuffled["truth"]["known"] > 0
    assert known["curves"] != shuffled["curves"]
    assert without["truth"]["known"] == 0
    assert "cannot be judged" in without["truth"]["sentences"][0]


def test_a_workflow_file_says_what_its_action_types_weigh(files: dict[str, Path]) -> None:
    records = list(replay.lines(files["shop"]))
    text = replay.cautious_workflow("shop", "reviewers", records)
    described = files["map"].with_name("shop.yaml")
    described.write_text(text.replace("impact: high", "impact: low"))

    found = results(files["shop"], "--map", described)["shop"]

    assert found["rates"]["now"]["share"] == 1  # its default is an approval
    with pytest.raises(CommandError, match="None of the maps is for bank"):
        told(files["bank"], "--map", described, described)


@pytest.mark.django_db
def test_a_workflow_of_the_database_is_tried_with_its_newest_map(
    files: dict[str, Path], shop: factories.Shop
) -> None:
    found = results(files["shop"], "--workflow", "retail-support")["shop"]

    assert found["unknown_types"].keys() == {"note_order"}
    assert {rule["id"] for rule in found["rules"]} >= {"large-refund", "legal-threat"}
    with pytest.raises(CommandError, match="no workflow nowhere"):
        told(files["shop"], "--workflow", "nowhere")


def test_bad_lines_and_files_are_said_in_words(files: dict[str, Path], tmp_path: Path) -> None:
    with files["shop"].open("ab") as file:
        file.write(b'{"key": "x"\n\xff\n')
    broken = tmp_path / "broken.json"
    broken.write_text('{"default": "sometimes"}')

    found = results(files["shop"], "--map", files["map"])["shop"]

    assert found["unread"]["count"] == 2
    assert [line for line, _ in found["unread"]["named"]] == [121, 122]
    with pytest.raises(CommandError, match="map cannot be read"):
        told(files["shop"], "--map", broken)
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        told(tmp_path / "nothing.jsonl", "--map", files["map"])
