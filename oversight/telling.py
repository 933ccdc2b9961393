"""When what tests showed is told, and of which of them: of many, and nothing left over.

A lot is told as a whole or not at all; then of its kinds, difficulties and harms what
`cells.told` finds to tell of nobody. And the chart is looked at only after enough people added to
it: at the test that raised an alarm, it would say that its reviewer missed it.

The log says who claimed what, tests too. So nothing is told here that is all one way.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from oversight import cells
from oversight.acceptance import Plan
from oversight.cells import Part
from oversight.cusum import Chart
from reviews.lots import Lot

# after so long what could not be told is emptied
KEPT_WEEKS = 13
BETWEEN_WORDS = "|"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One line of what is told; empty words mean all."""

    kind: str = ""
    difficulty: str = ""
    harm: str = ""
    tests: int
    caught: int


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Where the chart stands after a look, and whether it alarms."""

    score: float
    alarm: bool


def key(kind: str, difficulty: str, harm: str) -> str:
    """Write as one word by what a test is counted in its lot."""
    return BETWEEN_WORDS.join((kind, difficulty, harm))


def told(lot: Lot, *, people: int = cells.PEOPLE) -> list[Told]:
    """Return what may be told of this lot, the whole first; nothing where that may not be."""
    parts = {name: Part(people=one.people, caught=one.caught) for name, one in lot.counts.items()}
    wanted = _wanted(parts)
    names = list(wanted.values())
    released = set(cells.told(parts, names, people=people, all_or_none=math.inf))
    if frozenset(parts) not in released:
        return []
    return [_line(words, cell, parts) for words, cell in wanted.items() if cell in released]


_Words = tuple[str, str, str]


def _wanted(parts: Mapping[str, Part]) -> dict[_Words, frozenset[str]]:
    """Name the cells that a page would show: all, each kind, each difficulty, each harm."""
    split = {name: name.split(BETWEEN_WORDS) for name in parts}
    found: dict[_Words, frozenset[str]] = {("", "", ""): frozenset(parts)}
    for place in range(3):
        for word in sorted({words[place] for words in split.values()}):
            cell = frozenset(name for name, words in split.items() if words[place] == word)
            # one kind only is the whole: it is told once
            if cell not in found.values():
                label = ["", "", ""]
                label[place] = word
                found[(label[0], label[1], label[2])] = cell
    return found


def _line(words: _Words, cell: frozenset[str], parts: Mapping[str, Part]) -> Told:
    inside = [parts[name] for name in cell]
    return Told(
        kind=words[0],
        difficulty=words[1],
        harm=words[2],
        tests=sum(sum(part.people.values()) for part in inside),
        caught=sum(part.caught for part in inside),
    )


def look(lot: Lot, chart: Chart) -> Looked | None:
    """Move the chart by what came since the last look; None while too few people made that."""
    if not _of_many(lot):
        return None
    score, alarm = lot.score, False
    for caught in lot.since:
        score = chart.step(score, missed=not caught)
        alarm = alarm or chart.alarms(score)
    return Looked(score=chart.head_start if alarm else score, alarm=alarm)


def rearm(lot: Lot, plan: Plan) -> Looked | None:
    """After an alarm: is it over? None while too few people made what came since.

    It is over when what came since says that misses are as usual again; what says the opposite
    begins anew.
    """
    if not _of_many(lot):
        return None
    score = lot.score
    for caught in lot.since:
        score += -plan.down if caught else plan.up
        if score <= plan.lower:
            return Looked(score=0.0, alarm=False)
        score = 0.0 if score >= plan.upper else score
    return Looked(score=score, alarm=True)


def _of_many(lot: Lot) -> bool:
    """Tell whether five people made what came since, none of them most of it.

    Less than what a figure takes, as an alarm says only that one of two things is so.
    """
    tests = sum(lot.met.values())
    return len(lot.met) >= cells.PEOPLE and max(lot.met.values()) <= cells.SHARE * tests


def week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def is_old(begun: date, today: date) -> bool:
    """Tell whether a lot is emptied untold."""
    return today - begun >= timedelta(weeks=KEPT_WEEKS)
