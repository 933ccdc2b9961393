"""What is still missing before a decision counts: a frozen spec judged against facts.

Pure: times come in as seconds that the database measured. Where a spec cannot be read, the
stricter reading holds.
"""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviews.errors import Unmet
from reviews.spec import read

# enough for "Above the limit." and, in scripts that write a word in one sign, for five of them
REASON_LETTERS = 10
_WIDE_LETTER = 3
# how often a page that is looked at says so; the database counts up to seven for one beat
BEAT_SECONDS = 5
JUDGE_FIRST = Unmet(
    code="judgement", sentence="Commit your own answer first; then the suggestion is shown."
)
_DISAGREEING = frozenset({"reject", "roll_back", "wrong"})
# neither releases nor refuses anything, so nothing stands in their way
_FREE = frozenset({"ask_information", "escalate"})


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A piece of evidence that has to be opened."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the server saw; `read_seconds` is None while the page was never opened.

    `words` is what the brief gives to read, where its length counts.
    """

    verb: str
    reason: str
    read_seconds: float | None
    words: int = 0
    gates: tuple[Gate, ...] = ()
    opened: frozenset[str] = frozenset()


def unmet(spec: Mapping[str, Any], facts: Facts) -> list[Unmet]:
    """List everything that is missing at once, so that nobody mends one thing to meet the next."""
    if facts.verb in _FREE:
        return []
    found = [_time(spec, facts), *_evidence(spec, facts), _reason(spec, facts)]
    return [one for one in found if one is not None]


def needs_reason(spec: Mapping[str, Any], verb: str) -> bool:
    """Tell whether this answer needs a reason; without a word in the spec, saying no does."""
    if verb in _FREE:
        return False
    asked = read(spec)
    # agreeing takes as much thought as disagreeing
    if asked.challenge == "always":
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


def _reason(spec: Mapping[str, Any], facts: Facts) -> Unmet | None:
    if not needs_reason(spec, facts.verb):
        return None
    signs = unicodedata.normalize("NFC", facts.reason.casefold())
    # marks count too: in many scripts vowels are marks
    letters = [sign for sign in signs if unicodedata.category(sign)[0] in "LM"]
    if not facts.reason.strip():
        return Unmet(code="reason_missing", sentence="Your reason, in one sentence.")
    if not any(unicodedata.category(sign)[0] == "L" for sign in letters):
        return Unmet(code="reason_no_words", sentence="A reason in words.")
    if len(set(letters)) < min(3, len(letters)):
        return Unmet(code="reason_one_letter", sentence="A reason in words, not one letter again.")
    if sum(map(_weight, letters)) < REASON_LETTERS:
        return Unmet(code="reason_short", sentence="A few more words of reason.")
    return None


def _weight(letter: str) -> int:
    """Count an ideograph, kana or Hangul syllable as what it takes in letters."""
    return _WIDE_LETTER if unicodedata.east_asian_width(letter) in "WF" else 1
