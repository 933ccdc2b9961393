"""How soon a fall of the catch rate would be noticed, in words, figures and a drawing."""

import math
from dataclasses import dataclass

from django.forms import BoundField
from django.urls import reverse

from oversight.queues.forms import Wanted
from oversight.statistics import cells, power
from oversight.statistics.power import Power

WIDTH, LEFT, TOP, HEIGHT = 560, 56, 24, 200
# slower than a month is too slow to be called noticing
SLOW = 20
_LIMITS = {
    power.CAP: "More than one review in ten is never a test.",
    power.DAILY: "Nobody meets more than two tests a day.",
    power.BEARABLE: "Nobody meets more tests a week than you said.",
}
# how far sliders go: what can be typed may lie beyond
_SLIDES = {
    "reviews": (5, 600, 5), "people": (1, 60, 1), "rate": (0.5, 10, 0.5),
    "bearable": (0.5, 10, 0.5), "minutes": (0.5, 30, 0.5), "false_alarms": (0.5, 12, 0.5),
    "before": (50, 99, 1), "after": (1, 95, 1),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Row:
    what: str
    tests: str
    mean: str
    nine: str
    drawn: str
    told: str
    weekly: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Whisker:
    x: str
    mean_y: str
    nine_y: str
    label: str
    said: str
    current: bool


@dataclass(frozen=True, kw_only=True)
class Line:
    y: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    lines: tuple[Line, ...]
    whiskers: tuple[Whisker, ...]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A number to type, and how far its slider goes."""

    bound: BoundField
    least: str
    most: str
    step: str


@dataclass(frozen=True, kw_only=True)
class Page:
    sentence: str
    basis: str
    notes: tuple[str, ...]
    fields: tuple[Field, ...]
    drawing: Drawing
    falls: tuple[Row, ...]
    rates: tuple[Row, ...]
    csv_url: str
    json_url: str


def page(form: Wanted, *, query: str) -> Page:
    """Say all of it."""
    team = form.team
    found = power.reckon(team)
    falls = [fall.power for fall in power.falls(team)]
    return Page(
        sentence=sentence(found),
        basis=basis(found),
        notes=tuple(_notes(found)),
        fields=tuple(_field(form[name]) for name in _SLIDES),
        drawing=_drawing(falls, found),
        falls=tuple(_row(f"to {percent(one.team.after)}", one, _same(one, found)) for one in falls),
        rates=tuple(
            _row(percent(rate), one, math.isclose(one.rate, found.rate) and rate == one.rate)
            for rate, one in zip(power.OTHER_RATES, power.rates(team), strict=True)
        ),
        csv_url=reverse("oversight:power-csv") + query,
        json_url=reverse("oversight:power-json") + query,
    )


def sentence(found: Power) -> str:
    return (
        f"A fall of the catch rate from {percent(found.team.before)} to "
        f"{percent(found.team.after)} would be noticed in {days(found.mean)} working days, "
        f"nine times in ten by {days(found.nine)}."
    )


def basis(found: Power) -> str:
    a_year = power.WORKING_YEAR / found.false_alarm_days
    return (
        f"With {found.team.reviews:g} reviews a working day, of which {percent(found.rate)} are "
        f"tests: {found.tests:.2g} a day. A person meets {found.weekly:.2g} of them a week, "
        f"{_minutes(found.weekly_minutes)} of work. False alarms come {a_year:.2g} times a "
        f"working year, or less often."
    )


def _notes(found: Power) -> list[str]:
    notes = [
        _told(found),
        "The nine in ten hold where tests come evenly. Where luck alone says which review is "
        f"one, nine times in ten it is noticed by {days(found.nine_drawn)} working days.",
    ]
    if found.rate < found.team.rate:
        notes.append(
            f"{_LIMITS[found.limit]} So {percent(found.rate)} of reviews are tests here, not "
            f"{percent(found.team.rate)}."
        )
    if found.mean > SLOW:
        notes.append(
            "So few tests cannot notice it soon: a small team has either few tests or early "
            "notice. More tests, a longer list of reviews, or more false alarms make it sooner."
        )
    return notes


def _told(found: Power) -> str:
    """Say how much later it is told: an alarm at the test that raised it would name a person."""
    if found.told is None or found.told_nine is None:
        return (
            f"With {found.team.people} of them it is never told: it would tell of each. It takes "
            f"{cells.PEOPLE} people who met a test; teams that are smaller are counted together."
        )
    return (
        f"It is told once {cells.PEOPLE} people met a test, so that it tells of nobody: with "
        f"{found.team.people} of them after {days(found.told)} working days, nine times in ten by "
        f"{days(found.told_nine)}."
    )


def _field(bound: BoundField) -> Field:
    least, most, step = _SLIDES[bound.name]
    return Field(bound=bound, least=f"{least:g}", most=f"{most:g}", step=f"{step:g}")


def _row(what: str, one: Power, current: bool) -> Row:
    return Row(
        what=what,
        tests=f"{one.tests:.2g}",
        mean=days(one.mean),
        nine=days(one.nine),
        drawn=days(one.nine_drawn),
        told="never" if one.told is None else days(one.told),
        weekly=f"{one.weekly:.2g}",
        current=current,
    )


def _same(one: Power, found: Power) -> bool:
    return math.isclose(one.team.after, found.team.after)


def _drawing(falls: list[Power], found: Power) -> Drawing:
    """Draw days on a scale on which ten times as long is one step."""
    most = max([one.nine for one in falls if not math.isinf(one.nine)] or [10])
    least = min([one.mean for one in falls] or [1])
    low = math.floor(math.log10(max(least, 0.01)))
    high = max(low + 1, math.ceil(math.log10(most)))
    step = WIDTH / max(1, len(falls))

    def y(value: float) -> str:
        share = (math.log10(max(value, 10.0**low)) - low) / (high - low)
        return f"{TOP + HEIGHT * (1 - min(share, 1.0)):.1f}"

    return Drawing(
        lines=tuple(
            Line(y=y(10.0**power_), label=f"{10.0**power_:g}") for power_ in range(low, high + 1)
        ),
        whiskers=tuple(
            Whisker(
                x=f"{LEFT + step * (place + 0.5):.1f}",
                mean_y=y(one.mean),
                nine_y=y(one.nine),
                label=percent(one.team.after),
                said=sentence(one),
                current=_same(one, found),
            )
            for place, one in enumerate(falls)
        ),
    )


def days(value: float) -> str:
    """Say days: tenths below a hundred, none above; a year and more is one sentence."""
    if value > 5 * power.WORKING_YEAR:
        return "more than 1,250"
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def percent(share: float) -> str:
    """Write a share as somebody typed it: 2 %, not 2.0 %."""
    return f"{100 * share:.3g}\xa0%"


def _minutes(minutes: float) -> str:
    return f"{minutes:.0f} minutes" if minutes >= 2 else f"{minutes * 60:.0f} seconds"
