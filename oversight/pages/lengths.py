"""How long it took, in tenths, of all and of parts; and how long was looked, as a drawing."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from oversight.counted.summary import Part
from oversight.counted.totals import Figures
from oversight.counted.weeks import Scope
from oversight.pages.lines import NOT_ENOUGH, seconds
from oversight.statistics import bins, shares
from oversight.statistics.bins import Bins
from oversight.statistics.speeds import Rapid
from oversight.watch import gauges

STATES = {
    "response": "From opening to a person's answer",
    "waiting": "Waiting, until it ended",
    "needs_information": "Waiting for information",
    "decided": "Held until nobody took it back",
    "paused_pending_human": "The run: paused for a person",
    "human_responded": "The run: answered, until the agent came for it",
    "resuming": "The run: the agent going on",
    "review": "Looked at by whoever decided",
}
_BESIDE = {Scope.QUEUE: "Queue", Scope.TIER: "Tier", Scope.WORKFLOW: "Workflow"}
WIDTH, LEFT, TOP, HEIGHT = 560, 56, 24, 96
_MARKS = (1, 5, 20, 60, 300, 1200, 3600)


@dataclass(frozen=True, kw_only=True)
class Time:
    what: str
    count: str
    tenth: str
    half: str
    nine: str


@dataclass(frozen=True, kw_only=True)
class Column:
    x: str
    y: str
    width: str
    height: str
    fast: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Looked:
    """How long was looked before it was decided, as far as that tells of nobody."""

    columns: tuple[Column, ...]
    ticks: tuple[tuple[str, str], ...]
    cut_x: str
    cut: str


def lengths(figures: Figures) -> tuple[Time, ...]:
    """Say how long each state lasted; one that nothing was in is left out."""
    known = [one for one in STATES if sum(figures.times.get(one, {}).values())]
    shown = known or ["response", "review"]
    return tuple(time(STATES[what], figures.times.get(what, {})) for what in shown)


def of_parts(parts: Sequence[Part]) -> tuple[Time, ...]:
    """Say how long people took to answer, of each workflow or each queue and tier."""
    return tuple(
        time(f"{_BESIDE[Scope(one.scope)]}: {one.name}", one.figures.times.get("response", {}))
        for one in parts
        if one.scope in _BESIDE
    )


def time(what: str, counted: Bins) -> Time:
    tenth, half, nine = (bins.quantile(counted, share) for share in (0.1, 0.5, 0.9))
    enough = sum(counted.values()) >= shares.ENOUGH
    return Time(
        what=what,
        count=f"{sum(counted.values()):,}",
        tenth=seconds(tenth) if enough and tenth else NOT_ENOUGH,
        half=seconds(half) if enough and half else "",
        nine=seconds(nine) if enough and nine else "",
    )


def looked(figures: Figures, found: Rapid | None) -> Looked | None:
    """Draw how long was looked, on a scale on which ten times as long is one step."""
    counted = {int(name): many for name, many in figures.times.get("review", {}).items()}
    if found is None or not counted:
        return None
    low, high, most = min(counted), max(counted) + 1, max(counted.values())
    step = WIDTH / (high - low)

    def x(value: float) -> float:
        return LEFT + step * min(max(bins.PER_E * math.log(value) - low, 0), high - low)

    columns = [
        Column(
            x=f"{LEFT + step * (name - low):.1f}", width=f"{max(1.0, step - 1):.1f}",
            y=f"{TOP + HEIGHT * (1 - many / most):.1f}", height=f"{HEIGHT * many / most:.1f}",
            fast=bins.middle(str(name)) < found.cut,
            said=f"About {seconds(bins.middle(str(name)))}: {many:,}",
        )
        for name, many in sorted(counted.items())
    ]  # fmt: skip
    inside = [one for one in _MARKS if low < bins.PER_E * math.log(one) < high]
    return Looked(
        columns=tuple(columns),
        ticks=tuple((f"{x(one):.1f}", seconds(one).replace(".0 s", " s")) for one in inside),
        cut_x=f"{x(found.cut):.1f}",
        cut=seconds(found.cut),
    )


def fastest(figures: Figures) -> int:
    return bins.below(figures.times.get("review", {}), gauges.SPIKE_SECONDS)
