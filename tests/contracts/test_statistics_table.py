"""docs/statistics.md: every formula names a module that has it and tests that are there."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "statistics.md"
# what reckons: each has a line, or a formula would be without its source and test
PURE = {
    "acceptance", "bins", "blindness", "cells", "cusum", "detection", "erlang", "evidence",
    "overlaps", "pacing", "power", "shares", "speeds", "switches", "waiting_for_five", "weeks",
}  # fmt: skip
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_NAME = re.compile(r"`((?:oversight|governance)(?:\.\w+)+)`")


def lines() -> list[list[str]]:
    """Return the cells of every line of every table."""
    found = [
        line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line[:1] == "|"
    ]
    return [
        [cell.strip() for cell in line]
        for line in found
        if line[0].strip(" -") not in ("", "formula")
    ]


def test_every_line_has_a_formula_a_source_a_module_values_and_tests() -> None:
    for line in lines():
        assert len(line) == 5 and all(line), line[0]
        assert _TEST.search(line[4]), line[0]


@pytest.mark.parametrize("line", lines(), ids=lambda line: line[0][:40])
def test_the_tests_of_a_line_are_there(line: list[str]) -> None:
    for path, name in _TEST.findall(line[4]):
        tree = ast.parse((ROOT / path).read_text())
        assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, name


def test_what_a_line_names_is_there() -> None:
    named = {name for line in lines() for name in _NAME.findall(line[2])}
    for name in named:
        module, _, what = name.rpartition(".")
        assert hasattr(importlib.import_module(module), what), name
    assert {part for name in named for part in name.split(".")} >= PURE
