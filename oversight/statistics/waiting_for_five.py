"""How much later an alarm is told than it could be: until five people have met a test.

At the test that raised it, an alarm would say that its reviewer missed it. So the chart is looked
at only once what came since the last look is of five people, none of them most of it. Who meets the
next test is drawn, each person as likely as any. Counted in tests, exactly.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache

from oversight.statistics import cells

# what is less likely than this is left out
_LEAST = 1e-8
_MOST_TESTS = 2000

# how many tests each of them met, the most first
_Met = tuple[int, ...]


@lru_cache(maxsize=256)
def between_looks(people: int) -> tuple[float, ...]:
    """Return how likely it takes n tests from one look to the next, from 0 on; empty: never."""
    if people < cells.PEOPLE:
        return ()
    found: list[float] = [0.0]
    live: dict[_Met, float] = {(): 1.0}
    while live and len(found) <= _MOST_TESTS:
        seen, after = 0.0, defaultdict[_Met, float](float)
        for met, chance in live.items():
            for more, part in _next(met, people):
                if _may_look(more):
                    seen += chance * part
                elif chance * part > _LEAST:
                    after[more] += chance * part
        found.append(seen)
        live = after
    return tuple(found)


def _next(met: _Met, people: int) -> list[tuple[_Met, float]]:
    """Return what there can be after one more test, and how likely it is."""
    found = [((*met, 1), (people - len(met)) / people)] if len(met) < people else []
    for times, many in Counter(met).items():
        place = met.index(times)
        more = (*met[:place], times + 1, *met[place + 1 :])
        found.append((tuple(sorted(more, reverse=True)), many / people))
    return found


def _may_look(met: _Met) -> bool:
    return len(met) >= cells.PEOPLE and max(met) <= cells.SHARE * sum(met)


@lru_cache(maxsize=256)
def until_looked(people: int) -> tuple[float, ...]:
    """Return how likely a look comes so many tests after any test, 0 for with it; empty: never."""
    between = between_looks(people)
    if not between:
        return ()
    mean = sum(tests * chance for tests, chance in enumerate(between))
    left, found = sum(between), []
    for chance in between[1:]:
        # what takes at least so long
        found.append(left / mean)
        left -= chance
    return tuple(found)


def mean(people: int) -> float | None:
    """Return how many tests later a look comes, on average."""
    found = until_looked(people)
    return sum(tests * chance for tests, chance in enumerate(found)) if found else None


def days_within(
    share: float, alarms: Sequence[float], people: int, tests_a_day: float
) -> float | None:
    """Return in how many days so many alarms are told that come with the n-th test so likely.

    A look is taken once a day: a test comes at any time of it, its day ends some time later.
    """
    late = until_looked(people)
    if not late:
        return None
    together = [0.0] * (len(alarms) + len(late))
    for tests, chance in enumerate(alarms):
        if chance > _LEAST:
            for more, part in enumerate(late):
                together[tests + more] += chance * part

    def told(days: float) -> float:
        return sum(
            chance * min(1.0, max(0.0, days - tests / tests_a_day))
            for tests, chance in enumerate(together)
        )

    low, high = 0.0, len(together) / tests_a_day + 1
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if told(middle) < share else (low, middle)
    return high
