"""What may be sent yet. What is withheld is not in the response: absent, not emptied."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, assert_never

from reviews.spec import read

# the machine's opinion, wherever in a brief it stands
_OPINION = frozenset({"recommendation", "confidence", "rationale"})


class Phase(StrEnum):
    """Where a reader is with a handoff."""

    OPEN = "open"  # nothing is withheld here
    BEFORE_JUDGEMENT = "before_judgement"
    REVEALED = "revealed"


def phase(spec: Mapping[str, Any], *, decided: bool) -> Phase:
    if not read(spec).withhold_recommendation:
        return Phase.OPEN
    return Phase.REVEALED if decided else Phase.BEFORE_JUDGEMENT


def brief_for(brief: Mapping[str, Any], spec: Mapping[str, Any], decided: bool) -> dict[str, Any]:
    """Return the brief as it may be sent now; `brief` itself is left as it is."""
    now = phase(spec, decided=decided)
    match now:
        case Phase.OPEN | Phase.REVEALED:
            return dict(brief)
        case Phase.BEFORE_JUDGEMENT:
            return {
                key: _without_opinion(value) for key, value in brief.items() if key not in _OPINION
            }
        case _:
            assert_never(now)


def _without_opinion(value: Any) -> Any:
    """Take the opinion out of what is nested, too: an option's rationale tells as much."""
    if isinstance(value, Mapping):
        return {key: _without_opinion(item) for key, item in value.items() if key not in _OPINION}
    if isinstance(value, list):
        return [_without_opinion(item) for item in value]
    return value
