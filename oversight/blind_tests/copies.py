"""A test from a decided handoff and a fault, step by step: pure; and what its agent calls it."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from oversight.blind_tests import faults, guises, material, realism
from oversight.blind_tests.faults import Fault, Made, Unusable
from oversight.blind_tests.guises import Guise
from oversight.blind_tests.material import Material
from oversight.statistics import pacing

# beside these the copy's own signals say what they said, and would tell
_SIGNALS: material.Sides = (("signals",),)
_ALL: material.Sides = ((),)
_HEX = re.compile(r"^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$", re.IGNORECASE)
_LAST = re.compile(r"^(.*?)(\d+)(\D*)$", re.DOTALL)
_TRIES = 20


def copy(
    source: Material,
    fault: Fault,
    guise: Guise,
    *,
    external_id: str = "",
    usual: Collection[str] = (),
) -> Made:
    """Disguise the source, put the fault in, and look whether it can stand; or raise Unusable.

    What its agent would call it, `external_id`, stands wherever the original's name stood.
    """
    _check(realism.unfit_source(source))
    try:
        disguised = guises.disguise(source, guise)
    except ValueError as error:
        raise Unusable(str(error)) from None
    if external_id:
        old = disguised.body["external_id"]
        disguised = disguised.with_body(material.respell(disguised.body, old, external_id, _ALL))
    made = _with_signals(faults.make(fault, disguised), disguised)
    _check(realism.unfit(made, source, usual=usual))
    return made


def _check(problems: list[str]) -> None:
    if problems:
        raise Unusable(problems[0])


def _with_signals(made: Made, before: Material) -> Made:
    """Let what the agent measured agree with what it wants now."""
    body: Any = made.material.body
    if "signals" not in body:
        return made
    for path, new in made.wrong.values:
        old = material.find(before.body, ("arguments", *path))
        if old is not None:
            body = material.respell(body, old, new, _SIGNALS)
    return replace(made, material=made.material.with_body(body))


def called(like: str, recent: Collection[str], key: bytes) -> Iterator[str]:
    """Yield what the agent might call this run: of the same shape, and among its latest.

    Where it leaves out no number, one of those to come; the house gives way when it comes.
    """
    if _HEX.match(like):
        for number in range(_TRIES):
            yield _hex(like, key, number)
        return
    parts = _LAST.match(like)
    if parts is None:
        return
    head, digits, tail = parts.groups()
    for drawn in _numbers(digits, _like(head, tail, recent), key):
        found = f"{head}{drawn}{tail}"
        if found != like and found not in recent:
            yield found


def _like(head: str, tail: str, recent: Collection[str]) -> list[int]:
    """Return the numbers of those that are called alike, the lowest first."""
    split = [parts.groups() for one in recent if (parts := _LAST.match(one))]
    return sorted(int(number) for before, number, after in split if (before, after) == (head, tail))


def _numbers(digits: str, known: list[int], key: bytes) -> Iterator[str]:
    if len(known) < 2:
        low, high = 10 ** (len(digits) - 1), 10 ** len(digits) - 1
    else:
        # the later half: older names are of older runs
        low, high = known[len(known) // 2], known[-1]
    for number in range(_TRIES):
        place = pacing.place(key, "called", str(number))
        yield str(low + int(place * (high - low + 1))).zfill(len(digits))
    for beyond in range(1, _TRIES):
        yield str(high + beyond).zfill(len(digits))


def _hex(like: str, key: bytes, number: int) -> str:
    made = []
    for at, sign in enumerate(like):
        place = pacing.place(key, "called", str(number), str(at))
        drawn = "0123456789abcdef"[int(place * 16)]
        # what says which kind of UUID it is stays
        kept = not sign.isalnum() or at == (14 if "-" in like else 12)
        made.append(sign if kept else drawn.upper() if sign.isupper() else drawn)
    return "".join(made)
