"""What a fact, an argument or a snippet looks like: decided by its type, never by its author."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from reviews.pages import links
from reviews.pages.text import NO_LINK, marked

IDENTIFIER = re.compile(r"#?(?=[^\d]*\d)(?!\d+\.\d+$)[A-Za-z0-9][A-Za-z0-9_./:-]{4,}")
MONEY = re.compile(r"(-?\d+(?:\.\d+)?)\s?([A-Z]{3})")
STAMP = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
NUMBER = re.compile(r"(-?\d{1,30}(?:\.\d+)?)(\s?[^\d\s.,-][^\d]{0,20})?")
CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?( ?([AaPp][Mm]|Z|UTC|[+-]\d\d:\d\d))?")
PERSON = re.compile(r"([^<>()]{1,120}?)\s*(?:<([^<>]{1,120})>|\(([^()]{1,120})\))")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
CUT = re.compile(r"…(\[[^\]]*cut\])?$")
LONG = 160
SHORT_KINDS = frozenset({"text", "id", "money", "number", "date", "time", "person", "none"})
DEPTH = 4
MENDING_TRIES = 40
# above these, JSON is shown as it was written: nobody reads it, and laying it out takes seconds
LAID_OUT_TEXT = 20_000
LAID_OUT_PARTS = 1_500
# deeper nested than this is no record of anything
DEEPEST = 100


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value, ready to print; `kind` picks the template's branch."""

    kind: str
    text: str = ""
    raw: str = ""
    href: str = ""
    host: str = ""
    unit: str = ""
    items: tuple["Value", ...] = ()
    pairs: tuple[tuple[str, "Value"], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple["Value", ...], ...] = ()
    cut: bool = False
    note: str = ""
    note_source: str = ""
    # nobody but the agent named it; `elsewhere` says that not all of the evidence was sent
    unknown: bool = False
    elsewhere: bool = False
    # of an argument: its JSON, to tell whether a fact repeats it
    sent: str = ""

    @property
    def shape(self) -> str:
        """Tell whether it needs the whole width."""
        wide = self.kind in ("table", "long") or (self.kind == "record" and not self.small)
        return "wide" if wide else "line"

    @property
    def small(self) -> bool:
        """Tell whether a record fits in a line."""
        return len(self.pairs) <= 4 and all(
            item.kind in SHORT_KINDS and len(item.text) < 40 for _, item in self.pairs
        )


def label(key: object) -> str:
    """Turn `payment_method_id` into "Payment method id"."""
    text = marked(key).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def value(raw: Any, kind: str = "text", depth: int = 0) -> Value:
    """Describe `raw` as its declared kind, or as what it evidently is."""
    if raw is None or raw == "" or raw == [] or raw == {}:
        return Value(kind="none")
    if isinstance(raw, bool):
        return Value(kind="text", text="yes" if raw else "no")
    if isinstance(raw, dict | list):
        if depth == 0 and _parts(raw, LAID_OUT_PARTS) <= 0:
            return Value(kind="long", text=marked(json.dumps(raw, indent=1, ensure_ascii=False)))
        return _compound(raw, depth)
    text = marked(raw).strip()
    if kind == "money" or (kind == "text" and MONEY.fullmatch(text)):
        return money(text)
    if depth < DEPTH and (parsed := _json(text)) is not None:
        return replace(_compound(parsed, depth), cut=bool(CUT.search(text)))
    return _scalar(text, str(raw), kind)


def _scalar(text: str, raw: str, kind: str) -> Value:
    if typed := TYPED.get(kind, _untyped)(text):
        return typed
    if kind in ("link", "url", "text") and (found := links.web(raw)):
        return Value(kind="link", text=text, href=found.href, host=found.host)
    if kind in ("link", "url"):
        return Value(kind="text", text=text, host=NO_LINK)
    if kind in ("date", "datetime", "time", "text") and STAMP.fullmatch(text):
        return stamp(text)
    if kind == "id" or (kind == "text" and IDENTIFIER.fullmatch(text) and not text.isdecimal()):
        return Value(kind="id", text=text, raw=text)
    if kind == "text" and text.isdecimal() and len(text) >= 6:
        return Value(kind="id", text=text, raw=text)
    if kind == "text" and EMAIL.fullmatch(text):
        return Value(kind="id", text=text, raw=text)
    return Value(kind="long" if len(text) > LONG or "\n" in text else "text", text=text)


def _untyped(text: str) -> Value | None:
    return None


def number(text: str) -> Value | None:
    """Print a number with its thousands apart, whatever unit stands behind it."""
    found = NUMBER.fullmatch(text)
    if not found:
        return None
    return Value(kind="number", text=_apart(found[1]), unit=(found[2] or "").strip(), raw=text)


def clock(text: str) -> Value | None:
    """Print a time of day; one with a date is a date."""
    return Value(kind="time", text=text, raw=text) if CLOCK.fullmatch(text) else None


def person(text: str) -> Value | None:
    """Print a name, and apart from it the address or number that tells two of one name apart."""
    found = PERSON.fullmatch(text)
    if not found:
        return Value(kind="person", text=text) if len(text) <= LONG else None
    name, more = (part.strip() for part in (found[1], found[2] or found[3]))
    if EMAIL.fullmatch(more) or IDENTIFIER.fullmatch(more):
        return Value(kind="person", text=name, raw=more)
    return Value(kind="person", text=name, unit=more)


# how a declared type is read; None: it is none of that type, and shown as the text it is
TYPED: Mapping[str, Callable[[str], Value | None]] = MappingProxyType(
    {"number": number, "time": clock, "person": person}
)


def money(text: str) -> Value:
    """Print an amount exactly as it was sent, thousands apart, the currency beside it."""
    found = MONEY.fullmatch(text)
    if not found:
        return Value(kind="text", text=text)
    return Value(kind="money", text=_apart(found[1]), unit=found[2], raw=text)


def _apart(figures: str) -> str:
    whole, point, rest = figures.partition(".")
    sign, digits = ("\u2212", whole[1:]) if whole.startswith("-") else ("", whole)
    apart = f"{int(digits):,}".replace(",", "\u202f") if len(digits) > 4 else digits
    return f"{sign}{apart}{point}{rest}"


def stamp(text: str) -> Value:
    """Print a date with its weekday; what is no date stays as it was sent."""
    try:
        if len(text) == 10:
            return Value(kind="date", text=f"{date.fromisoformat(text):%a %-d %b %Y}", raw=text)
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return Value(kind="text", text=text)
    zone = f" {moment:%Z}" if moment.tzinfo else ""
    return Value(kind="date", text=f"{moment:%a %-d %b %Y, %H:%M}{zone}", raw=text)


def _parts(raw: Any, left: int) -> int:
    """Return how much of the allowance is left after counting every part of `raw`."""
    left -= 1
    if left > 0 and isinstance(raw, dict | list):
        for item in raw.values() if isinstance(raw, dict) else raw:
            left = _parts(item, left)
            if left <= 0:
                break
    return left


def _compound(raw: Any, depth: int) -> Value:
    if depth >= DEPTH:
        return Value(kind="code", text=marked(json.dumps(raw, ensure_ascii=False)))
    if not raw:
        return Value(kind="none")
    if isinstance(raw, dict):
        if set(raw) == {"amount", "currency"}:
            return money(f"{raw['amount']} {raw['currency']}")
        pairs = tuple((label(key), value(item, depth=depth + 1)) for key, item in raw.items())
        return Value(kind="record", pairs=pairs)
    if _tabular(raw):
        keys = list(dict.fromkeys(key for row in raw for key in row))
        rows = tuple(tuple(value(row.get(key), depth=depth + 1) for key in keys) for row in raw)
        return Value(kind="table", columns=tuple(label(key) for key in keys), rows=rows)
    return Value(kind="list", items=tuple(value(item, depth=depth + 1) for item in raw))


def _tabular(rows: list[Any]) -> bool:
    """Tell whether the rows are flat records that share most of their keys."""
    if not rows or not all(isinstance(row, dict) and row for row in rows):
        return False
    keys = {key for row in rows for key in row}
    flat = all(not isinstance(item, dict | list) for row in rows for item in row.values())
    return flat and 2 <= len(keys) <= 6


def structure(raw: Any) -> Any:
    """Return the object or array that `raw` is or spells; None when it is neither."""
    return raw if isinstance(raw, dict | list) else _json(str(raw or "").strip())


def _json(text: str) -> Any:
    if not text.startswith(("{", "[")) or len(text) > LAID_OUT_TEXT:
        return None
    if max(text.count("["), text.count("{")) > DEEPEST and _nesting(text) > DEEPEST:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = _mended(text)
    return found if isinstance(found, dict | list) else None


def _nesting(text: str) -> int:
    """Return how deep the brackets go at most, also those inside strings: more is no harm."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _mended(text: str) -> Any:
    """Read JSON that its sender cut off: keep what is whole."""
    if not CUT.search(text):
        return None
    kept = CUT.sub("", text)
    for _ in range(MENDING_TRIES):
        kept = kept[: max(kept.rfind(mark, 0, len(kept) - 1) for mark in ",}]") + 1]
        closing = _closing(kept.rstrip(","))
        if not kept or closing is None:
            continue
        try:
            return json.loads(kept.rstrip(",") + closing)
        except ValueError:
            continue
    return None


def _closing(text: str) -> str | None:
    """Return the brackets that are still open at the end, None inside a string."""
    open_brackets: list[str] = []
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|["{}\[\]]', text):
        if token[0] == '"':
            return None
        if token[0] in "{[":
            open_brackets.append("}" if token[0] == "{" else "]")
        elif token[0] in "}]":
            if not open_brackets:
                return None
            open_brackets.pop()
    return "".join(reversed(open_brackets))
