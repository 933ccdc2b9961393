"""When what tests showed is told, and of which of them: of many, and nothing left over.

A lot is told as a whole or not at all; then of its kinds, difficulties and harms those between
which every piece is of many too. And the chart is looked at only after enough people added to
it: at the test that raised an alarm, it would say that its reviewer missed it.

The log says who claimed what, tests too. So nothing is told here that is all one way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from oversight.statistics import cells
from oversight.statistics.acceptance import Plan
from oversight.statistics.cells import Part
from oversight.statistics.cusum import Chart
from reviews import lots
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


def close(lot: Lot) -> tuple[list[Told], Lot]:
    """Return what a week that is over lets tell, and the lot as it goes on."""
    rows, goes_on = close_as_one(lot, people=cells.PEOPLE)
    return rows, goes_on(lot)


def close_as_one(lot: Lot, *, people: int) -> tuple[list[Told], Callable[[Lot], Lot]]:
    """Return what this lot lets tell, and how each one that it was put together from goes on."""
    rows = told(lot, people=people)
    if rows:
        return rows, _begun_anew
    return [], lots.held_back if is_one_way(lot, people=people) else _as_it_is


def _begun_anew(lot: Lot) -> Lot:
    """Where fewer than five people were, nobody looks at the chart: nothing is kept for that."""
    if len(lot.people) < cells.PEOPLE:
        return lots.empty(score=lot.score)
    return lots.begun_anew(lot)


def _as_it_is(lot: Lot) -> Lot:
    return lot


def told(lot: Lot, *, people: int = cells.PEOPLE) -> list[Told]:
    """Return what may be told of this lot, the whole first; nothing where that may not be.

    Which cells are told is settled by who was tested, which is no secret, and not by what it
    showed: else a cell that is missing would tell. Where one of them would say of somebody what
    they did, none is told but the whole.
    """
    parts = _parts(lot)
    wanted = _wanted(parts)
    if not _is_of_many(parts, frozenset(parts), people) or is_one_way(lot, people=people):
        return []
    cut = _cut(parts, list(wanted.values()), people)
    if any(_one_way(parts, atom) for atom in _atoms(parts, cut)):
        cut = [frozenset(parts)]
    return [_line(words, cell, lot) for words, cell in wanted.items() if cell in cut]


def is_one_way(lot: Lot, *, people: int = cells.PEOPLE) -> bool:
    """Tell whether a lot is of many, and not told only because nobody, or all, missed."""
    parts = _parts(lot)
    whole = frozenset(parts)
    return _is_of_many(parts, whole, people) and _one_way(parts, whole)


def _parts(lot: Lot) -> dict[str, Part]:
    return {name: Part(people=one.people, caught=one.caught) for name, one in lot.counts.items()}


def _is_of_many(parts: Mapping[str, Part], cell: frozenset[str], people: int) -> bool:
    return cells.is_of_many((parts[name] for name in cell), people=people)


def _one_way(parts: Mapping[str, Part], cell: frozenset[str]) -> bool:
    caught = sum(parts[name].caught for name in cell)
    return caught in (0, sum(sum(parts[name].people.values()) for name in cell))


def _cut(
    parts: Mapping[str, Part], wanted: list[frozenset[str]], people: int
) -> list[frozenset[str]]:
    """Take each cell in turn, if all that lies between it and those before is of many too."""
    found: list[frozenset[str]] = []
    for cell in wanted:
        if all(_is_of_many(parts, atom, people) for atom in _atoms(parts, [*found, cell])):
            found.append(cell)
    return found


def _atoms(parts: Mapping[str, Part], cut: list[frozenset[str]]) -> list[frozenset[str]]:
    """Return the pieces into which these cells cut the lot.

    From sums that overlap more follows than their differences, as nobody misses half a test: so
    what lies in several cells at once has to be of many by itself.
    """
    pieces: dict[tuple[bool, ...], set[str]] = {}
    for name in parts:
        pieces.setdefault(tuple(name in cell for cell in cut), set()).add(name)
    return [frozenset(piece) for piece in pieces.values()]


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


def _line(words: _Words, cell: frozenset[str], lot: Lot) -> Told:
    """Write what is told, with what was held back of the same before."""
    inside = [(lot.counts[name].caught, lot.counts[name].tests) for name in cell]
    held = [
        sums
        for name, sums in lot.held.items()
        if all(
            one in ("", other) for one, other in zip(words, name.split(BETWEEN_WORDS), strict=True)
        )
    ]
    return Told(
        kind=words[0],
        difficulty=words[1],
        harm=words[2],
        tests=sum(tests for _, tests in (*inside, *held)),
        caught=sum(caught for caught, _ in (*inside, *held)),
    )


def look(lot: Lot, chart: Chart) -> Looked | None:
    """Move the chart by what came since the last look; None while too few people made that."""
    return _moved(lot.score, lot.since, chart) if _of_many(lot) else None


def _moved(score: float, since: Sequence[bool], chart: Chart) -> Looked:
    alarm = False
    for caught in since:
        score = chart.step(score, missed=not caught)
        alarm = alarm or chart.alarms(score)
    return Looked(score=chart.head_start if alarm else score, alarm=alarm)


def rearm(lot: Lot, plan: Plan, chart: Chart) -> Looked | None:
    """After an alarm: is it over? None while too few people made what came since.

    It is over when what came since says that misses are as usual again; then the chart goes on,
    half way to the next alarm, as what it was may be so again. The opposite begins anew.
    """
    if not _of_many(lot):
        return None
    score = lot.score
    for number, caught in enumerate(lot.since, start=1):
        score += -plan.down if caught else plan.up
        if score <= plan.lower:
            return _moved(chart.head_start, lot.since[number:], chart)
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
