"""What a reviewer changed, readable at a glance."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handoffs import canonical
from reviews.pages.text import marked
from reviews.pages.values import Value, label, value

WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
MOST_WORDS = 4_000
MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text that is the same, was added ("ins") or was taken out ("del")."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    label: str
    before: Value | None = None
    after: Value | None = None
    pieces: tuple[Piece, ...] = ()


def changes(
    before: Mapping[str, Any], after: Mapping[str, Any], titles: Mapping[str, str]
) -> tuple[Change, ...]:
    """List every leaf that differs, in the order of the arguments."""
    return tuple(
        _change(
            " › ".join([titles.get(str(path[0])) or label(path[0]), *map(_part, path[1:])]), *pair
        )
        for path, *pair in _walk((), dict(before), dict(after))
        if path
    )


def stored(edits: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """Show the edits as the answer keeps them: path, before, after."""
    return tuple(
        _change(
            " › ".join(label(part) for part in str(edit.get("path", "")).strip("/.").split("/")),
            edit.get("before", MISSING),
            edit.get("after", MISSING),
        )
        for edit in edits
    )


def draft_change(before: str, after: str) -> Change | None:
    """Compare drafts word by word."""
    if before.replace("\r\n", "\n") == after.replace("\r\n", "\n"):
        return None
    return Change(label="Draft", pieces=pieces(before, after))


def digest(arguments: Mapping[str, Any], draft: str | None) -> str:
    """Name exactly what was shown as changed, so that nothing else is approved by that button."""
    return canonical.digest({"arguments": dict(arguments), "draft": draft})


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """Cut two texts into what stayed, went and came, by words."""
    old, new = (WORDS.findall(marked(text.replace("\r\n", "\n"))) for text in (before, after))
    if len(old) + len(new) > MOST_WORDS:
        return (Piece(kind="del", text="".join(old)), Piece(kind="ins", text="".join(new)))
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    found: list[Piece] = []
    gone = came = ""
    for kind, a, b, c, d in matcher.get_opcodes():
        before_text, after_text = "".join(old[a:b]), "".join(new[c:d])
        inner = bool(gone or came) and b < len(old) and not any(map(str.isalnum, before_text))
        if kind != "equal" or inner:
            gone, came = gone + before_text, came + after_text
            continue
        found += [*_swap(gone, came), Piece(kind="same", text=before_text)]
        gone = came = ""
    return tuple(found + _swap(gone, came))


def _swap(gone: str, came: str) -> list[Piece]:
    pieces = [Piece(kind="del", text=gone), Piece(kind="ins", text=came)]
    return [piece for piece in pieces if piece.text]


def _walk(
    path: tuple[str | int, ...], before: Any, after: Any
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _walk((*path, key), before.get(key, MISSING), after.get(key, MISSING))
    elif _rows(before) and _rows(after) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _walk((*path, number), old, new)
    elif not _same(before, after):
        yield path, before, after


def _rows(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, dict) for item in found)


def _same(before: Any, after: Any) -> bool:
    return type(before) is type(after) and bool(before == after)


def _part(part: str | int) -> str:
    return str(part + 1) if isinstance(part, int) else label(part)


def _change(name: str, before: Any, after: Any) -> Change:
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > 40:
        return Change(label=name, pieces=pieces(before, after))
    return Change(
        label=name,
        before=None if before is MISSING else value(before),
        after=None if after is MISSING else value(after),
    )
