"""Shares with their intervals, and what they mean in words: pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

# the usual edges of an escalation rate: below the first pair hardly anything is looked at, above
# the second people are asked so often that they stop reading
LOW_EDGE = (0.01, 0.02)
HIGH_EDGE = (0.15, 0.20)


@dataclass(frozen=True)
class Share:
    """So many of so many, with its Wilson interval at 95 %."""

    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.count, self.of)

    def to_json(self) -> dict[str, float | int]:
        low, high = self.interval
        return {"count": self.count, "of": self.of, "share": self.share, "low": low, "high": high}

    def __str__(self) -> str:
        if not self.of:
            return "none of none"
        low, high = self.interval
        return (
            f"{percent(self.share)} ({self.count:,} of {self.of:,}; 95 %: "
            f"{percent(low)} to {percent(high)})"
        )


def wilson(count: int, of: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion; of nothing, anything is possible."""
    if not 0 <= count <= of:
        raise ValueError(f"{count} of {of} is not a share")
    if of == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p, spread = count / of, z * z / of
    centre = (p + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(p * (1 - p) / of + spread / (4 * of))
    # the ends are exact; floating point would put them a hair inside
    low = 0.0 if count == 0 else max(0.0, centre - half)
    return low, 1.0 if count == of else min(1.0, centre + half)


def percent(share: float) -> str:
    """Write a share as people read it: 0.4 %, 12 %; never 0 % for something or 100 % for less."""
    value = 100 * share
    if value == 0 or value == 100:
        return f"{value:.0f}\xa0%"
    if value < 0.1:
        return "under 0.1\xa0%"
    if value > 99.9:
        return "over 99.9\xa0%"
    return f"{value:.1f}\xa0%" if value < 10 or value > 99 else f"{value:.0f}\xa0%"


_ZONES = (
    (LOW_EDGE[0], "below 1 %", "a wrong action would hardly ever be seen"),
    (
        LOW_EDGE[1],
        "at the lower edge of 1 to 2 %",
        "with less, a wrong action would hardly ever be seen",
    ),
    (
        HIGH_EDGE[0],
        "inside the usual 2 to 15 %",
        "people are asked, and can still read what they are asked",
    ),
    (HIGH_EDGE[1], "at the upper edge of 15 to 20 %", "with more, people tend to stop reading"),
    (math.inf, "above 20 %", "asked so often, people tend to approve without reading"),
)


def zone(share: float) -> int:
    """Number the zone that an escalation rate lies in, 0 to 4."""
    return next(number for number, (edge, *_) in enumerate(_ZONES) if share < edge)


def against_the_band(rate: Share) -> str:
    """Say in one sentence where an escalation rate lies between the usual edges."""
    if rate.of == 0:
        return "There was no proposal, so there is no rate to speak of."
    here = zone(rate.share)
    low, high = (zone(end) for end in rate.interval)
    _, place, meaning = _ZONES[here]
    said = f"A rate of {percent(rate.share)} is {place}: {meaning}."
    if (low, high) == (here, here):
        return said
    others = [_ZONES[one][1] for one in (low, high) if one != here]
    return f"{said} So few proposals could also mean a rate {' or '.join(others)}."


def ranking(cells: Mapping[int, tuple[int, int]]) -> tuple[float, float, float] | None:
    """Return how often a wrong one is ranked above a right one, with an interval at 95 %.

    `cells` counts (right, wrong) by rank; a tie counts half. 0.5 is what chance gives. The
    standard error is Hanley and McNeil's (1982). None without both kinds.
    """
    rights = sum(right for right, _ in cells.values())
    wrongs = sum(wrong for _, wrong in cells.values())
    if not rights or not wrongs:
        return None
    below = 0
    won = 0.0
    for rank in sorted(cells):
        right, wrong = cells[rank]
        won += wrong * (below + right / 2)
        below += right
    area = won / (rights * wrongs)
    error = hanley_mcneil(area, wrongs, rights)
    z = NormalDist().inv_cdf(0.975)
    return area, max(0.0, area - z * error), min(1.0, area + z * error)


def hanley_mcneil(area: float, wrongs: int, rights: int) -> float:
    """Return the standard error of an area under the curve."""
    first, second = area / (2 - area), 2 * area * area / (1 + area)
    variance = (
        area * (1 - area)
        + (wrongs - 1) * (first - area * area)
        + (rights - 1) * (second - area * area)
    )
    return math.sqrt(max(0.0, variance) / (wrongs * rights))
