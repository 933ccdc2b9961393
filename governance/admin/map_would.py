"""The panel that says what a map would have done, from a body that may be unfinished."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse

from governance import preview
from governance.admin import map_words
from governance.preview import Preview
from handoffs import policy
from handoffs.models import RiskTierMap
from handoffs.policy import PolicyError

SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Would:
    """`waiting` says what is missing before anything can be said."""

    waiting: str = ""
    count: int = 0
    line: str = ""
    note: str = ""
    types: tuple[Any, ...] = ()
    examples: tuple[dict[str, str], ...] = field(default=())


def would(map: RiskTierMap, body: dict[str, Any] | None, *, may_look: bool) -> Would:
    """Rule on the last proposals again; whoever may not read records gets no links."""
    if body is None:
        return Would(waiting="As soon as the condition is complete, this says what it changes.")
    try:
        risk_map = policy.parse_map(body)
    except PolicyError:
        return Would(waiting="This map cannot be read yet, so nothing can be tried.")
    made = preview.preview(map.workflow, risk_map, in_time=_within(SECONDS))
    return Would(
        count=made.count,
        line=line(made),
        note=_note(made),
        types=tuple(sorted(made.types.values(), key=lambda one: (-one.up - one.down, one.name))),
        examples=tuple(_example(one, may_look) for one in made.examples),
    )


def _within(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def line(made: Preview) -> str:
    """Say the main thing in a sentence."""
    of = f"Of the last {made.count} proposals" if made.count > 1 else "Of the one proposal so far"
    if made.up + made.down == 0:
        return f"{of}, none would have been ruled otherwise."
    said = f"{of}, {made.up} would have gone up and {made.down} down"
    asked = []
    if made.newly_asked:
        asked.append(f"{made.newly_asked} more would have been shown to a person")
    if made.no_longer_asked:
        asked.append(f"{made.no_longer_asked} fewer")
    return f"{said}: {' and '.join(asked)}." if asked else f"{said}; as many asked as before."


def _note(made: Preview) -> str:
    said = "Compared with how they were ruled then."
    if made.skipped:
        said += f" {made.skipped} of action types that are gone are left out."
    if made.cut:
        said += " There was time for these only; a backtest looks at all."
    return said


def _example(one: preview.Example, may_look: bool) -> dict[str, str]:
    return {
        "url": reverse("admin:handoffs_proposal_change", args=[one.id]) if may_look else "",
        "action_type": one.action_type,
        "then": map_words.TIERS[one.then],
        "now": map_words.TIERS[one.now],
    }
