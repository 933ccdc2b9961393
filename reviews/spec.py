"""The safeguards of a handoff, as its matrix row had them when it opened.

Pure. What cannot be read has the stricter meaning: a row that somebody broke by hand slows a
reviewer down, it never lets one through.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# more than these are a committee: nobody answers for what all have signed
MOST_APPROVERS = 5
_STRICT_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What has to hold before a decision counts.

    `words_per_minute` is the fastest that the brief may be read, None where its length does not
    count. `seats` are names of teams. `undo_seconds` is None where the row leaves it open.
    """

    minimum_seconds: int = 0
    words_per_minute: int | None = None
    challenge: str = "never"
    challenge_share: float = 0.1
    reason: str = "on_reject"
    evidence: str = "must_open"
    withhold_recommendation: bool = False
    approvers: int = 1
    seats: tuple[str, ...] = ()
    tie_break: str = "reject"
    undo_seconds: int | None = None


def read(said: Mapping[str, Any]) -> Spec:
    """Read what a handoff keeps; what is missing has its default."""
    return Spec(
        minimum_seconds=_seconds(said.get("minimum_seconds", 0)),
        words_per_minute=_speed(said.get("words_per_minute")),
        challenge=_challenge(said.get("challenge", "never")),
        challenge_share=_share(said.get("challenge_share", 0.1)),
        reason=_one_of(said.get("reason", "on_reject"), "never", "on_reject", strict="always"),
        evidence=_one_of(said.get("evidence", "must_open"), "none", strict="must_open"),
        withhold_recommendation=said.get("withhold_recommendation", False) not in (False, None),
        approvers=_approvers(said.get("approvers", 1)),
        seats=_seats(said.get("seats", ())),
        tie_break=_one_of(said.get("tie_break", "reject"), "escalate", "majority", strict="reject"),
        undo_seconds=_undo(said.get("undo_seconds")),
    )


def _number(said: object) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said)


def _seconds(said: Any) -> int:
    return max(0, math.ceil(said)) if _number(said) else _STRICT_SECONDS


def _speed(said: Any) -> int | None:
    if said is None:
        return None
    return int(said) if _number(said) and said >= 1 else 60


def _challenge(said: object) -> str:
    if isinstance(said, bool):
        # as rows said it before there was a sampled one
        return "always" if said else "never"
    return _one_of("never" if said is None else said, "never", "sampled", strict="always")


def _share(said: Any) -> float:
    return float(said) if _number(said) and 0 <= said <= 1 else 1.0


def _one_of(said: object, *lenient: str, strict: str) -> str:
    return said if isinstance(said, str) and said in lenient else strict


def _approvers(said: Any) -> int:
    """Read how many; null and 0, as old rows have it, mean one, and nonsense the most."""
    if said in (None, 0):
        return 1
    return int(said) if _number(said) and 1 <= said <= MOST_APPROVERS else MOST_APPROVERS


def _seats(said: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in said) if isinstance(said, list | tuple) else ()


def _undo(said: Any) -> int | None:
    return int(said) if _number(said) and 0 <= said <= 600 else None
