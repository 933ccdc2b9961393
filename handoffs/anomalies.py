"""What stands out among actions that nobody was asked about, and against what.

Pure: the same history and proposal give the same figures. Every figure has a threshold and a
number below which it stays silent; both stand here and in `docs/how-to/sampling.md`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from statistics import median

from handoffs import histories, robust
from handoffs.histories import History, Seen
from handoffs.states import AUTONOMOUS_TIERS
from handoffs.titles import visible

# what no person sees before it is done
WATCHED = AUTONOMOUS_TIERS
# a new action type stands out only in a workflow that has shown what it usually does
WORKFLOW_MINIMUM = 100
# a value is new to a category only when so many were seen
CATEGORY_MINIMUM = 100
# hours of the same time of day, seven days with an hour before and after
HOURS_MINIMUM = 21
RATE_MINIMUM = 20
# and busier than the busiest of these hours by so much
RATE_REACH = 1.5
REPEATS_MINIMUM = 50
_VALUE_LENGTH = 40


class Sensitivity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """From where on a figure stands out.

    `deviations` robust deviations from the median, and `reach` times as far out as all but the
    outermost 2 %; a value whose kind had at most `unseen` of a chance to appear; `repeats` of the
    same in one run within ten minutes.
    """

    deviations: float
    reach: float
    unseen: float
    repeats: int


THRESHOLDS: Mapping[Sensitivity, Thresholds] = {
    Sensitivity.LOW: Thresholds(deviations=7.0, reach=3.0, unseen=0.002, repeats=12),
    Sensitivity.NORMAL: Thresholds(deviations=5.0, reach=2.25, unseen=0.004, repeats=6),
    Sensitivity.HIGH: Thresholds(deviations=4.0, reach=1.75, unseen=0.01, repeats=4),
}


@dataclass(frozen=True)
class Figure:
    """What stood out, in a sentence; one `key` is one storm, however often it is seen."""

    key: str
    sentence: str


def judge(history: History | None, seen: Seen, *, others: int, limits: Thresholds) -> list[Figure]:
    """Say what stands out in a proposal; `others` counts its workflow's proposals before it."""
    if history is None or history.total == 0:
        return list(_first(seen, others))
    return [
        *_numbers(history, seen, limits),
        *_categories(history, seen, limits),
        *_rate(history, seen, limits),
        *_repeats(history, seen, limits),
    ]


def _first(seen: Seen, others: int) -> Iterator[Figure]:
    if others >= WORKFLOW_MINIMUM:
        yield Figure(
            f"new:{seen.action_type}",
            f"This is the first {seen.action_type} that an agent did by itself; the {others:,} "
            "actions before it were of other types.",
        )


def _numbers(history: History, seen: Seen, limits: Thresholds) -> Iterator[Figure]:
    for path, value in histories.numbers(seen.arguments):
        others = history.numbers.get(path, [])
        found = robust.deviation(value, others)
        if found is None or abs(found.score) < limits.deviations or found.reach < limits.reach:
            continue
        written = _writer(value, *others)
        against = f"the last {len(others)} {seen.action_type}"
        if abs(found.score) == float("inf"):
            said = f"{path} is {written(value)}; in each of {against} it was {written(others[0])}."
        else:
            side = "above" if found.score > 0 else "below"
            scale = " on a logarithmic scale" if found.logarithmic else ""
            said = (
                f"{path} {written(value)} is {abs(found.score):.1f} robust deviations{scale} "
                f"{side} the median {written(found.median)} of {against}."
            )
        yield Figure(f"number:{seen.action_type}:{path}", said)


def _categories(history: History, seen: Seen, limits: Thresholds) -> Iterator[Figure]:
    """Find values that were never there, where the values so far left them hardly a chance.

    Good and Turing: the chance of a value not seen yet is about the share of those seen once. So
    ids and free text, where nearly every value is new, never stand out.
    """
    for path, text in histories.categories(seen.arguments):
        values, recent = history.values.get(path), history.recent.get(path, [])
        if values is None or len(recent) < CATEGORY_MINIMUM or histories.known(text) in values:
            continue
        once = sum(1 for count in Counter(recent).values() if count == 1)
        if (once + 1) / (len(recent) + 1) <= limits.unseen:
            shown = visible(text[:_VALUE_LENGTH])
            yield Figure(
                f"value:{seen.action_type}:{path}:{histories.known(text)}",
                f"{path} is “{shown}”, which none of the last {len(recent)} "
                f"{seen.action_type} had; there were {len(values)} different ones.",
            )


def _rate(history: History, seen: Seen, limits: Thresholds) -> Iterator[Figure]:
    """Compare this hour with the same time of day on the days before."""
    usual = _usual_hours(history, seen.hour)
    count = history.hours.get(seen.hour, 0) + 1
    if len(usual) < HOURS_MINIMUM or count < RATE_MINIMUM:
        return
    middle = median(usual)
    spread = robust.TO_SIGMA * median(abs(one - middle) for one in usual)
    # even the steadiest arrivals scatter like this
    spread = max(spread, max(middle, 1.0) ** 0.5)
    score = (count - middle) / spread
    if score >= limits.deviations and count >= RATE_REACH * max(usual):
        since = datetime.fromtimestamp(seen.hour * 3600, UTC)
        yield Figure(
            f"rate:{seen.action_type}",
            f"{count:,} {seen.action_type} since {since:%H:%M} UTC is {score:.1f} robust "
            f"deviations above the median {middle:g} of the last {len(usual)} hours around this "
            "time of day.",
        )


def _usual_hours(history: History, hour: int) -> list[int]:
    return [
        history.hours.get(before, 0)
        for days in range(1, histories.DAYS + 1)
        for before in (hour - 24 * days + shift for shift in (-1, 0, 1))
        if before > history.first_hour
    ]


def _repeats(history: History, seen: Seen, limits: Thresholds) -> Iterator[Figure]:
    count = histories.repeated(history, seen)
    if len(history.ended) < REPEATS_MINIMUM or count < limits.repeats:
        return
    usual = sorted(history.ended)[int(0.99 * (len(history.ended) - 1))]
    if count > 2 * usual:
        yield Figure(
            f"repeats:{seen.action_type}:{histories.known(seen.run)}",
            f"This run has proposed {seen.action_type} with the same arguments {count} times in "
            f"ten minutes; of {len(history.ended)} before, 99 in 100 came at most {usual} "
            f"{'time' if usual == 1 else 'times'}.",
        )


class _writer:
    """Writes numbers as people read them, whole ones whole if all are."""

    def __init__(self, *values: float) -> None:
        self.whole = all(value == int(value) for value in values)

    def __call__(self, value: float) -> str:
        if value and not 1e-2 <= abs(value) < 1e12:
            return f"{value:.3g}"
        return f"{value:,.0f}" if self.whole and value == int(value) else f"{value:,.2f}"
