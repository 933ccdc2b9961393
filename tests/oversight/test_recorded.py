"""Certificates of recorded proposals, by the same code: faults and proposals are given as files."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from oversight.blind_tests import fault_files, faults, recorded
from tests import factories
from tests.oversight.certified import SLIGHT, WORDS

FAULTS = sorted(Path("bench/faults").glob("*.json"))


def proposed(number: int) -> dict[str, Any]:
    """A refund of a recorded run; every fourth of them goes to another order than was asked."""
    amount, order = 40 + 3.75 * number, f"#W10{number:05d}"
    said = " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 5))
    brief = factories.brief_payload(
        ask=f"Refund {amount:.2f} USD for order {order}?", evidence=[],
        summary=f"The customer says: {said}.",
        facts=[{"label": "Order total", "value": f"{amount:.2f} USD", "kind": "money"}],
    )  # fmt: skip
    arguments = {"order_id": order, "amount": amount, "currency": "USD"}
    return {
        "key": f"run{number}#1",
        "run": {"external_id": f"run{number}", "input": {"text": f"My {said}, {amount:.2f} USD."}},
        "proposal": {"action_type": "refund_order", "arguments": arguments, "brief": brief},
    }


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    said = {
        "faults.json": json.dumps([fault_files.write(SLIGHT)]),
        "proposals.jsonl": "\n".join(json.dumps(proposed(number)) for number in range(44)),
        "truth.jsonl": "\n".join(
            json.dumps({"key": f"run{number}#1", "is_correct": number % 4 != 3})
            for number in range(44)
        ),
    }
    for name, text in said.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in said]


def test_only_right_ones_are_copied_and_all_are_held_against_them(files: list[Path]) -> None:
    fault, proposals, truth = (path.read_text() for path in files)
    now = timezone.now()
    found = list(recorded.originals(proposals.splitlines(), truth.splitlines(), now=now))

    said = recorded.measure(recorded.faults(fault)[0], found, now=now)

    assert (said.asked, said.certificate.sources, said.certificate.reals) == (33, 33, 44)
    assert said.beside_sources.reals == 33
    assert said.certificate.draws and not said.even.draws


def test_the_command_says_what_holds_and_what_tells(files: list[Path]) -> None:
    told = StringIO()

    call_command("measure_certificates", *map(str, files), stdout=told)

    assert "33 runs of 33 right ones, beside 44 real ones" in told.getvalue()
    assert "if sources were drawn evenly" in told.getvalue()


def test_files_that_say_something_else_are_refused(files: list[Path]) -> None:
    faults, proposals, truth = files

    with pytest.raises(CommandError, match="can't be read"):
        call_command("measure_certificates", str(proposals), str(faults), str(truth))
    with pytest.raises(CommandError, match="There is no file"):
        call_command("measure_certificates", str(faults), str(truth), str(truth) + "x")


@pytest.mark.parametrize("path", FAULTS, ids=[path.stem for path in FAULTS])
def test_the_faults_that_are_kept_are_faults(path: Path) -> None:
    kept = recorded.faults(path.read_text())

    assert kept
    assert not [problem for fault in kept for problem in faults.problems(fault)]
