"""What the pages of a backtest show: its figures as a manager reads them."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from django.urls import reverse

from governance import estimates, tally
from governance.admin import plots
from governance.models import Backtest
from handoffs.states import Tier
from handoffs.texts import mark_invisible

KINDS = {
    tally.WRONG_PASSED: "Known to be wrong, and would pass",
    tally.NEWLY_ASKED: "Would be asked about, and was not",
    tally.NO_LONGER_ASKED: "Was asked about, and would not be",
    tally.RAISED: "Raised, without a change in who is asked",
    tally.LOWERED: "Lowered, without a change in who is asked",
}
# where a text begins so, a spreadsheet would calculate
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def source(backtest: Backtest) -> str:
    """Say what the map was tried on."""
    if backtest.since and backtest.until:
        return f"what was proposed from {_day(backtest.since)} until {_day(backtest.until)}"
    truth = ", with what is known to be true" if backtest.with_truth else ""
    return f"the file {mark_invisible(backtest.file_name).text}{truth}"


def _day(moment: Any) -> str:
    return f"{moment:%-d %B %Y, %H:%M} UTC"


def standing(backtest: Backtest) -> str:
    """Say in one sentence how far it is."""
    if backtest.state == Backtest.State.QUEUED:
        return "It waits for its turn. Nothing has to be done for that."
    if backtest.state == Backtest.State.RUNNING:
        unit = "lines" if backtest.source == Backtest.Source.FILE else "proposals"
        known = f" of {backtest.total:,}" if backtest.total is not None else ""
        return f"{backtest.progress:,}{known} {unit} are ruled."
    if backtest.state == Backtest.State.CANCELLED:
        return "It was cancelled. Nothing of it was kept."
    return f"It failed. {backtest.why}" if backtest.why else "It is done."


def result(backtest: Backtest, *, may_open: bool) -> dict[str, Any]:
    """Prepare a result for its template; `may_open` is whether records can be followed."""
    found = backtest.result or {}
    then_label = "then" if backtest.source == Backtest.Source.PERIOD else "in force"
    return {
        "headlines": found["headlines"],
        "remarks": [mark_invisible(one).text for one in found["remarks"]],
        "band": plots.band(found["rates"]["now"], found["rates"]["then"], then_label),
        "then_label": then_label,
        "tiers": [tier.replace("_", " ") for tier in Tier],
        "matrix": [_matrix_row(row, then_label) for row in found["tiers"] if row["count"]],
        "types": [_type(row) for row in found["types"]],
        "knows_truth": found["truth"]["wrong"] > 0,
        "examples": _examples(backtest, may_open),
        "rules": [{**one, "percent": estimates.percent(one["share"])} for one in found["rules"]],
        "curves": [_curve(one) for one in found["curves"] if one["points"]],
    }


def _matrix_row(row: Mapping[str, Any], then_label: str) -> dict[str, Any]:
    order = [tier.value for tier in Tier]
    return {
        "then": row["then"].replace("_", " ") or f"not ruled {then_label}",
        "count": row["count"],
        "cells": [
            {"count": row["now"][now], "kind": _move(order, row["then"], now)} for now in order
        ],
    }


def _move(order: list[str], then: str, now: str) -> str:
    if not then or then == now:
        return "same"
    return "up" if order.index(now) > order.index(then) else "down"


def _type(row: Mapping[str, Any]) -> dict[str, Any]:
    measured = f"median of {row['decisions']:,}" if row["decisions"] else "assumed"
    return {**row, "minutes": f"{row['seconds'] / 60:.1f} ({measured})"}


def _examples(backtest: Backtest, may_open: bool) -> list[dict[str, Any]]:
    found = (backtest.result or {})["examples"]
    recorded = backtest.source == Backtest.Source.PERIOD
    return [
        {
            "title": title,
            "kept": [_example(one, recorded and may_open) for one in found[kind]],
        }
        for kind, title in KINDS.items()
        if found.get(kind)
    ]


def _example(one: Mapping[str, Any], linked: bool) -> dict[str, Any]:
    link = reverse("admin:handoffs_proposal_change", args=[one["id"]]) if linked else ""
    return {
        "link": link,
        "name": mark_invisible(one["id"]).text,
        "line": one["line"],
        "type": one["type"],
        "then": one["then"].replace("_", " "),
        "now": one["now"].replace("_", " "),
        "rules": ", ".join(one["rules"]),
    }


def _curve(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": one["name"],
        "title": one["title"],
        "sentence": one["sentence"],
        "plot": plots.curve(one["points"]),
        "points": [
            {
                "cut": point["cut"],
                "asked": estimates.percent(point["asked"]["share"]),
                "passed": _interval(point["passed"]),
                "wrong_out": _interval(point["wrong_out"]),
                "chance": estimates.percent(point["chance"]),
                "beats_chance": point["beats_chance"],
            }
            for point in one["points"]
        ],
    }


def _interval(share: Mapping[str, Any]) -> str:
    if not share["of"]:
        return "none"
    low, high = estimates.percent(share["low"]), estimates.percent(share["high"])
    return f"{estimates.percent(share['share'])} ({low} to {high})"


def as_csv(result: Mapping[str, Any]) -> str:
    """Write the figures as one table: section, row, column, value."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["section", "row", "column", "value"])
    for row in _cells(result):
        writer.writerow([_harmless(cell) for cell in row])
    return out.getvalue()


def _cells(result: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for row in result["tiers"]:
        for now, count in row["now"].items():
            yield "tiers", row["then"] or "not ruled", now, count
    for row in result["types"]:
        for name, value in row.items():
            if name != "name":
                yield "action types", row["name"], name, value
    for row in result["rules"]:
        yield "rules", row["id"], "fired", row["fired"]
    for curve in result["curves"]:
        for point in curve["points"]:
            for name in ("asked", "passed", "wrong_out"):
                for part, value in point[name].items():
                    yield f"trade-off by {curve['name']}", point["cut"], f"{name} {part}", value
    for kind, kept in result["examples"].items():
        for one in kept:
            yield "examples", kind, one["type"], one["id"]


def _harmless(cell: Any) -> Any:
    """Keep a spreadsheet from calculating what an agent wrote."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
