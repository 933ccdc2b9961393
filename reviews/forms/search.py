"""The search form, from an address or a saved filter."""

from collections.abc import Mapping

from handoffs.states import HandoffKind
from reviews.search import STATES, Wanted


def wanted(typed: Mapping[str, str]) -> Wanted:
    """Read what is searched for; what is no such state or kind narrows nothing."""
    state, kind = typed.get("state", ""), typed.get("kind", "")
    return Wanted(
        words=_text(typed, "words")[:200],
        state=state if state in STATES else "",
        queue=_text(typed, "queue")[:60],
        workflow=_text(typed, "workflow")[:60],
        kind=kind if kind in set(HandoffKind) else "",
        mine=bool(typed.get("mine")),
    )


def after(typed: Mapping[str, str]) -> str:
    """Read where to go on; what is no place in the list is its beginning."""
    place = typed.get("after", "")
    return place if place.isascii() and place.replace("_", "").isalnum() else ""


def _text(typed: Mapping[str, str], name: str) -> str:
    return typed.get(name, "").replace("\0", "").strip()
