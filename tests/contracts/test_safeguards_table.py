"""docs/safeguards.md: every safeguard by every way, and each line names tests that are there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reviews.spec import Spec

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "safeguards.md"
WAYS = ["page", "link", "API", "admin", "bulk", "expired claim", "second tab"]
SAFEGUARDS: dict[str, set[str]] = {
    "Minimum review time": {"minimum_seconds", "words_per_minute"},
    "Forced challenge": {"challenge", "challenge_share", "reason"},
    "Withheld recommendation": {"withhold_recommendation"},
    "Evidence gates": {"evidence"},
    "More than one pair of eyes": {"approvers", "seats", "tie_break"},
    # of every row, so no row says it
    "What the requester said": set(),
}
# how long it can be taken back is no safeguard of its own
NONE = {"undo_seconds"}
_NAME = re.compile(r"`(tests/[\w/]+\.py(?:::\w+(?:::\w+)?(?:\[[^\]`]+\])?)?)`")


def lines() -> list[tuple[str, str, list[str]]]:
    """Return safeguard, way and named tests of every line."""
    found, heading = [], ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| ") and not line.startswith(("| way", "| ---")):
            way, _, tests = (cell.strip() for cell in line.strip("|").split("|"))
            found.append((heading, way, _NAME.findall(tests)))
    return found


def collected(session: pytest.Session) -> str:
    """Return the names of all tests in the files that the page names, as pytest finds them.

    Most are found by this very run; only the files that it leaves out are looked for anew.
    """
    here = [item.nodeid for item in session.items]
    known = {name.partition("::")[0] for name in here}
    files = {name.partition("::")[0] for _, _, tests in lines() for name in tests} - known
    if not files:
        return "\n".join(here)
    argv = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", *sorted(files)]
    argv += ["-p", "no:cacheprovider", "-p", "no:randomly"]
    told = subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    return "\n".join([*here, told])


def test_every_safeguard_of_a_row_is_on_the_page() -> None:
    said = set().union(*SAFEGUARDS.values()) | NONE

    assert said == set(Spec.__dataclass_fields__)


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_every_safeguard_is_shown_on_every_way(safeguard: str) -> None:
    assert [way for heading, way, _ in lines() if heading == safeguard] == WAYS


def test_every_line_names_tests_that_are_there(request: pytest.FixtureRequest) -> None:
    there = collected(request.session)

    for safeguard, way, tests in lines():
        assert tests, f"{safeguard}, {way}: no test"
        for name in tests:
            assert re.search(rf"^{re.escape(name)}(\[|::|$)", there, re.M) or (
                name in there.splitlines()
            ), name


def test_none_of_them_is_skipped() -> None:
    for path in {ROOT / name.partition("::")[0] for _, _, tests in lines() for name in tests}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("skip", "skipif", "xfail"), f"{path}:{node.lineno}"
