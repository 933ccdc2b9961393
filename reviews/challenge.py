"""The challenge: what was checked, what would make the answer wrong, and a sentence of one's own.

Pure. It is the same for yes and for no: whoever had to write for one of them only would learn to
give the other. Where a row asks it of a sample, agreeing is drawn as nobody can foresee or repeat;
saying no asks for its reason there anyway.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from handoffs.states import RELEASING_VERBS
from reviews import reasons
from reviews.errors import Unmet
from reviews.spec import Spec

# of the earlier reasons of the same person, how many are looked at
EARLIER = 20
_MOST_CHIPS = 12
_OWN_LETTERS = 4
_OWN_LENGTH = 200
_OWN = "own"

# what was stated, as a decision keeps it: per part, what was marked and what was written
Kept = dict[str, list[dict[str, str]]]
_PURPOSE = b"overread challenge draw\0"
_STEPS = 1 << 64

# what a sample is drawn of: whatever lets the agent do what it proposed, or something like it
AGREEING = RELEASING_VERBS
WRONG_IF: Mapping[str, str] = {
    "figure": "A wrong name or figure",
    "evidence": "Outdated evidence",
    "rule": "A rule not shown here",
    "person": "Not who they seem",
    "missing": "Facts not in the brief",
}


@dataclass(frozen=True, kw_only=True)
class Chip:
    """Something on the page that can have been checked."""

    id: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What a person states beside their reason: by chips, and in their own words."""

    checked: frozenset[str] = frozenset()
    checked_own: str = ""
    wrong_if: frozenset[str] = frozenset()
    wrong_if_own: str = ""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a reason is compared with: what its writer was shown, and what they wrote before."""

    shown: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    chips: tuple[Chip, ...] = field(default=())


def asked(spec: Spec, verb: str, *, drawn: bool) -> bool:
    """Tell whether this answer is challenged; `drawn` is what the draw said of this person here."""
    return spec.challenge == "always" or (
        spec.challenge == "sampled" and drawn and verb in AGREEING
    )


def draw(secret: str, *, handoff: str, round: int, reviewer: int, share: float) -> bool:
    """Draw with this probability; the same question to the same person is the same draw."""
    place = hmac.digest(
        secret.encode(), _PURPOSE + f"{handoff}.{round}.{reviewer}".encode(), "sha256"
    )
    return int.from_bytes(place[:8], "big") / _STEPS < share


def chips(brief: Mapping[str, Any]) -> tuple[Chip, ...]:
    """Return what the brief gives to check: evidence first, then facts, then flags."""
    found = [
        Chip(id=f"{part}:{place}", label=label)
        for part, name in (("evidence", "title"), ("facts", "label"), ("flags", "label"))
        for place, label in _labels(brief.get(part), name)
    ]
    return tuple(found[:_MOST_CHIPS])


def shown(brief: Mapping[str, Any]) -> tuple[str, ...]:
    """Return every text of the brief that could be copied instead of writing a reason."""
    return tuple(_texts(brief))


def stated(said: Mapping[str, Any]) -> Stated:
    """Read what a form or a draft holds; what is no text or no list is nothing."""
    return Stated(
        checked=frozenset(_names(said.get("checked"))),
        checked_own=_own(said.get("checked_own")),
        wrong_if=frozenset(_names(said.get("wrong_if"))) & WRONG_IF.keys(),
        wrong_if_own=_own(said.get("wrong_if_own")),
    )


def unmet(reason: str, given: Stated, known: Known) -> Iterator[Unmet]:
    """List what is missing from a challenged answer, and why a text is no reason."""
    if not given.checked & {chip.id for chip in known.chips} and _says_little(given.checked_own):
        yield Unmet(code="checked_missing", sentence="Mark what you checked.")
    if not given.wrong_if and _says_little(given.wrong_if_own):
        yield Unmet(code="wrong_if_missing", sentence="Mark what would make your answer wrong.")
    junk = reasons.objection(reason, least=reasons.SENTENCE_LETTERS)
    if junk is not None:
        yield junk
    elif reasons.copied(reason, known.shown):
        yield Unmet(
            code="reason_copied",
            sentence="Your reason stands in the brief already. Say in your own words what you saw.",
        )
    elif reasons.recycled(reason, known.earlier, known.shown):
        yield Unmet(
            code="reason_recycled",
            sentence="You gave this reason before, for another one. "
            "Say what it is about this one, with a name or figure of it.",
        )


def kept(given: Stated, known: Known) -> Kept:
    """Return what was stated as it is kept: with the words that the person saw."""
    checked = {chip.id: chip.label for chip in known.chips if chip.id in given.checked}
    wrong_if = {name: said for name, said in WRONG_IF.items() if name in given.wrong_if}
    return {
        "checked": _items(checked, given.checked_own),
        "wrong_if": _items(wrong_if, given.wrong_if_own),
    }


def again(kept: Kept | None) -> dict[str, Any]:
    """Return what was kept as its form had it, say after it was taken back."""
    said: dict[str, Any] = {}
    for part, items in (kept or {}).items():
        said[part] = [item["id"] for item in items if item["id"] != _OWN]
        said[f"{part}_own"] = next((item["label"] for item in items if item["id"] == _OWN), "")
    return said


def _items(marked: Mapping[str, str], own: str) -> list[dict[str, str]]:
    found = {**marked, **({_OWN: own} if own else {})}
    return [{"id": id, "label": label} for id, label in found.items()]


def _says_little(text: str) -> bool:
    return reasons.objection(text, least=_OWN_LETTERS) is not None


def _labels(items: Any, name: str) -> Iterator[tuple[int, str]]:
    for place, item in enumerate(items if isinstance(items, list | tuple) else ()):
        label = item.get(name) if isinstance(item, Mapping) else None
        if isinstance(label, str) and label.strip():
            yield place, label.strip()


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)


def _names(said: Any) -> Iterable[str]:
    return (one for one in said if isinstance(one, str)) if isinstance(said, list | tuple) else ()


def _own(said: Any) -> str:
    return said.strip()[:_OWN_LENGTH] if isinstance(said, str) else ""
