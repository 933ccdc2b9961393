"""What requesters read, in their own language: the one door to the catalogues under `locale`.

Every text stands here in English as it is shown where no catalogue has it. `config.catalogues`
finds them by the calls of `say`, `count` and `noted`, so each of those takes a plain text.
"""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, translation
from django.utils.translation import npgettext, pgettext

# keeps these texts apart from those of Django's own pages
CONTEXT = "requester"
DEFAULT = "en"


def of(*wanted: str) -> str:
    """Return the first of these languages that is spoken here; a region counts as its language."""
    for code in wanted:
        try:
            return translation.get_supported_language_variant(code.replace("_", "-").lower())
        except LookupError:
            continue
    return DEFAULT


def of_requester(requester: Mapping[str, Any] | None) -> str:
    """Return the language of whoever a run is for, "" where nobody said."""
    locale = (requester or {}).get("locale")
    return locale if isinstance(locale, str) else ""


def zone_of(requester: Mapping[str, Any] | None) -> tzinfo | None:
    """Return whose clock they read, where somebody said."""
    try:
        return ZoneInfo(str((requester or {})["time_zone"]))
    except (LookupError, ValueError, OSError):
        return None


def speaking(code: str) -> AbstractContextManager[None]:
    return translation.override(code)


def noted(text: str) -> str:
    """Mark a text that is said later."""
    return text


def say(text: str, **facts: object) -> str:
    """Say it in the language that is spoken now."""
    said = pgettext(CONTEXT, text)
    return said % facts if facts else said


def count(one: str, many: str, number: int) -> str:
    return npgettext(CONTEXT, one, many, number) % {"count": number}


def moment(at: datetime, now: datetime, zone: tzinfo | None, *, says_day: bool = True) -> str:
    """Say when, by their clock if it is known: "today at 14:20", "on Tuesday at 10:35 UTC".

    Without `says_day` it is a date throughout: nobody knows on which day a mail is read.
    """
    at, now = at.astimezone(zone or UTC), now.astimezone(zone or UTC)
    time = formats.date_format(at, say("H:i")) + ("" if zone else " UTC")
    if not says_day:
        date = _date(at, say("l, j F"))
        return say("on %(date)s at %(time)s", date=date, time=time)
    if at.date() == now.date():
        return say("today at %(time)s", time=time)
    if at.date() == now.date() + timedelta(days=1):
        return say("tomorrow at %(time)s", time=time)
    if at.date() == now.date() - timedelta(days=1):
        return say("yesterday at %(time)s", time=time)
    if timedelta(0) < at.date() - now.date() < timedelta(days=7):
        return say("on %(weekday)s at %(time)s", weekday=formats.date_format(at, "l"), time=time)
    return say("on %(date)s at %(time)s", date=_date(at, say("j F")), time=time)


def _date(at: datetime, shape: str) -> str:
    """Write a date; in French the first of a month is its 1er."""
    said = formats.date_format(at, shape)
    french = (translation.get_language() or "").startswith("fr")
    return re.sub(r"\b1 (?=\D)", "1er ", said) if french and at.day == 1 else said
