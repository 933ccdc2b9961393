"""Amounts of money, changed a little and together: none leads back, and what added up adds up.

Round ones stay: prices and limits are often round, and policies speak of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from oversight.blind_tests import material

_NUMBER = re.compile(r"(?<![\w.,])\d(?:[\d.,]*\d)?(?![\w]|[.,]\d)")
_MONEY = r"[$€£¥]|USD|EUR|GBP|CHF|CAD|AUD"
_SAID = re.compile(
    rf"(?:{_MONEY})\s?(\d[\d.,]*\d)(?!\d)|(?<![\w.,])(\d[\d.,]*\d)\s?(?:{_MONEY})(?!\w)"
)
_CALLED = r"amount|price|total|cost|fee|fare|balance|sum|paid|charge|refund|value"
_RECORD = re.compile(rf"""["']\w*(?:{_CALLED})\w*["']\s*:\s*["']?(\d+\.\d+)""", re.IGNORECASE)
_NAMED = re.compile(rf"(?:{_CALLED})", re.IGNORECASE)
# in hundredths; a price keeps such an ending
_ENDINGS = frozenset({99, 98, 95, 90, 50, 49})
_LEAST, _MOST = 0.94, 1.06
# among more amounts, sums of three are found by chance
_THREE = 40


def others(body: Mapping[str, Any], place: float) -> dict[int, int]:
    """Return what each amount becomes, both in hundredths; `place` draws by how much."""
    factor = _LEAST + place * (_MOST - _LEAST)
    # so near to itself it would be found again
    factor += 0.01 if abs(factor - 1) < 0.005 else 0
    found: dict[int, int] = {}
    for amount in sorted(set(_amounts(body))):
        parts = _parts(amount, list(found))
        found[amount] = sum(found[one] for one in parts) if parts else _other(amount, factor)
    return found


def change(text: str, becomes: Mapping[int, int]) -> str:
    """Return the text with its amounts exchanged, written alike."""
    return _NUMBER.sub(lambda hit: _written(hit, becomes), text) if becomes else text


def change_number(value: float, becomes: Mapping[int, int]) -> float:
    other = becomes.get(round(value * 100))
    return value if other is None or isinstance(value, int) else other / 100


def _amounts(body: Mapping[str, Any]) -> Iterator[int]:
    for path, value in material.leaves(body):
        if isinstance(value, float) and any(_NAMED.search(str(step)) for step in path):
            yield from _odd(value)
        elif isinstance(value, str):
            hits = [one or other for one, other in _SAID.findall(value)]
            for hit in (*hits, *_RECORD.findall(value)):
                yield from _odd(read(hit))


def _odd(value: float | None) -> Iterator[int]:
    """Yield it in hundredths, unless it is round or no amount."""
    if value is None or not 1 < value < 1e7:
        return
    cents = round(value * 100)
    if cents % 100 and abs(value * 100 - cents) < 1e-6:
        yield cents


def read(written: str) -> float | None:
    """Return the number; "1.234,50" and "1,234.50" are the same."""
    whole, cents = written, ""
    ends = re.search(r"[.,](\d{1,2})$", written)
    if ends:
        whole, cents = written[: ends.start()], ends[1]
    digits = re.sub(r"[.,]", "", whole)
    return float(f"{digits}.{cents or 0}") if digits.isdigit() else None


def _parts(amount: int, smaller: Sequence[int]) -> tuple[int, ...]:
    """Return those that add up to it, if any do."""
    known = set(smaller)
    for one in smaller:
        if amount - one in known:
            return one, amount - one
    if len(smaller) <= _THREE:
        for one, two in combinations(smaller, 2):
            if amount - one - two in known:
                return one, two, amount - one - two
    return ()


def _other(amount: int, factor: float) -> int:
    made = round(amount * factor)
    if amount % 100 in _ENDINGS:
        made = round((made - amount % 100) / 100) * 100 + amount % 100
    elif amount % 10 == 0:
        # as many of them end with a nought as did: in a record it would be left out
        made -= made % 10
    elif made % 10 == 0:
        made += 1
    if made == amount or made % 100 == 0:
        made += 100 if amount % 100 in _ENDINGS else 10 if amount % 10 == 0 else 1
    return made


def _written(hit: re.Match[str], becomes: Mapping[int, int]) -> str:
    text = hit[0]
    value = read(text)
    if value is None or round(value * 100) not in becomes or "." not in text and "," not in text:
        return text
    other = becomes[round(value * 100)] / 100
    if hit.string[: hit.start()].rstrip().endswith(('":', "':")):
        # a record has no noughts at the end
        return material.writings(other)[-1]
    for written, new in zip(material.writings(value), material.writings(other), strict=True):
        if written == text:
            return new
    return text
