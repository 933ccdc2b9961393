"""docs/blind-tests.md: each way tried around blind tests names tests that are there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts import blind_mutants, counted_mutants

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "blind-tests.md"
_NAME = re.compile(r"`(tests/[\w/]+\.py::\w+)`")
HEADINGS = ["To execute one", "To tell one", "To identify somebody"]


def lines() -> list[tuple[str, int, list[str]]]:
    """Return heading, number and named tests of every attack."""
    found, heading = [], ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif re.match(r"\| \d+ \|", line):
            number, _, _, tests = (cell.strip() for cell in line.strip("|").split("|"))
            found.append((heading, int(number), _NAME.findall(tests)))
    return found


def named() -> set[str]:
    return {name for _, _, tests in lines() for name in tests}


def test_every_attack_is_numbered_and_names_a_test() -> None:
    assert [number for _, number, _ in lines()] == list(range(1, len(lines()) + 1))
    assert all(tests for _, _, tests in lines())
    for heading in HEADINGS:
        assert sum(one == heading for one, _, _ in lines()) >= 12


def test_every_test_that_is_named_is_there(request: pytest.FixtureRequest) -> None:
    here = {item.nodeid.partition("[")[0] for item in request.session.items}
    files = {name.partition("::")[0] for name in named() - here}
    if files:
        argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", *sorted(files)]
        argv += ["-p", "no:cacheprovider", "-p", "no:randomly"]
        told = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=True).stdout
        here |= {line.partition("[")[0] for line in told.splitlines()}

    assert named() - here == set()


def test_none_of_them_is_skipped() -> None:
    for path in {ROOT / name.partition("::")[0] for name in named()}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("skip", "skipif", "xfail"), f"{path}:{node.lineno}"


@pytest.mark.parametrize("mutant", counted_mutants.MUTANTS, ids=lambda one: one.test)
def test_what_is_counted_can_still_be_taken_away(mutant: blind_mutants.Mutant) -> None:
    path, _, name = mutant.test.partition("::")
    assert (ROOT / mutant.path).read_text().count(mutant.old) == 1
    assert f"def {name}(" in (ROOT / path).read_text()


@pytest.mark.parametrize("mutant", blind_mutants.MUTANTS, ids=lambda one: one.test)
def test_every_defence_can_still_be_taken_away(mutant: blind_mutants.Mutant) -> None:
    """Its place is there once, and the test that has to fail is one of the page's."""
    assert (ROOT / mutant.path).read_text().count(mutant.old) == 1
    assert mutant.new != mutant.old
    assert mutant.test in named()
