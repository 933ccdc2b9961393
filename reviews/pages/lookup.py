"""What the evidence says about an id that the agent wants to act on.

A reviewer should not have to find 8384507844 in five snippets to learn that it is a desk lamp.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reviews.pages.text import marked
from reviews.pages.values import STAMP, Value, label, structure

NAMES = ("name", "title", "label", "subject")
MOST_PARTS = 6
MOST_IDS = 2_000
LONGEST_PART = 60


@dataclass(frozen=True, kw_only=True)
class Note:
    text: str
    source: str


def notes(evidence: Iterable[Mapping[str, Any]]) -> dict[str, Note]:
    """Index every id in the snippets by what is said beside it; the first mention counts."""
    found: dict[str, Note] = {}
    for item in evidence:
        source = marked(item.get("source") or item.get("title") or "")
        for key, text in _walk(structure(item.get("snippet")), "", 0):
            if len(found) >= MOST_IDS:
                return found
            if text:
                found.setdefault(key, Note(text=text, source=source))
    return found


def annotate(value: Value, index: Mapping[str, Note], told: str = "") -> Value:
    """Put the note beside the id, also inside lists and records.

    `told` is all the text there is to check an id against: one that is nowhere in it came from
    nobody but the agent.
    """
    if value.kind == "id":
        note = index.get(value.raw, Note(text="", source=""))
        unknown = bool(told) and value.raw.casefold() not in told
        return replace(value, note=note.text, note_source=note.source, unknown=unknown)
    return replace(
        value,
        items=tuple(annotate(item, index, told) for item in value.items),
        pairs=tuple((name, annotate(item, index, told)) for name, item in value.pairs),
    )


def told(evidence: Iterable[Mapping[str, Any]], run_input: Any) -> str:
    """Gather what was said and read; "" when there is nothing to check against."""
    snippets = [str(item.get("snippet") or "") for item in evidence]
    if not any(snippets):
        return ""
    return "\n".join([*snippets, json.dumps(run_input, ensure_ascii=False)]).casefold()


def _walk(found: Any, inherited: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (id, description), from records that carry their id and from maps keyed by it."""
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
        yield key, _describe(found, name)
    for key, item in found.items():
        if isinstance(item, Mapping) and any(character.isdigit() for character in str(key)):
            yield str(key), _describe(item, name)
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
