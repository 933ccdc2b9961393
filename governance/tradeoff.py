"""What it costs in people's attention to let fewer wrong actions through: pure curves.

A cut-off asks a person about everything ranked at least so high. Each gives a point: the share
asked, and the share of the wrong actions let through. Asking at random gives the diagonal.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from governance import estimates
from governance.estimates import Share

# a curve is drawn and read; more points than this say nothing more
MAX_POINTS = 60


@dataclass(frozen=True, kw_only=True)
class Point:
    """What one cut-off would have done with the proposals whose truth is known."""

    cut: str
    asked: Share
    # of the wrong ones, and of all that goes out
    passed: Share
    wrong_out: Share

    @property
    def chance(self) -> float:
        """The share of wrong ones that asking as often, but at random, lets through."""
        return 1 - self.asked.share

    @property
    def beats_chance(self) -> bool:
        return self.passed.interval[1] < self.chance

    def to_json(self) -> dict[str, object]:
        return {
            "cut": self.cut,
            "asked": self.asked.to_json(),
            "passed": self.passed.to_json(),
            "wrong_out": self.wrong_out.to_json(),
            "chance": self.chance,
            "beats_chance": self.beats_chance,
        }


def curve(cells: Mapping[int, tuple[int, int]], label: Callable[[int], str]) -> list[Point]:
    """Sweep the cut-off from asking nobody to asking about everything.

    `cells` counts (right, wrong) by rank; the highest rank is asked first.
    """
    points = list(_sweep(cells, label))
    if len(points) <= MAX_POINTS:
        return points
    last = len(points) - 1
    kept = {round(number * last / (MAX_POINTS - 1)) for number in range(MAX_POINTS)}
    return [point for number, point in enumerate(points) if number in kept]


def _sweep(cells: Mapping[int, tuple[int, int]], label: Callable[[int], str]) -> Iterator[Point]:
    rights = sum(right for right, _ in cells.values())
    wrongs = sum(wrong for _, wrong in cells.values())
    if rights + wrongs == 0:
        return
    right, wrong = rights, wrongs
    yield point("nobody is asked", right=right, wrong=wrong, rights=rights, wrongs=wrongs)
    for rank in sorted(cells, reverse=True):
        right, wrong = right - cells[rank][0], wrong - cells[rank][1]
        yield point(label(rank), right=right, wrong=wrong, rights=rights, wrongs=wrongs)


def point(cut: str, *, right: int, wrong: int, rights: int, wrongs: int) -> Point:
    """Make a point of how many right and wrong ones go out without anybody being asked."""
    known = rights + wrongs
    return Point(
        cut=cut,
        asked=Share(known - right - wrong, known),
        passed=Share(wrong, wrongs),
        wrong_out=Share(wrong, right + wrong),
    )


def against_chance(cells: Mapping[int, tuple[int, int]]) -> str:
    """Say in one sentence whether the order tells wrong actions from right ones."""
    found = estimates.ranking(cells)
    if found is None:
        return "Without wrong and right actions whose truth is known there is nothing to compare."
    area, low, high = found
    said = (
        f"A wrong action ranks above a right one {estimates.percent(area)} of the time "
        f"(95 %: {estimates.percent(low)} to {estimates.percent(high)}; chance gives 50 %)"
    )
    if low > 0.5:
        return f"{said}: the order helps."
    if high < 0.5:
        return f"{said}: the order is worse than chance, so it looks in the wrong places."
    return f"{said}: it cannot be told from chance."
