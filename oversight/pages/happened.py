"""What else happened, numbered: in a table, and as marks in the drawings of weeks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date

from django.urls import reverse

from oversight.counted import weeks
from oversight.counted.events import Event, Kind
from oversight.statistics.marks import Measure
from oversight.watch import alarm_words
from reviews.pages import times

# the newest; a longer list is read elsewhere
SHOWN = 40
_PAGES = {
    Kind.STOP: "governance:stops", Kind.DRILL: "governance:stops", Kind.ALARM: "oversight:alarms",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Happened:
    number: int
    when: str
    iso: str
    what: str
    where: str
    reason: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """The numbers of what happened in one week: 3, or 3–5."""

    label: str
    said: str


def rows(events: Sequence[Event]) -> tuple[Happened, ...]:
    """Number the newest of them from the oldest on."""
    shown = sorted(events, key=lambda one: one.at)[-SHOWN:]
    return tuple(_row(number, one) for number, one in enumerate(shown, start=1))


def marks(events: Sequence[Event]) -> dict[date, Mark]:
    """Return for each week in which something happened what is written above it."""
    found: dict[date, list[Happened]] = defaultdict(list)
    shown = sorted(events, key=lambda one: one.at)[-SHOWN:]
    for row, one in zip(rows(events), shown, strict=True):
        found[weeks.monday(one.at.astimezone(UTC).date())].append(row)
    return {monday: _mark(those) for monday, those in found.items()}


def _mark(those: Sequence[Happened]) -> Mark:
    first, last = those[0].number, those[-1].number
    return Mark(
        label=str(first) if first == last else f"{first}–{last}",
        said="; ".join(f"{one.number}: {one.what}, {one.when}" for one in those),
    )


def _row(number: int, one: Event) -> Happened:
    at = one.at.astimezone(UTC)
    return Happened(
        number=number,
        when=f"{at:%-d %b %Y, %H:%M} UTC",
        iso=at.isoformat(),
        what=_what(one),
        where=one.workflow or "Everything",
        reason=one.reason,
        url=reverse(_PAGES[one.kind]) if one.kind in _PAGES else "",
    )


def _what(one: Event) -> str:
    if one.kind == Kind.MAP:
        return f"Risk tier map {one.number} came into force"
    if one.kind == Kind.MATRIX:
        many = "1 row" if one.number == 1 else f"{one.number} rows"
        return f"Governance matrix: {many} changed"
    if one.kind == Kind.ALARM:
        what, still = f"Alarm: {_title(one)}", "not over yet"
    else:
        what = "Stopped for a drill" if one.kind == Kind.DRILL else "Stopped"
        still = "not let go yet"
    if one.until is None:
        return f"{what}, and {still}"
    return f"{what} for {times.span((one.until - one.at).total_seconds())}"


def _title(one: Event) -> str:
    title = alarm_words.OF[Measure(one.measure)].title
    return f"{title[0].lower()}{title[1:]}"
