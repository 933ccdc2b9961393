"""What a reviewer changed, readable at a glance."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handoffs import canonical
from reviews.pages.text import marked
from reviews.pages.values import Value, label, value

WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
# beyond these, comparing would cost the page its speed
MOST_WORD_PAIRS = 4_000_000
MOST_LINE_PAIRS = 4_000_000
# how many words stay to be seen around a change, and from how many on the others are folded
AROUND, LEAST_FOLDED = 20, 60
MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text that is the same, was added ("ins") or was taken out ("del").

    "fold" stands for words that stayed and are left out.
    """

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
    """Cut two texts into what stayed, went and came: by lines first, then by words.

    What stayed is folded where it is long, so that a comma changed on page nine is seen.
    """
    old, new = (marked(text.replace("\r\n", "\n")).splitlines(True) for text in (before, after))
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    if len(old) * len(new) > MOST_LINE_PAIRS:
        matcher = difflib.SequenceMatcher(a=old, b=new)
    found: list[Piece] = []
    for kind, a, b, c, d in matcher.get_opcodes():
        was, now = "".join(old[a:b]), "".join(new[c:d])
        found += [Piece(kind="same", text=was)] if kind == "equal" else _by_words(was, now)
    return tuple(_folded(_joined(found)))


def _joined(found: Iterable[Piece]) -> list[Piece]:
    """Put together what follows each other and is of one kind."""
    joined: list[Piece] = []
    for piece in found:
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(kind=piece.kind, text=joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined


def _folded(found: list[Piece]) -> Iterator[Piece]:
    """Leave out the middle of what stayed, where it is long, and say how much that is."""
    for at, piece in enumerate(found):
        words = WORDS.findall(piece.text) if piece.kind == "same" else []
        before = 0 if at == 0 else AROUND
        after = 0 if at == len(found) - 1 else AROUND
        left = words[before : len(words) - after]
        count = len("".join(left).split())
        if count < LEAST_FOLDED:
            yield piece
            continue
        if before:
            yield Piece(kind="same", text="".join(words[:before]))
        yield Piece(kind="fold", text=f"{count} words unchanged")
        if after:
            yield Piece(kind="same", text="".join(words[-after:]))


def _by_words(before: str, after: str) -> list[Piece]:
    old, new = WORDS.findall(before), WORDS.findall(after)
    if len(old) * len(new) > MOST_WORD_PAIRS:
        return _swap(before, after)
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
    return found + _swap(gone, came)


def _swap(gone: str, came: str) -> list[Piece]:
    pieces = [Piece(kind="del", text=gone), Piece(kind="ins", text=came)]
    return [piece for piece in pieces if piece.text]


def _walk(
    path: tuple[str | int, ...], before: Any, after: Any
) -> Iterator[tuple[tuple[str | int, ...], Any, Any]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _walk((*path, key), before.get(key, MISSING), after.get(key, MISSING))
    elif _rows(before) and _rows(after):
        for number, old, new in _aligned(before, after):
            yield from _walk((*path, number), old, new)
    elif not _same(before, after):
        yield path, before, after


def _rows(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, dict) for item in found)


def _aligned(before: list[Any], after: list[Any]) -> Iterator[tuple[int, Any, Any]]:
    """Pair the rows that stayed, so that one taken out does not change all below it.

    The number is that of the row as it was, of an added one as it is.
    """
    if len(before) == len(after):
        yield from ((at, *pair) for at, pair in enumerate(zip(before, after, strict=True)))
        return
    old, new = (
        [json.dumps(row, sort_keys=True, default=str) for row in rows] for rows in (before, after)
    )
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        both = min(b - a, d - c)
        yield from ((a + at, before[a + at], after[c + at]) for at in range(both))
        yield from ((at, before[at], MISSING) for at in range(a + both, b))
        yield from ((at, MISSING, after[at]) for at in range(c + both, d))


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
