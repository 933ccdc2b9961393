"""What stands beside a reason where an answer is challenged: marks to set, a line of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reviews import challenge, spec
from reviews.pages.text import marked
from reviews.safeguards import Seen


@dataclass(frozen=True, kw_only=True)
class Mark:
    value: str
    label: str
    on: bool


@dataclass(frozen=True, kw_only=True)
class ChallengeView:
    """Two questions; `note` says of which answers they are asked, before they are."""

    note: str
    checked: tuple[Mark, ...]
    checked_own: str
    wrong_if: tuple[Mark, ...]
    wrong_if_own: str


def view(
    safeguards: Mapping[str, Any], seen: Seen, said: Mapping[str, Any]
) -> ChallengeView | None:
    """Return what is asked here, filled in as it was `said`; None where no answer is challenged."""
    match spec.read(safeguards).challenge:
        case "always":
            note = "Asked of every answer here, yes or no."
        case "sampled" if seen.drawn:
            note = "Drawn at random, as some are: asked here if you agree."
        case _:
            return None
    stated = challenge.stated(said)
    return ChallengeView(
        note=note,
        checked=tuple(
            Mark(value=chip.id, label=marked(chip.label), on=chip.id in stated.checked)
            for chip in seen.known.chips
        ),
        checked_own=stated.checked_own,
        wrong_if=tuple(
            Mark(value=name, label=label, on=name in stated.wrong_if)
            for name, label in challenge.WRONG_IF.items()
        ),
        wrong_if_own=stated.wrong_if_own,
    )
