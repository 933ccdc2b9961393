"""Values at the edges of comparisons: enough of them to stand for every value there is.

Comparisons cut what a name may hold into pieces: below a limit, the limit itself, above it; a text
that is listed, one that is not. One value from each piece answers for all, which makes "is there a
proposal on which …" a question with finitely many answers to try. `Edges.complete` says when that
holds; where a name is compared with numbers and searched for words too, it is not promised.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from governance import shapes
from handoffs import signals, texts
from handoffs.conditions import EQUAL, MAX_TEXT, Compare, Missing
from handoffs.evaluation import MAX_SEARCHED, folded_entries
from handoffs.signals import ActionType, Known, Type

Leaf = Compare | Missing
# what a comparison may come out as: true, false, or None for unknown
States = frozenset[bool | None]
TRUE: States = frozenset({True})
FALSE: States = frozenset({False})
NOT_FALSE: States = frozenset({True, None})
NOT_TRUE: States = frozenset({False, None})
UNKNOWN: States = frozenset({None})

_TRIED_OF_LIST = 20
# a microsecond, in hours
_TICK = 1 / 3.6e9
_LONG = "word " * (MAX_SEARCHED // 5 + 1)


@dataclass(frozen=True)
class Wanted:
    """A comparison and what it shall come out as."""

    leaf: Leaf
    states: States


@dataclass(frozen=True)
class Edges:
    """Values worth trying, the most telling first, and whether they stand for all there are."""

    values: tuple[Any, ...]
    complete: bool


def of(name: str, wanted: Sequence[Wanted], action_type: ActionType) -> Edges:
    """Return values of `name` that meet what is wanted of it, if any value does."""
    expected = signals.known(name)
    assert expected is not None
    shape = _shape(name, action_type)
    if shape is None:
        return Edges((None,), complete=True)
    reads = _Reads(wanted, shape)
    made: list[Iterable[Any]] = [shape.choices]
    if expected.type in (Type.NUMBER, Type.COUNT, Type.OPEN):
        numbers = _numbers(expected, reads.limits, whole="integer" in shape.kinds)
        made.append(_ticks(numbers) if name == "time.hour" else numbers)
    if expected.type in (Type.TEXT, Type.OPEN):
        made.append(expected.choices or _texts(reads))
    if expected.type in (Type.LIST, Type.OPEN):
        made.append(_lists(reads))
    if expected.type in (Type.TRUTH, Type.OPEN):
        made.append([True, False])
    if expected.type is Type.OPEN:
        made.append([*_written(reads.limits), {}])
    if expected.unknown_when_missing:
        made.append([None])
    return Edges(
        values=tuple(filter(shape.fits, _distinct(itertools.chain(*made)))),
        complete=reads.one_way,
    )


def around(name: str, leaves: Sequence[Leaf], action_type: ActionType) -> tuple[Any, ...]:
    """Return values of `name` on both sides of each comparison."""
    sides = [
        of(name, [Wanted(leaf, side)], action_type).values
        for leaf in leaves
        for side in (TRUE, FALSE)
    ]
    # what is unreadably long comes last
    return tuple(sorted(_distinct(itertools.chain(*sides)), key=lambda one: one == _LONG))


def _shape(name: str, action_type: ActionType) -> shapes.Shape | None:
    prefix, *path = name.split(".")
    return shapes.of(action_type.schema, path) if prefix == "arguments" else shapes.ANY


class _Reads:
    """What comparisons of one name look at."""

    def __init__(self, wanted: Sequence[Wanted], shape: shapes.Shape) -> None:
        compared = [(one.leaf, one.states) for one in wanted if isinstance(one.leaf, Compare)]
        plain = [leaf for leaf, _ in compared if leaf.list is None]
        limits = [
            value
            for leaf in plain
            for value in _listed(leaf)
            if signals.is_number(value) and leaf.op != "contains_any"
        ]
        ends = [end for end in (shape.low, shape.high) if end is not None]
        self.limits = [*limits, *ends]
        self.listed = [
            str(value)
            for leaf in plain
            for value in _listed(leaf)
            if isinstance(value, str) and leaf.op in (*EQUAL, "in")
        ]
        searched = [(leaf, states) for leaf, states in compared if leaf.op == "contains_any"]
        self.found = [_words(leaf) for leaf, states in searched if False not in states]
        self.avoided = [w for leaf, states in searched if True not in states for w in _words(leaf)]
        self.either = [w for leaf, states in searched if None in states for w in _words(leaf)]
        watched = [(leaf, s) for leaf, s in compared if leaf.list is not None and leaf.op == "in"]
        self.watched = [_words(leaf) for leaf, states in watched if False not in states]
        self.unwatched = [
            folded_entries(tuple(_words(leaf))) for leaf, states in watched if True not in states
        ]
        ways = {
            "limits": bool(limits),
            "listed": bool(self.listed),
            "words": any(leaf.list is None for leaf, _ in searched),
            "keywords": any(leaf.list is not None for leaf, _ in searched),
            "watched": bool(watched),
        }
        used = {way for way, is_used in ways.items() if is_used}
        # a name that is read in one way, or in two that do not meet, is decided by its edges
        self.one_way = len(used) <= 1 or used in ({"limits", "listed"}, {"listed", "words"})


def _words(leaf: Compare) -> list[str]:
    return [str(value) for value in _listed(leaf)]


def _listed(leaf: Compare) -> tuple[Any, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


def _numbers(expected: Known, limits: Sequence[float], *, whole: bool) -> Iterator[int | float]:
    """Give each limit, what lies next to it, and what lies between two."""
    share = expected.high == 1
    ends = [Decimal(repr(end)) for end in (expected.low, expected.high) if end is not None]
    exact = [Decimal(repr(limit)) for limit in limits]
    steps = [(limit, _step(limit, share)) for limit in exact]
    near = [value for limit, step in steps for value in (limit, limit + step, limit - step)]
    cuts = sorted({*exact, *ends})
    between = [(low + high) / 2 for low, high in itertools.pairwise(cuts)]
    beyond = [cuts[0] - 1, cuts[-1] + 1] if cuts else [Decimal(1)]
    for value in [*near, *between, *beyond, *ends]:
        for number in _as_numbers(value, whole=whole or expected.type is Type.COUNT):
            if signals.is_number(number) and signals.in_range(expected, number):
                yield number


def _as_numbers(value: Decimal, *, whole: bool) -> list[int | float]:
    if whole:
        return [math.floor(value), math.ceil(value), math.floor(value) + 1]
    return [int(value) if value == value.to_integral_value() else float(value)]


def _ticks(hours: Iterable[float]) -> Iterator[float]:
    """Give the hours as a clock shows them, and what it shows just before and after."""
    for hour in hours:
        yield signals.hour_of_a_clock(hour)
        yield signals.hour_of_a_clock(hour + _TICK)
        yield signals.hour_of_a_clock(hour - _TICK)


def _step(limit: Decimal, share: bool) -> Decimal:
    """Return the step in the last place that was written: 1 beside 200, 0.01 beside 49.99."""
    exponent = limit.as_tuple().exponent
    places = min(int(exponent), -2 if share else 0)
    return Decimal(1).scaleb(places)


def _written(limits: Sequence[float]) -> Iterator[str]:
    """Give numbers as text, which reaches between two doubles."""
    exact = sorted({Decimal(repr(limit)) for limit in limits})
    between = [(low + high) / 2 for low, high in itertools.pairwise(exact)]
    beyond = [exact[0] - 1, exact[-1] + 1] if exact else []
    for value in [*exact, *between, *beyond]:
        yield f"{value:f}"
        # the same number, and as a text surely none of the listed ones
        yield f"{value:f}".rjust(MAX_TEXT + 20)


def _texts(reads: _Reads) -> Iterator[str]:
    yield from reads.listed
    yield from _on_lists(reads)
    forbidden = [*reads.avoided]
    chosen = [next((w for w in words if _free_of(w, forbidden)), None) for words in reads.found]
    other = _unlike([*reads.listed, *reads.avoided, *reads.either, *itertools.chain(*reads.found)])
    if all(chosen):
        found = [word for word in dict.fromkeys(chosen) if word]
        if found:
            yield f" {other} ".join(found)
        yield f" {other} ".join([other, *found])
    yield from (word for words in reads.found for word in words)
    yield from reads.either
    if reads.found or reads.avoided or reads.either:
        yield _LONG


def _free_of(word: str, forbidden: Iterable[str]) -> bool:
    text = texts.searchable(word)
    return not any((found := texts.keyword(other)) and found in text for other in forbidden)


def _unlike(taken: Sequence[str]) -> str:
    """Return a word that is none of those and holds none of them."""
    known = set(taken) | {word for one in taken for word in texts.searchable(one).split()}
    words = itertools.chain(["other", "something"], (f"other{n}" for n in itertools.count()))
    return next(word for word in words if word not in known)


def _on_lists(reads: _Reads) -> Iterator[str]:
    """Give some entries that are on every list wanted and on none unwanted."""
    if not reads.watched:
        return
    first, *others = reads.watched
    kept = [folded_entries(tuple(entries)) for entries in others]
    fitting = (
        entry
        for entry in first
        if all(texts.folded(entry) in one for one in kept)
        and not any(texts.folded(entry) in one for one in reads.unwatched)
    )
    yield from itertools.islice(fitting, _TRIED_OF_LIST)


def _lists(reads: _Reads) -> Iterator[list[str]]:
    unwatched = frozenset[str]().union(*reads.unwatched)
    watched = [
        next((entry for entry in entries if texts.folded(entry) not in unwatched), None)
        for entries in reads.watched
    ]
    if watched and all(watched):
        yield [entry for entry in watched if entry]
    avoided = set(reads.avoided)
    chosen = [next((w for w in words if w not in avoided), None) for words in reads.found]
    other = _unlike([*reads.avoided, *reads.either, *itertools.chain(*reads.found)])
    if all(word is not None for word in chosen):
        found = [word for word in dict.fromkeys(chosen) if word is not None]
        yield found
        yield [*found, other]
    yield from ([word] for word in reads.either)
    yield []


def _distinct(values: Iterable[Any]) -> Iterator[Any]:
    seen: set[tuple[type, str]] = set()
    for value in values:
        key = (type(value), repr(value))
        if key not in seen:
            seen.add(key)
            yield value
