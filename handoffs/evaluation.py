"""Evaluate conditions over the facts of one proposal: compiled once, total, without a clock."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from handoffs import signals, texts
from handoffs.conditions import (
    AllOf,
    AnyField,
    AnyOf,
    Compare,
    Condition,
    Missing,
    Not,
    Scalar,
)
from handoffs.signals import Action, ActionType, Signals
from handoffs.states import Impact, Reversibility

# a text longer than this is not searched for keywords: what it mentions is unknown
MAX_SEARCHED = 50_000

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# money arrives as text: a limit must not be passed by writing "1000.00" instead of 1000
_DECIMAL = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")

# no keyword is as long as this, so none reaches from one text of a list into the next
_BETWEEN = f" {'x' * 201} "

Test = Callable[["Facts"], bool | None]


class _Unknown:
    """Stands for every value that only a proposal would bring."""


_UNKNOWN = _Unknown()
_ANY_TYPE = ActionType(name="", impact=Impact.LOW, reversibility=Reversibility.REVERSIBLE)


class Facts:
    """What one evaluation reads, each name once."""

    def __init__(self, action: Action, signals: Signals, zone: tzinfo = UTC) -> None:
        self._action = action
        self._zone = zone
        self._signals: Signals | None = signals
        self._values: dict[str, Any] = {}
        self._numbers: dict[str, int | float | Decimal | None] = {}
        self._lists: dict[str, frozenset[str]] = {}
        self._searchable: dict[str, str | None] = {}
        self._folded: dict[str, tuple[str, ...] | None] = {}

    @classmethod
    def of_any(cls, action_type: ActionType) -> "Facts":
        """Stand for every proposal of this action type: all but the type's own facts is open."""
        facts = cls(action_type.with_arguments({}), Signals())
        facts._signals = None
        return facts

    @classmethod
    def of_one(cls, name: str, value: Any) -> "Facts":
        """Stand for every proposal in which `name` has this value."""
        facts = cls.of_any(_ANY_TYPE)
        facts._values[name] = value
        return facts

    def value(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            pass
        if self._signals is not None:
            found = signals.reads(name, self._action, self._signals, self._zone)
        elif name in signals.ACTION_FACTS:
            found = signals.reads(name, self._action, Signals())
        else:
            found = _UNKNOWN
        self._values[name] = found
        return found

    def number(self, name: str) -> int | float | Decimal | None:
        """Return a number, however it was written, or None."""
        try:
            return self._numbers[name]
        except KeyError:
            pass
        got = self.value(name)
        found: int | float | Decimal | None = got if signals.is_number(got) else None
        if isinstance(got, str) and _DECIMAL.fullmatch(got.strip()):
            found = Decimal(got.strip())
        self._numbers[name] = found
        return found

    def listed(self, name: str, got: list[Any] | tuple[Any, ...]) -> frozenset[str]:
        if name not in self._lists:
            self._lists[name] = frozenset(item for item in got if isinstance(item, str))
        return self._lists[name]

    def searchable(self, name: str) -> str | None:
        """Return the text as keywords are looked for in it, or None for what cannot be searched.

        Of a list of texts, all; the line between two of them is a word of no keyword.
        """
        if name not in self._searchable:
            got = self.value(name)
            if isinstance(got, list | tuple) and all(isinstance(one, str) for one in got):
                got = _BETWEEN.join(got)
            fits = isinstance(got, str) and got.strip() and len(got) <= MAX_SEARCHED
            self._searchable[name] = texts.searchable(got) if fits else None
        return self._searchable[name]

    def folded(self, name: str) -> tuple[str, ...] | None:
        """Return what is looked up in watchlists: a text, a whole number or a list of these."""
        if name not in self._folded:
            got = self.value(name)
            items = got if isinstance(got, list | tuple) else [got]
            spelled = [_spelled(item) for item in items]
            read = tuple(texts.folded(one) for one in spelled if one is not None)
            self._folded[name] = read if len(read) == len(items) else None
        return self._folded[name]


def _spelled(item: Any) -> str | None:
    if isinstance(item, str):
        return item if item.strip() and len(item) <= MAX_SEARCHED else None
    return str(item) if isinstance(item, int) and signals.is_number(item) else None


def compile(condition: Condition) -> Test:
    """Make the function that answers True, False or None (unknown) for given facts."""
    match condition:
        case Compare():
            return _comparing(condition)
        case AnyField(items):
            return _any_field([(item.signal, _comparing(item)) for item in items])
        case Missing(signal):
            return lambda facts: _is_missing(facts.value(signal))
        case Not(item):
            inner = compile(item)
            return lambda facts: None if (held := inner(facts)) is None else not held
        case AllOf(items):
            return _joining([compile(item) for item in items], decided_by=False)
        case AnyOf(items):
            return _joining([compile(item) for item in items], decided_by=True)


def unknown_names(condition: Condition, facts: Facts) -> tuple[str, ...]:
    """Name what kept a condition from being true or false, each once."""
    return tuple(dict.fromkeys(_unknown_names(condition, facts)))


def _unknown_names(condition: Condition, facts: Facts) -> Iterator[str]:
    match condition:
        case Not(item):
            yield from _unknown_names(item, facts)
        case AllOf(items) | AnyOf(items):
            for item in items:
                yield from _unknown_names(item, facts)
        case AnyField(items) if compile(condition)(facts) is None:
            for item in items:
                yield from _unknown_names(item, facts)
        case Compare() | Missing() if compile(condition)(facts) is None:
            yield condition.signal


def _any_field(tests: list[tuple[str, Test]]) -> Test:
    """Hold when it holds of any field; what is not there is passed over, what is unreadable not."""

    def test(facts: Facts) -> bool | None:
        read = unreadable = False
        for name, one in tests:
            held = one(facts)
            if held:
                return True
            if held is False:
                read = True
            elif _is_missing(facts.value(name)) is not True:
                unreadable = True
        return False if read and not unreadable else None

    return test


def _joining(tests: list[Test], *, decided_by: bool) -> Test:
    def joined(facts: Facts) -> bool | None:
        answer: bool | None = not decided_by
        for test in tests:
            held = test(facts)
            if held is decided_by:
                return decided_by
            if held is None:
                answer = None
        return answer

    return joined


def _is_missing(value: Any) -> bool | None:
    if value is _UNKNOWN:
        return None
    return (
        value is None
        or value == ()
        or value == []
        or (isinstance(value, str) and not value.strip())
    )


def _comparing(leaf: Compare) -> Test:
    value = leaf.value
    if leaf.op == "contains_any":
        listed_texts = tuple(str(item) for item in _tuple(value))
        if leaf.list is not None:
            return _mentioning(leaf.signal, listed_texts)
        return _containing(leaf.signal, listed_texts)
    if leaf.list is not None:
        return _watched(leaf.signal, folded_entries(tuple(str(item) for item in _tuple(value))))
    if leaf.op == "in":
        listed = _tuple(value)
        if signals.is_number(listed[0]):
            exact = frozenset(listed)
            written = frozenset(map(_decimal, listed))
            return _numeric(leaf.signal, exact.__contains__, written.__contains__)
        return _textual(leaf.signal, frozenset(listed).__contains__)
    compared = _COMPARED[leaf.op]
    if isinstance(value, bool):
        return lambda facts: (
            compared(got, value) if isinstance(got := facts.value(leaf.signal), bool) else None
        )
    if isinstance(value, str):
        return _textual(leaf.signal, lambda got: compared(got, value))
    exactly = _decimal(value)
    return _numeric(
        leaf.signal, lambda got: compared(got, value), lambda got: compared(got, exactly)
    )


def _tuple(value: Scalar | tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    return value if isinstance(value, tuple) else (value,)


def _decimal(number: Any) -> Decimal:
    # by its shortest spelling: 200.1 is what the manager wrote, not the double next to it
    return Decimal(repr(number))


def _numeric(name: str, number: Callable[[Any], bool], written: Callable[[Decimal], bool]) -> Test:
    def test(facts: Facts) -> bool | None:
        got = facts.number(name)
        if got is None:
            return None
        return written(got) if isinstance(got, Decimal) else number(got)

    return test


def _textual(name: str, holds: Callable[[str], bool]) -> Test:
    def test(facts: Facts) -> bool | None:
        got = facts.value(name)
        return holds(got) if isinstance(got, str) and got.strip() else None

    return test


@lru_cache(maxsize=64)
def folded_entries(entries: tuple[str, ...]) -> frozenset[str]:
    """Return the entries of a watchlist as they are looked up."""
    return frozenset(map(texts.folded, entries))


def _watched(name: str, watched: frozenset[str]) -> Test:
    def test(facts: Facts) -> bool | None:
        got = facts.folded(name)
        return None if got is None else not watched.isdisjoint(got)

    return test


def _containing(name: str, listed: tuple[str, ...]) -> Test:
    """Compare a list item by item, and search a text for keywords."""
    exact = frozenset(listed)
    mentions = _mentioning(name, listed)

    def test(facts: Facts) -> bool | None:
        got = facts.value(name)
        if isinstance(got, list | tuple):
            return not exact.isdisjoint(facts.listed(name, got))
        return mentions(facts)

    return test


def _mentioning(name: str, listed: tuple[str, ...]) -> Test:
    """Search a text, or a list of texts, for keywords as whole words."""
    keywords = tuple(filter(None, map(texts.keyword, listed)))

    def test(facts: Facts) -> bool | None:
        text = facts.searchable(name)
        if text is None:
            return None
        for keyword in keywords:  # noqa: SIM110 - a generator costs more than the search
            if keyword in text:
                return True
        return False

    return test
