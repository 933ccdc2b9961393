"""Shares week by week as numbers for the SVG, each with its interval."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from governance.estimates import Share
from oversight.counted.summary import Figures, Summary
from oversight.pages import happened

WIDTH, LEFT, TOP, HEIGHT = 560, 56, 24, 130
_SCALES = (0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, kw_only=True)
class Point:
    x: str
    y: str
    low: str
    high: str
    label: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    y: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A week in which something else happened."""

    x: str
    label: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    title: str
    demo: bool
    ticks: tuple[Tick, ...]
    points: tuple[Point, ...]
    marks: tuple[Marked, ...]


def caught(found: Summary) -> Drawing | None:
    """Draw what tests showed in the weeks in which it was told; one point is no course."""
    known = found.tested.by_week
    if len(known) < 2:
        return None
    return _of_shares("Wrong ones caught, by the week in which it was told", found, known)


def drawings(found: Summary) -> tuple[Drawing, Drawing, Drawing]:
    return (
        _drawing("Overridden, of decisions on actions", found, lambda one: one.overridden),
        _drawing("Answered by people in time", found, lambda one: one.in_time),
        _drawing("Asked a person, of all proposed", found, lambda one: one.escalation),
    )


def _drawing(title: str, found: Summary, share: Callable[[Figures], Share]) -> Drawing:
    return _of_shares(title, found, {day: share(one) for day, one in found.by_week.items()})


def _of_shares(title: str, found: Summary, of_week: Mapping[date, Share]) -> Drawing:
    known = [(day, share) for day, share in sorted(of_week.items()) if share.of]
    highest = max([one.interval[1] for _, one in known], default=0)
    top = next(scale for scale in _SCALES if scale >= highest)
    step = WIDTH / max(1, len(known))
    # as many names as can be read
    every = max(1, len(known) // 6)

    def y(value: float) -> str:
        return f"{TOP + HEIGHT * (1 - min(value, top) / top):.1f}"

    marks = happened.marks(found.events)
    return Drawing(
        title=title,
        demo=found.is_demo,
        ticks=tuple(Tick(y=y(top * part), label=f"{100 * top * part:g} %") for part in (0, 0.5, 1)),
        points=tuple(
            _point(day, one, LEFT + step * (place + 0.5), y, place % every == 0)
            for place, (day, one) in enumerate(known)
        ),
        marks=tuple(
            Marked(
                x=f"{LEFT + step * (place + 0.5):.1f}", label=marks[day].label,
                said=marks[day].said,
            )
            for place, (day, _) in enumerate(known)
            if day in marks
        ),
    )  # fmt: skip


def _point(day: date, share: Share, x: float, y: Callable[[float], str], named: bool) -> Point:
    low, high = share.interval
    return Point(
        x=f"{x:.1f}",
        y=y(share.share),
        low=y(low),
        high=y(high),
        label=f"{day:%-d %b}" if named else "",
        said=f"Week of {day:%-d %b %Y}: {share}",
    )
