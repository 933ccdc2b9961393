"""Where the marks of a drawing go: pure geometry, as text that no locale rewrites."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance import estimates

BAND_WIDTH, BAND_LEFT = 560, 20
CURVE_SIZE, CURVE_LEFT, CURVE_TOP = 320, 46, 14


@dataclass(frozen=True)
class Zone:
    x: str
    width: str
    kind: str


@dataclass(frozen=True)
class Mark:
    """A rate with its interval, on its own line of the band."""

    label: str
    said: str
    y: str
    label_y: str
    low: str
    high: str
    x: str


@dataclass(frozen=True)
class Tick:
    """A label of a scale; where there is little room the minor ones go."""

    at: str
    label: str
    minor: bool = False


@dataclass(frozen=True)
class Band:
    zones: list[Zone]
    marks: list[Mark]
    ticks: list[Tick]
    said: str


@dataclass(frozen=True)
class Curve:
    """A trade-off curve: points, the line through them, intervals as whiskers, chance."""

    line: str
    area: str
    dots: list[dict[str, str]]
    chance: dict[str, str]
    ticks_x: list[Tick]
    ticks_y: list[Tick]


def band(now: Mapping[str, Any], then: Mapping[str, Any] | None, then_label: str) -> Band:
    """Place escalation rates between the usual edges."""
    rates = [("Draft", now)] + ([(then_label.capitalize(), then)] if then else [])

    def x(share: float) -> str:
        # by its root: the edges that matter lie at the low end
        return _number(BAND_LEFT + BAND_WIDTH * math.sqrt(share))

    (low, low_end), (high, high_end) = estimates.LOW_EDGE, estimates.HIGH_EDGE
    edges = [0, low, low_end, high, high_end, 1]
    kinds = ("out", "edge", "inside", "edge", "out")
    zones = [
        Zone(x(a), _number(float(x(b)) - float(x(a))), kind)
        for a, b, kind in zip(edges, edges[1:], kinds, strict=False)
    ]
    marks = [
        Mark(
            label=label,
            said=f"{label}: {_said(rate)}",
            y=str(30 + 44 * number),
            label_y=str(18 + 44 * number),
            low=x(rate["low"]),
            high=x(rate["high"]),
            x=x(rate["share"]),
        )
        for number, (label, rate) in enumerate(rates)
    ]
    ticks = [
        Tick(x(at), f"{100 * at:.0f} %", minor=at in (low, high)) for at in (*edges[:-1], 0.5, 1)
    ]
    return Band(zones, marks, ticks, "; ".join(mark.said for mark in marks))


def _said(rate: Mapping[str, Any]) -> str:
    low, high = estimates.percent(rate["low"]), estimates.percent(rate["high"])
    return f"{estimates.percent(rate['share'])}, 95 %: {low} to {high}"


def curve(points: Sequence[Mapping[str, Any]]) -> Curve:
    """Draw the share asked to the right and the share of wrong actions let through upwards."""

    def x(share: float) -> str:
        return _number(CURVE_LEFT + CURVE_SIZE * share)

    def y(share: float) -> str:
        return _number(CURVE_TOP + CURVE_SIZE * (1 - share))

    dots = [
        {
            "x": x(one["asked"]["share"]),
            "y": y(one["passed"]["share"]),
            "low": y(one["passed"]["low"]),
            "high": y(one["passed"]["high"]),
            "said": f"{one['cut']}: {estimates.percent(one['asked']['share'])} asked, "
            f"{estimates.percent(one['passed']['share'])} of the wrong ones let through",
        }
        for one in points
    ]
    line = " ".join(f"{dot['x']},{dot['y']}" for dot in dots)
    edge = [f"{dot['x']},{dot['high']}" for dot in dots]
    edge += [f"{dot['x']},{dot['low']}" for dot in reversed(dots)]
    shares = (0, 0.25, 0.5, 0.75, 1)
    return Curve(
        line=line,
        area=" ".join(edge),
        dots=dots,
        chance={"x1": x(0), "y1": y(1), "x2": x(1), "y2": y(0)},
        ticks_x=[Tick(x(share), f"{100 * share:.0f} %") for share in shares],
        ticks_y=[Tick(y(share), f"{100 * share:.0f} %") for share in shares],
    )


def _number(value: float) -> str:
    return f"{value:.1f}"
