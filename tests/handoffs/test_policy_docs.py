"""Run the examples of docs/policy.md."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from governance import cases, lint
from handoffs import conditions, policy, risk_map, signals
from handoffs.signals import CATALOGUE, OPEN_PREFIXES, ActionType, Type
from handoffs.states import ACT_OF, Impact, Reversibility, Tier

TEXT = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
REFUND = ActionType(name="refund", impact=Impact.HIGH, reversibility=Reversibility.REVERSIBLE)


def examples(kind: str) -> list[Any]:
    found = [json.loads(block) for block in re.findall(rf"```json {kind}\n(.*?)```", TEXT, re.S)]
    assert found
    return found


(MAP,) = (policy.parse_map(one) for one in examples("map"))


@pytest.mark.parametrize("example", examples("ruling"))
def test_rulings_are_as_written(example: dict[str, Any]) -> None:
    ruling = policy.evaluate(
        MAP,
        REFUND.with_arguments(example["arguments"]),
        signals.from_json(example["signals"]),
    )

    assert ruling.tier == example["tier"]
    assert [one.id for one in ruling.fired] == example["rules"]


def test_reason_of_a_rule_that_fired_for_want_is_as_written() -> None:
    (example,) = examples("because")
    ruling = policy.evaluate(
        MAP, REFUND.with_arguments({"amount": "1"}), signals.from_json(example["signals"])
    )

    assert example["because"] in [one.because for one in ruling.fired]


def test_refusals_are_as_written() -> None:
    (example,) = examples("refused")
    (said,) = re.findall(r"```text refusal\n(.*?)\n```", TEXT, re.S)

    with pytest.raises(policy.PolicyError) as refusal:
        policy.parse_map(example)

    assert str(refusal.value) == said


def test_example_map_can_be_published() -> None:
    assert policy.problems(MAP, [REFUND]) == []


(LISTED,) = (policy.parse_map(one) for one in examples("listed map"))


@pytest.mark.parametrize("example", examples("listed"))
def test_rulings_by_lists_and_hours_are_as_written(example: dict[str, Any]) -> None:
    action = REFUND.with_arguments(
        example["arguments"],
        at=datetime.fromisoformat(example["at"]),
        first_seen=example["first_seen"],
        input=example["input"],
    )

    ruling = policy.evaluate(LISTED, action, signals.Signals())

    assert {one.id for one in ruling.fired} - {"floor"} == set(example["rules"])


def test_finding_is_as_written() -> None:
    (example,) = examples("in vain")
    (said,) = re.findall(r"```text finding\n(.*?)\n```", TEXT, re.S)

    (finding,) = lint.findings(policy.parse_map(example), [REFUND])

    assert finding.sentence == said
    for kind in lint.Kind:
        assert f"| `{kind}` |" in TEXT


def test_case_passes() -> None:
    (example,) = examples("case")

    result = cases.check(MAP, [REFUND], cases.parse(example))

    assert result.passed, result.sentence


def test_bounds_are_as_written() -> None:
    assert f"| rules of a map | {risk_map.MAX_RULES} |" in TEXT
    assert f"| {conditions.MAX_DEPTH}, {conditions.MAX_NODES} |" in TEXT
    assert f"| fields of one comparison | {conditions.MAX_FIELDS} |" in TEXT
    assert f"| {conditions.MAX_LIST}, {conditions.MAX_TEXT} |" in TEXT
    assert f"| lists of a map | {risk_map.MAX_LISTS} |" in TEXT
    keywords, watched = risk_map.MAX_ENTRIES.values()
    assert f"| {keywords}, {watched:,} |" in TEXT


def test_every_name_of_the_catalogue_is_described_as_it_is() -> None:
    table = TEXT.split("<!-- names -->")[1].split("<!-- /names -->")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.+?) \| (.+?) \|$", table, re.M)
    described = {name: (says, silent) for name, says, silent in rows}

    def silence(name: str) -> str:
        if name in signals.ACTION_FACTS or name == "first_seen" or name.startswith("time."):
            return "always there"
        if CATALOGUE[name].unknown_when_missing:
            return "unknown"
        return "0" if CATALOGUE[name].type is Type.COUNT else "none"

    assert described == {
        **{name: (known.says, silence(name)) for name, known in CATALOGUE.items()},
        **{f"{prefix}.…": (says, "unknown") for prefix, says in OPEN_PREFIXES.items()},
    }


def test_tiers_and_floors_are_described_as_they_are() -> None:
    for tier, act in ACT_OF.items():
        assert re.search(rf"^\| `{tier}` \| `{act}`", TEXT, re.M)
    floors = policy.Floors()
    assert f"| **low impact** | `{floors.low_reversible}` | `{floors.low_irreversible}` |" in TEXT
    assert (
        f"| **high impact** | `{floors.high_reversible}` | `{floors.high_irreversible}` |" in TEXT
    )
    assert set(ACT_OF) == set(Tier)
