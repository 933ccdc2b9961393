"""Action types that could be done without asking, and the evidence that is still missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from governance.estimates import Share, percent
from oversight.counted.summary import Part
from oversight.counted.tested import Tested
from oversight.counted.weeks import Scope
from oversight.pages import lines, tested_lines
from oversight.statistics import shares

# an action type may be done without asking once so few corrections are certain
AUTOMATIC, WORTH_A_LOOK = 0.01, 0.05


@dataclass(frozen=True, kw_only=True)
class Candidate:
    name: str
    approved: str
    at_most: str
    missing: str


def candidates(parts: Sequence[Part], tested: Tested) -> list[Candidate]:
    """Name the action types that are hardly ever corrected, and the evidence still missing."""
    found = []
    for one in parts:
        corrected = one.figures.overridden
        if one.scope != Scope.ACTION or corrected.of < shares.ENOUGH:
            continue
        if corrected.share > WORTH_A_LOOK:
            continue
        most = shares.at_most(corrected.count, corrected.of)
        if most > WORTH_A_LOOK:
            continue
        found.append(
            Candidate(
                name=one.name,
                approved=str(lines.rest(corrected)),
                at_most=percent(most),
                missing=_missing(corrected, most, tested),
            )
        )
    return found


def _missing(corrected: Share, most: float, tested: Tested) -> str:
    untested = tested_lines.missing_of(tested)
    if most <= AUTOMATIC:
        return f"Only {untested}"
    # with no further correction
    low, high = 0, 100_000
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        if shares.is_below(AUTOMATIC, corrected.count, corrected.of + middle):
            high = middle
        else:
            low = middle
    more = high
    return f"About {more:,} more without a correction, and {untested}"
