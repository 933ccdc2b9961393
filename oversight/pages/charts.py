"""Drawings as numbers, for the templates that make SVG of them; every figure is in a table too."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from oversight.queues.capacity import Hour
from oversight.queues.forecasts import Pair

WIDTH, LEFT, TOP, HEIGHT = 560, 56, 16, 110
# the second panel begins here
LOWER = 190
MOST_PAIRS = 48


@dataclass(frozen=True, kw_only=True)
class Line:
    y: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """One hour: what comes above, who is needed and who is there below."""

    x: str
    middle: str
    width: str
    right: str
    label: str
    come_y: str
    come_height: str
    come_said: str
    need_y: str
    need_height: str
    need_said: str
    there_y: str
    short: bool


@dataclass(frozen=True, kw_only=True)
class Day:
    come_lines: tuple[Line, ...]
    people_lines: tuple[Line, ...]
    columns: tuple[Column, ...]


def day(hours: Sequence[Hour]) -> Day:
    """Draw one day."""
    most_come = _round_up(max((hour.work.arrivals for hour in hours), default=0))
    most = max((max(hour.needed, hour.there or 0) for hour in hours), default=0)
    most_people = _round_up(most)
    step = WIDTH / max(1, len(hours))
    return Day(
        come_lines=_lines(TOP, most_come),
        people_lines=_lines(LOWER, most_people),
        columns=tuple(
            _column(hour, LEFT + step * place, step, most_come, most_people, place)
            for place, hour in enumerate(hours)
        ),
    )


def _column(
    hour: Hour, x: float, step: float, most_come: float, most_people: float, place: int
) -> Column:
    come, need = HEIGHT * hour.work.arrivals / most_come, HEIGHT * hour.needed / most_people
    there = None if hour.there is None else LOWER + HEIGHT * (1 - hour.there / most_people)
    return Column(
        x=_number(x + step * 0.12),
        middle=_number(x + step / 2),
        width=_number(step * 0.76),
        right=_number(x + step * 0.88),
        label=f"{hour.hour:02d}" if place % 3 == 0 else "",
        come_y=_number(TOP + HEIGHT - come),
        come_height=_number(come),
        come_said=f"{hour.hour:02d}:00: {hour.work.arrivals:.1f} come",
        need_y=_number(LOWER + HEIGHT - need),
        need_height=_number(need),
        need_said=f"{hour.hour:02d}:00: {hour.needed} needed",
        there_y="" if there is None else _number(there),
        short=hour.is_short,
    )


def _lines(top: float, most: float) -> tuple[Line, ...]:
    return tuple(
        Line(y=_number(top + HEIGHT * (1 - share)), label=f"{most * share:g}")
        for share in (0, 0.5, 1)
    )


@dataclass(frozen=True, kw_only=True)
class Whisker:
    """One hour: the span that was said, and the point that it came to."""

    x: str
    top: str
    bottom: str
    came: str
    outside: bool
    said: str


@dataclass(frozen=True, kw_only=True)
class Said:
    lines: tuple[Line, ...]
    whiskers: tuple[Whisker, ...]
    first: str
    last: str


def said(pairs: Sequence[Pair], words: Sequence[str]) -> Said | None:
    """Draw the waits that were said and those that came; None where there are none."""
    known = [
        (pair, word) for pair, word in zip(pairs, words, strict=True) if pair.wait is not None
    ][-MOST_PAIRS:]
    if not known:
        return None
    most = _round_up(max(max(pair.said.wait_high, pair.wait or 0) for pair, _ in known) / 60)
    step = WIDTH / len(known)

    def y(seconds: float) -> str:
        return _number(TOP + HEIGHT * (1 - seconds / 60 / most))

    return Said(
        lines=tuple(
            Line(y=_number(TOP + HEIGHT * (1 - share)), label=f"{most * share:g}")
            for share in (0, 0.5, 1)
        ),
        whiskers=tuple(
            Whisker(
                x=_number(LEFT + step * (place + 0.5)),
                top=y(pair.said.wait_high),
                bottom=y(pair.said.wait_low),
                came=y(pair.wait or 0),
                outside=not pair.wait_inside,
                said=word,
            )
            for place, (pair, word) in enumerate(known)
        ),
        first=f"{known[0][0].said.starts_at:%-d %b %H:%M}",
        last=f"{known[-1][0].said.starts_at:%-d %b %H:%M}",
    )


def _round_up(value: float) -> float:
    """Return the next round number, whose half is one as well."""
    if value <= 2:
        return 2.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1.0, 2.0, 4.0, 6.0, 8.0, 10.0) if step * size >= value)


def _number(value: float) -> str:
    return f"{value:.1f}"
