"""A conversation as it was sent, cut at its speakers; long ones are shown in part and say so."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reviews.pages.text import marked

TURN = re.compile(r"^(user|customer|assistant|agent|system|tool)\s*:\s*", re.M | re.I)
# the machine speaking for itself, which is no source for anything it says
OWN_WORDS = frozenset({"assistant", "agent", "system"})
THEIRS = frozenset({"user", "customer"})
# nobody reads more on a page that is to be understood in half a minute; the source has all of it
MOST_CHARACTERS = 60_000
MOST_TURNS = 300


@dataclass(frozen=True, kw_only=True)
class Turn:
    who: str
    text: str
    machine: bool


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """The turns that are shown, and how many characters of the rest are not."""

    turns: tuple[Turn, ...] = ()
    unseen: int = 0


def transcript(raw: object) -> Transcript:
    """Cut at the speakers; what has none is one turn. Who speaks is as it was sent."""
    text = str(raw)
    shown = text[:MOST_CHARACTERS]
    found: list[Turn] = []
    end = len(shown)
    for who, begin, start, stop in _cuts(shown):
        said = marked(shown[start:stop]).strip()
        if len(found) == MOST_TURNS:
            end = begin
            break
        if said:
            machine = bool(who) and who.casefold() not in THEIRS
            turn = Turn(who=who.capitalize(), text=re.sub(r"\n{3,}", "\n\n", said), machine=machine)
            found.append(turn)
    return Transcript(turns=tuple(found), unseen=len(text) - end)


def last_said(found: Transcript, request: object) -> str:
    """Return what the requester said last, where that is more than the request itself."""
    said = [turn.text for turn in found.turns if turn.who and not turn.machine]
    if found.unseen or len(said) < 2 or said[-1] == marked(request).strip():
        return ""
    return said[-1]


def others_words(raw: object) -> str:
    """Return what anybody but the machine itself said, to look up where an id comes from."""
    text = str(raw)
    return "\n".join(
        text[start:stop] for who, _, start, stop in _cuts(text) if who.casefold() not in OWN_WORDS
    )


def _cuts(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield each speaker, where they are named, begin and end; what stands first may have none."""
    cuts = [*TURN.finditer(text)]
    starts = [cut.start() for cut in cuts] + [len(text)]
    if starts[0]:
        yield "", 0, 0, starts[0]
    for cut, stop in zip(cuts, starts[1:], strict=True):
        yield cut[1], cut.start(), cut.end(), stop
