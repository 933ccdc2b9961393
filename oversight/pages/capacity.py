"""How many people a queue needs, in words and figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from governance.estimates import percent
from handoffs.calendars import WEEKDAYS
from handoffs.models import Queue
from oversight.pages import charts
from oversight.queues import capacity
from oversight.queues.capacity import Capacity, Figure, Hour
from oversight.queues.forecasts import Pair
from oversight.queues.forms import Assumptions
from oversight.queues.profiles import HOURS_A_WEEK
from oversight.statistics import plans
from oversight.statistics.plans import Outlook, Scaled
from reviews.pages import times

_SOURCES = {capacity.ASSUMED: "assumed", capacity.TYPED: "as you typed"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One hour, in words."""

    when: str
    come: str
    needed: int
    there: str
    short: bool
    wait: str
    nine: str
    in_time: str
    busy: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """What another number of people, or of handoffs, would mean."""

    what: str
    come: str
    needed: str
    wait: str
    nine: str
    in_time: str
    varied: str
    busy: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Told:
    when: str
    come: int
    wait_said: str
    wait_came: str
    wait_inside: bool | None
    in_time_said: str
    in_time_came: str
    in_time_inside: bool | None


@dataclass(frozen=True, kw_only=True)
class Day:
    name: str
    url: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Source:
    term: str
    value: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Page:
    name: str
    is_queue: bool
    zone: str
    sources: tuple[Source, ...]
    now: str
    warning: str
    # why nothing is reckoned, where that is so
    unknown: str
    days: tuple[Day, ...]
    chart: charts.Day
    rows: tuple[Row, ...]
    busiest: str
    around: tuple[Change, ...]
    scaled: tuple[Change, ...]
    said: charts.Said | None
    kept: str
    told: tuple[Told, ...]
    form: Assumptions
    reset_url: str
    csv_url: str
    json_url: str


def page(found: Capacity, form: Assumptions, *, query: str) -> Page:
    """Say all of it."""
    told = tuple(map(_told, found.pairs))
    return Page(
        name=found.queue.name if found.queue else "A queue that is not there yet",
        is_queue=found.queue is not None,
        zone=found.zone,
        sources=_sources(found),
        now=_now(found),
        warning=_warning(found),
        unknown=_unknown(found),
        days=_days(found, form),
        chart=charts.day(found.shown),
        rows=tuple(map(_row, found.shown)),
        busiest=_when(found.busiest, found),
        around=tuple(_person(one, found) for one in found.around),
        scaled=tuple(_scaled(one, found) for one in found.scaled),
        said=charts.said(found.pairs, [_in_words(one) for one in told]),
        kept=_kept(found.pairs),
        told=tuple(reversed(told)),
        form=form,
        reset_url=_url(found.queue),
        csv_url=f"{_url(found.queue, '-csv')}{query}",
        json_url=f"{_url(found.queue, '-json')}{query}",
    )


def _url(queue: Queue | None, form: str = "") -> str:
    if queue is None:
        return reverse(f"oversight:plan{form}")
    return reverse(f"oversight:capacity{form}", args=[queue.slug])


def _sources(found: Capacity) -> tuple[Source, ...]:
    return (
        _arrivals(found),
        Source(
            term="Work in one",
            value=_minutes(found.handling.value),
            source=_handling_source(found),
        ),
        Source(
            term="Due within",
            value=times.span(found.deadline.value),
            source=_source(found.deadline, "of opening time, as usual here"),
        ),
        Source(
            term="To be answered in time",
            value=percent(found.target),
            source=f"with nobody busy for more than {percent(plans.CALM)} of the time",
        ),
    )


def _arrivals(found: Capacity) -> Source:
    if found.queue is None or found.arrivals_source != capacity.MEASURED:
        value = f"{found.busiest.work.arrivals:g} an hour"
        return Source(term="What comes", value=value, source=_SOURCES[found.arrivals_source])
    weeks = found.hours_seen / HOURS_A_WEEK
    a_week = found.came / weeks if weeks >= 1 else found.came
    value = f"{a_week:,.0f} a week" if weeks >= 1 else f"{found.came:,} so far"
    seen = f"{weeks:.1f} weeks" if weeks >= 1 else times.span(found.hours_seen * 3600)
    source = f"counted over {seen}" if found.hours_seen else "nothing counted yet"
    return Source(term="What comes", value=value, source=source)


def _handling_source(found: Capacity) -> str:
    if found.handling.source == capacity.ASSUMED and found.queue is not None:
        return (
            "assumed: measured time is told once five people worked here in four whole weeks, "
            "and nobody did most of it"
        )
    return _source(found.handling, f"measured over {found.handled:,} handoffs")


def _source(figure: Figure, measured: str) -> str:
    return _SOURCES.get(figure.source, measured)


def _now(found: Capacity) -> str:
    if found.now is None:
        return ""
    hands = f"{found.now.hands:.1f}"
    people = "nobody is" if hands == "0.0" else f"{hands} people are"
    words = f"Now {found.now.waiting} wait and {people} at it"
    if found.now.next_seconds is None:
        return f"{words}; nothing can be said about the next one."
    return f"{words}; whoever comes next is answered in about {times.span(found.now.next_seconds)}."


def _warning(found: Capacity) -> str:
    if found.deadline.value < 2 * found.handling.value:
        return (
            "The deadline is shorter than twice the work in one. However many people are there, "
            "some will be late. Give it more time, or make the work smaller."
        )
    short = [hour for hour in found.hours if hour.is_short]
    if short:
        first = _when(max(short, key=lambda hour: hour.needed - (hour.there or 0)), found)
        hours = "hour" if len(short) == 1 else "hours"
        return f"{len(short)} {hours} of the week have fewer people than they need, {first} most."
    return ""


def _unknown(found: Capacity) -> str:
    if found.busiest.work.arrivals:
        return ""
    if found.queue is None:
        return "Say what you expect to come, and how many people it takes is reckoned."
    return (
        "Nothing has been counted here yet: what comes is counted hour by hour. "
        "Say what you expect, and it is reckoned with that."
    )


def _days(found: Capacity, form: Assumptions) -> tuple[Day, ...]:
    if found.weekday is None or found.queue is None:
        return ()
    query = form.data.copy() if hasattr(form.data, "copy") else {}
    days = []
    for number, name in enumerate(WEEKDAYS):
        query["day"] = str(number)
        text = query.urlencode() if hasattr(query, "urlencode") else f"day={number}"
        days.append(
            Day(
                name=name.capitalize(),
                url=f"{_url(found.queue)}?{text}#hours",
                current=number == found.weekday,
            )
        )
    return tuple(days)


def _row(hour: Hour) -> Row:
    return Row(
        when=f"{hour.hour:02d}:00",
        come=f"{hour.work.arrivals:.1f}",
        needed=hour.needed,
        there="not counted" if hour.there is None else f"{hour.there:.1f}",
        short=hour.is_short,
        wait=_wait(hour.outlook),
        nine=_nine(hour.outlook),
        in_time=percent(hour.outlook.in_time),
        busy=percent(hour.outlook.busy),
    )


def _when(hour: Hour, found: Capacity) -> str:
    if found.weekday is None:
        return "every hour"
    return f"{WEEKDAYS[hour.weekday].capitalize()} {hour.hour:02d}:00"


def _person(one: Outlook, found: Capacity) -> Change:
    noun = "person" if one.people == 1 else "people"
    return _change(
        f"{one.people} {noun}", one, come=found.busiest.work.arrivals, needed="",
        current=one.people == found.busiest.outlook.people,
    )  # fmt: skip


def _scaled(one: Scaled, found: Capacity) -> Change:
    what = f"{one.factor:g} times as much"
    if one.factor == 1:
        what = "as now"
    if found.escalated_share:
        rate = min(1.0, found.escalated_share * one.factor)
        what = f"{what}: {percent(rate)} of what is proposed"
    return _change(
        what, one.now, come=one.work.arrivals, needed=str(one.needed), current=one.factor == 1
    )


def _change(what: str, one: Outlook, *, come: float, needed: str, current: bool) -> Change:
    return Change(
        what=what,
        come=f"{come:.1f}",
        needed=needed,
        wait=_wait(one),
        nine=_nine(one),
        in_time=percent(one.in_time),
        varied=percent(one.in_time_varied),
        busy=percent(one.busy),
        current=current,
    )


def _told(pair: Pair) -> Told:
    said = pair.said
    return Told(
        when=f"{said.starts_at:%a %-d %b %H:%M}",
        come=pair.came,
        wait_said=f"{_minutes(said.wait_seconds)} ({_minutes(said.wait_low)} to "
        f"{_minutes(said.wait_high)})",
        wait_came="nobody took one" if pair.wait is None else _minutes(pair.wait),
        wait_inside=pair.wait_inside,
        in_time_said=f"{percent(said.in_time)} ({percent(said.in_time_low)} to "
        f"{percent(said.in_time_high)})",
        in_time_came="" if pair.in_time is None else percent(pair.in_time),
        in_time_inside=pair.in_time_inside,
    )


def _in_words(one: Told) -> str:
    return f"{one.when} UTC: said {one.wait_said}, came to {one.wait_came}"


def _kept(pairs: Sequence[Pair]) -> str:
    waits = [pair.wait_inside for pair in pairs if pair.wait_inside is not None]
    shares = [pair.in_time_inside for pair in pairs if pair.in_time_inside is not None]
    if not waits and not shares:
        return ""
    return (
        f"The wait was inside what was said in {sum(waits)} of {len(waits)} hours, the share "
        f"answered in time in {sum(shares)} of {len(shares)}. Nine of ten is what was meant."
    )


def _wait(one: Outlook) -> str:
    return "grows without end" if one.is_endless else _minutes(one.wait)


def _nine(one: Outlook) -> str:
    return "" if math.isinf(one.wait_of_nine) else _minutes(one.wait_of_nine)


def _minutes(seconds: float) -> str:
    """Say a wait: seconds below two minutes, tenths of minutes below ten."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 600 else times.span(seconds)
