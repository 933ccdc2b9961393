"""What is still missing before a decision counts: a frozen spec judged against facts.

Pure: times come in as seconds that the database measured. Where a spec cannot be read, the
stricter reading holds.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reviews import challenge, reasons
from reviews.challenge import Known, Stated
from reviews.errors import Unmet
from reviews.spec import read

# how often a page that is looked at says so; the database counts up to seven for one beat
BEAT_SECONDS = 5
JUDGE_FIRST = Unmet(
    code="judgement", sentence="Commit your own answer first; then the suggestion is shown."
)
_DISAGREEING = frozenset({"reject", "roll_back", "wrong", "stop"})
# neither releases nor refuses anything, so nothing stands in their way
_FREE = frozenset({"ask_information", "escalate"})
# what no words mend: it has to be done on the page first
_BLOCKING = frozenset({"minimum_time", "evidence"})


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A piece of evidence that has to be opened."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the server saw; `read_seconds` is None while the page was never opened.

    `words` is what the brief gives to read, where its length counts; `drawn` says that agreeing
    is challenged here, where that is asked of a sample.
    """

    read_seconds: float | None
    words: int = 0
    gates: tuple[Gate, ...] = ()
    opened: frozenset[str] = frozenset()
    drawn: bool = False
    known: Known = Known()


@dataclass(frozen=True, kw_only=True)
class Facts(Seen):
    """What was seen, and what is said now."""

    verb: str
    reason: str
    stated: Stated = Stated()


def facts(seen: Seen, *, verb: str, reason: str, stated: Stated) -> Facts:
    return Facts(**vars(seen), verb=verb, reason=reason, stated=stated)


def unmet(spec: Mapping[str, Any], facts: Facts) -> list[Unmet]:
    """List everything that is missing at once, so that nobody mends one thing to meet the next."""
    if facts.verb in _FREE:
        return []
    found = [_time(spec, facts), *_evidence(spec, facts), *_reason(spec, facts)]
    return [one for one in found if one is not None]


def holds_back(lacking: Iterable[Unmet]) -> bool:
    """Tell whether something has to be done on the page before any answer can be given."""
    return any(one.code in _BLOCKING for one in lacking)


def is_free(verb: str) -> bool:
    return verb in _FREE


def is_challenged(spec: Mapping[str, Any], verb: str, *, drawn: bool) -> bool:
    """Tell whether this answer takes more than a reason: what was checked, what would undo it."""
    return verb not in _FREE and challenge.asked(read(spec), verb, drawn=drawn)


def needs_reason(spec: Mapping[str, Any], verb: str, *, drawn: bool = False) -> bool:
    """Tell whether this answer needs a reason; without a word in the spec, saying no does."""
    if verb in _FREE:
        return False
    asked = read(spec)
    # agreeing takes as much thought as disagreeing
    if challenge.asked(asked, verb, drawn=drawn):
        return True
    match asked.reason:
        case "never":
            return False
        case "on_reject":
            return verb in _DISAGREEING
        case _:
            return True


def gates(spec: Mapping[str, Any], brief: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return the evidence that this brief wants opened, unless the matrix says none."""
    if read(spec).evidence == "none":
        return ()
    return tuple(
        Gate(id=str(item["id"]), title=str(item.get("title") or item["id"]))
        for item in brief.get("evidence", [])
        if isinstance(item, Mapping) and item.get("must_open") is True and "id" in item
    )


def minimum_seconds(spec: Mapping[str, Any], words: int = 0) -> int:
    """Return how long it has to be read: longer where there is more to read, never shorter."""
    asked = read(spec)
    if asked.words_per_minute is None:
        return asked.minimum_seconds
    return max(asked.minimum_seconds, math.ceil(words * 60 / asked.words_per_minute))


def _time(spec: Mapping[str, Any], facts: Facts) -> Unmet | None:
    needed = minimum_seconds(spec, facts.words)
    left = math.ceil(needed - (facts.read_seconds or 0.0))
    if left <= 0:
        return None
    unit = "second" if left == 1 else "seconds"
    return Unmet(code="minimum_time", sentence=f"Another {left} {unit} of reading.", seconds=left)


def _evidence(spec: Mapping[str, Any], facts: Facts) -> list[Unmet | None]:
    if read(spec).evidence == "none":
        return []
    return [
        Unmet(code="evidence", sentence=f"Open “{gate.title[:80]}”.")
        for gate in facts.gates
        if gate.id not in facts.opened
    ]


def _reason(spec: Mapping[str, Any], facts: Facts) -> list[Unmet | None]:
    if is_challenged(spec, facts.verb, drawn=facts.drawn):
        return list(challenge.unmet(facts.reason, facts.stated, facts.known))
    if not needs_reason(spec, facts.verb):
        return []
    return [reasons.objection(facts.reason)]
