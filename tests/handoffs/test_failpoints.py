"""The places to die at: known by name, dead at once, harmless when off."""

import os
import signal
import subprocess
import sys
import timeit
from pathlib import Path

import pytest

from handoffs import failpoints

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
from handoffs.failpoints import failpoint
print("before", flush=True)
failpoint("somewhere")
try:
    failpoint("here")
finally:
    print("after", flush=True)
"""


def run(**environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_unarmed_nothing_happens() -> None:
    result = run(OVERREAD_FAILPOINT="")

    assert (result.returncode, result.stdout) == (0, "before\nafter\n")


def test_armed_it_dies_at_once_and_cleans_up_nothing() -> None:
    result = run(OVERREAD_FAILPOINT="here")

    assert (result.returncode, result.stdout) == (-signal.SIGKILL, "before\n")


def test_with_a_mark_it_dies_once(tmp_path: Path) -> None:
    mark = tmp_path / "reached"
    armed = {"OVERREAD_FAILPOINT": "here", "OVERREAD_FAILPOINT_MARK": str(mark)}

    assert run(**armed).returncode == -signal.SIGKILL
    assert mark.exists()
    assert run(**armed).returncode == 0


def test_every_failpoint_in_the_code_is_listed_once() -> None:
    names = failpoints.names_in(ROOT / "handoffs", ROOT / "reviews")

    assert "audit.seal.before_commit" in names
    assert "intake.before_store" in names
    assert len(names) == len(set(names))


def test_both_spellings_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("failpoint('b')\nfailpoints.failpoint('a')\nother('c')\n")

    assert failpoints.names_in(tmp_path) == ["a", "b"]


def test_a_name_that_is_computed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("failpoint(name)\n")

    with pytest.raises(ValueError, match="malformed"):
        failpoints.names_in(tmp_path)


def test_unarmed_it_costs_next_to_nothing() -> None:
    per_call = timeit.timeit(lambda: failpoints.failpoint("here"), number=10_000) / 10_000

    assert per_call < 20e-6
