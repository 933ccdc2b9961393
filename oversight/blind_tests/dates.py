"""Dates as people and machines write them, moved by days and written alike."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_NAMES = {name[:length].casefold(): number for number, name in enumerate(_MONTHS, 1)
          for length in (3, len(name))} | {"sept": 9}  # fmt: skip
_MONTH = r"(?P<{}>" + "|".join([*_MONTHS, "Sept", *(name[:3] for name in _MONTHS)]) + r")\b\.?"
_NUMBER = r"(?P<{}>\d{{1,2}})(?:st|nd|rd|th)?"
_YEAR = r"(?P<{}>(?:19|20)\d{{2}})"
_WAYS = re.compile(
    r"(?<![\d-])(?P<iso>\d{4}-\d{2}-\d{2})(?![\d-])"
    r"|(?<![\d.])(?P<dotted>\d{1,2}\.\d{1,2}\.\d{4})(?![\d.])"
    + rf"|\b{_MONTH.format('m1')} {_NUMBER.format('d1')}(?![\d:])(?:,? {_YEAR.format('y1')}\b)?"
    + rf"|(?<![\d.:])\b{_NUMBER.format('d2')} {_MONTH.format('m2')}(?:,? {_YEAR.format('y2')}\b)?"
)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T[\d:.]+")
_WEEKDAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag"
    r"|mittwoch)s?\b",
    re.IGNORECASE,
)


def names_weekday(text: str) -> bool:
    return bool(_WEEKDAY.search(text))


def between(then: datetime, now: datetime, *, weeks: bool) -> int:
    """Return by how many whole days to move, or whole weeks: never so far that it is to come."""
    days = (now - then) // timedelta(days=1)
    return days // 7 * 7 if weeks else days


def found(text: str, year: int) -> Iterator[date]:
    """Yield each date; one without its year is of this year."""
    for hit in _WAYS.finditer(text):
        read = _read(hit, year)
        if read is not None:
            yield read[0]


def last(text: str, day: str) -> int:
    """Return where this day is said last, or -1; one without its year is of the same."""
    places = [
        hit.start()
        for hit in _WAYS.finditer(text)
        if (read := _read(hit, int(day[:4]))) and read[0].isoformat() == day
    ]
    return max(places, default=-1)


def move(text: str, days: int, year: int) -> str:
    """Return the text with each date that many days later, written as it was."""
    return _WAYS.sub(lambda hit: _moved(hit, days, year), text)


def without(text: str) -> str:
    """Return the text without what is a date: the rest may be ids."""
    return _WAYS.sub(" ", _TIME.sub(r"\1 ", text))


def _moved(hit: re.Match[str], days: int, year: int) -> str:
    read = _read(hit, year)
    if read is None:
        return hit[0]
    day, write = read
    try:
        return write(day + timedelta(days=days))
    except OverflowError:
        return hit[0]


def _read(hit: re.Match[str], year: int) -> tuple[date, Callable[[date], str]] | None:
    """Return the day and how it is written; None where there is no such day."""
    try:
        if hit["iso"]:
            return date.fromisoformat(hit["iso"]), date.isoformat
        if hit["dotted"]:
            return _dotted(hit["dotted"])
        which = "1" if hit["m1"] else "2"
        month, number = hit[f"m{which}"], hit[f"d{which}"]
        said = hit[f"y{which}"]
        day = date(int(said or year), _NAMES[month.casefold()], int(number))
    except ValueError:
        return None
    return day, lambda new: _in_words(hit, which, new)


def _dotted(written: str) -> tuple[date, Callable[[date], str]]:
    number, month, year = written.split(".")
    wide = len(number) == len(month) == 2

    def write(new: date) -> str:
        return f"{new:%d.%m.%Y}" if wide else f"{new.day}.{new.month}.{new.year}"

    return date(int(year), int(month), int(number)), write


def _in_words(hit: re.Match[str], which: str, new: date) -> str:
    name = _MONTHS[new.month - 1]
    if hit[f"m{which}"].casefold() not in map(str.casefold, _MONTHS):
        name = name[:3]
    changes = [(f"m{which}", name), (f"d{which}", str(new.day))]
    if hit[f"y{which}"]:
        changes.append((f"y{which}", str(new.year)))
    text, begins = hit[0], hit.start()
    for group, value in sorted(changes, key=lambda one: -hit.start(one[0])):
        start, end = hit.start(group) - begins, hit.end(group) - begins
        after = text[end:]
        if group.startswith("d"):
            ended = re.match(r"st|nd|rd|th", after)
            if ended:
                value, after = value + _ending(new.day), after[2:]
        text = text[:start] + value + after
    return text


def _ending(day: int) -> str:
    if 11 <= day <= 13:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
