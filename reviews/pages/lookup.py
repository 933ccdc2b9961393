"""What request and evidence say about what the agent wants to act on.

A reviewer should not have to find 8384507844 in five snippets to learn that it is a desk lamp, nor
open a reservation to learn that it is business class now, nor search for who named the account.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from reviews.pages.text import marked
from reviews.pages.transcript import others_words
from reviews.pages.values import STAMP, Value, label, structure

NAMES = ("name", "title", "label", "subject")
MOST_PARTS = 6
MOST_IDS = 2_000
LONGEST_PART = 60
# so much of a text is searched for where an id comes from, and so much of it is quoted
LONGEST_TOLD = 200_000
AROUND = 60
# shorter words stand everywhere
SHORTEST = 5
CUT_SHORT = re.compile(r"…(\[[^\]]*cut\])?\s*$|^…\[cut\]")


@dataclass(frozen=True, kw_only=True)
class Note:
    text: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """`notes` by id; `records` that carry one; `told` is each text there is, by its source.

    An id that is in none of the texts came from nobody but the agent; `unread` ones count, and are
    not quoted.
    """

    notes: Mapping[str, Note] = field(default_factory=dict)
    records: Mapping[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    told: tuple[tuple[str, str], ...] = ()
    unread: str = ""
    cut: bool = False

    def annotate(self, value: Value) -> Value:
        """Put what is known beside each id, also inside lists and records."""
        if value.kind == "id":
            note = self.notes.get(value.raw) or self.mention(value.raw)
            if note is None:
                unread = value.raw.casefold() in self.unread
                unknown = bool(self.told) and not unread
                return replace(value, unknown=unknown, elsewhere=self.cut)
            return replace(value, note=note.text, note_source=note.source)
        return replace(
            value,
            items=tuple(self.annotate(item) for item in value.items),
            pairs=tuple((name, self.annotate(item)) for name, item in value.pairs),
        )

    def now(self, arguments: Mapping[str, Any]) -> dict[str, Note]:
        """Say what stands now where an argument sets something else, by the record it names."""
        ids = [text for text in map(_text, arguments.values()) if text in self.records]
        found: dict[str, Note] = {}
        for key, argument in arguments.items():
            for record, source in map(self.records.__getitem__, ids):
                rows = record.get(key)
                if _rows(argument) and _rows(rows):
                    found.setdefault(key, Note(text=_rows_now(argument, rows), source=source))
                standing = _flat(record).get(key)
                if _text(argument) and standing is not None and _text(argument) not in self.records:
                    same = standing == _text(argument)
                    said = "as it is now" if same else f"now {marked(standing)}"
                    found.setdefault(key, Note(text=said, source=source))
        return found

    def mention(self, id: str) -> Note | None:
        """Quote the first text that names the id: the request before what a tool returned."""
        for source, text in self.told:
            at = text.casefold().find(id.casefold())
            if at >= 0:
                return Note(text=_quote(text, at, len(id)), source=source)
        return None

    def origin(self, value: Value) -> Note | None:
        """Quote a tool's result that a text comes from, where the request does not say it."""
        if value.kind != "text" or value.note or len(value.text) < SHORTEST:
            return None
        found = self.mention(value.text)
        return found if found and found.source not in ("the request", "the transcript") else None


def read(
    evidence: Iterable[Mapping[str, Any]],
    run_input: Any,
    unread: Iterable[Mapping[str, Any]] = (),
) -> Lookup:
    """Gather what was said and read; without any evidence there is nothing to check ids against."""
    items = list(evidence)
    snippets = [
        (marked(item.get("source") or item.get("title") or ""), str(item.get("snippet") or ""))
        for item in items
    ]
    notes, records = _index(items)
    if not any(text for _, text in snippets):
        return Lookup(notes=notes, records=records)
    given = dict(run_input) if isinstance(run_input, Mapping) else {"text": run_input}
    asked, said = given.pop("text", ""), others_words(given.pop("transcript", ""))
    request = asked if isinstance(asked, str) else ""
    rest = given if isinstance(asked, str) else {**given, "text": asked}
    named = [("the request", text) for text in _named(rest)]
    read = [line for snippet in snippets for line in _lines(*snippet)]
    found = [("the request", request), *read, ("the transcript", said), *named]
    return Lookup(
        notes=notes,
        records=records,
        told=tuple((source, text[:LONGEST_TOLD]) for source, text in found if text),
        cut=any(CUT_SHORT.search(text) for _, text in snippets),
        unread="\n".join(
            [*(str(item.get("snippet") or "") for item in unread), *(text for _, text in snippets)]
        ).casefold(),
    )


def _lines(source: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield a snippet as it may be quoted: prose as it is, a record line by line."""
    found = structure(text)
    if found is None:
        yield source, text
    else:
        yield from ((source, line) for line in islice(_named(found), MOST_IDS))


def _named(found: Any, name: str = "") -> Iterator[str]:
    """Yield what else came with the request in words: "about W10488"."""
    if isinstance(found, Mapping):
        for key, item in found.items():
            yield from _named(item, str(key))
    elif isinstance(found, list):
        for item in found:
            yield from _named(item, name)
    elif found is not None:
        yield f"{label(name).lower()} {found}".strip()


def _index(
    items: Iterable[Mapping[str, Any]],
) -> tuple[dict[str, Note], dict[str, tuple[Mapping[str, Any], str]]]:
    """Index every id in the snippets by what is said beside it; the first mention counts."""
    notes: dict[str, Note] = {}
    records: dict[str, tuple[Mapping[str, Any], str]] = {}
    for item in items:
        source = marked(item.get("source") or item.get("title") or "")
        for key, text, record in _walk(structure(item.get("snippet")), "", 0):
            if len(records) >= MOST_IDS:
                return notes, records
            records.setdefault(key, (record, source))
            if text:
                notes.setdefault(key, Note(text=text, source=source))
    return notes, records


def _walk(found: Any, inherited: str, depth: int) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (id, description, record), of records that carry their id and of maps keyed by it."""
    if depth > 6:
        return
    if isinstance(found, list):
        for item in found:
            yield from _walk(item, inherited, depth + 1)
    if not isinstance(found, Mapping):
        return
    name = next((str(found[key]) for key in NAMES if isinstance(found.get(key), str)), inherited)
    own = [str(found[key]) for key in found if _names_this(str(key), found)]
    # without a name of its own only the first id is the record's, the others point elsewhere
    for key in own if any(key in found for key in NAMES) else own[:1]:
        yield key, _describe(found, name), found
    for key, item in found.items():
        if isinstance(item, Mapping) and any(character.isdigit() for character in str(key)):
            yield str(key), _describe(item, name), item
        yield from _walk(item, name, depth + 1)


def _names_this(key: str, found: Mapping[str, Any]) -> bool:
    return (key == "id" or key.endswith("_id")) and isinstance(found[key], str | int)


def _describe(found: Mapping[str, Any], name: str) -> str:
    """Say a record in a line: its name, its options, then what else is short."""
    parts = [name] if name else []
    for key, item in found.items():
        if key in NAMES or key == "id" or str(key).endswith("_id"):
            continue
        if isinstance(item, Mapping):
            flat = [str(one) for one in item.values() if isinstance(one, str | int | float)]
            parts.append(", ".join(flat) if len(flat) == len(item) <= 4 else "")
        elif isinstance(item, bool):
            parts.append(f"{label(key).lower()}: {'yes' if item else 'no'}")
        elif isinstance(item, str | int | float) and not STAMP.fullmatch(str(item)):
            parts.append(f"{label(key).lower()} {item}")
    short = [marked(part) for part in parts if part and len(part) <= LONGEST_PART]
    return "; ".join(short[:MOST_PARTS])


def _flat(record: Mapping[str, Any]) -> dict[str, str]:
    """Return a record's plain values by name; those of a record inside it stand behind its own."""
    inner = [item for item in record.values() if isinstance(item, Mapping)]
    return {
        str(key): _text(item)
        for part in (*reversed(inner), record)
        for key, item in part.items()
        if _text(item)
    }


def _rows(found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(one, dict) for one in found)


def _rows_now(wanted: list[dict[str, Any]], standing: Any) -> str:
    """Compare a list of records with the one that stands, by what is wanted of each."""
    keys = list(wanted[0])
    now = [[_text(one.get(key)) for key in keys] for one in standing]
    if now == [[_text(one.get(key)) for key in keys] for one in wanted]:
        return "as it is now"
    return marked("now " + "; ".join(", ".join(filter(None, row)) for row in now[:MOST_PARTS]))


def _text(item: Any) -> str:
    if isinstance(item, bool):
        return "yes" if item else "no"
    return (
        str(item) if isinstance(item, str | int | float) and len(str(item)) <= LONGEST_PART else ""
    )


def _quote(text: str, at: int, length: int) -> str:
    """Cut out what stands around a mention, at the nearest spaces."""
    start, end = max(0, at - AROUND), min(len(text), at + length + AROUND)
    cut = re.sub(r"\s+", " ", text[start:end]).strip()
    if start:
        cut = cut.partition(" ")[2] or cut
    if end < len(text):
        cut = cut.rpartition(" ")[0] or cut
    return marked(f"“{'… ' if start else ''}{cut}{' …' if end < len(text) else ''}”")
