"""What a page says of an action that the agent took by itself, before anybody looked."""

from dataclasses import dataclass
from datetime import datetime

from handoffs.afterwards import ENDED
from handoffs.states import AUTONOMOUS_TIERS, HandoffKind
from reviews.desk import HandoffDetail
from reviews.pages import times, words
from reviews.pages.text import marked


@dataclass(frozen=True, kw_only=True)
class StripItem:
    """One cell of the strip under the question; `live` says how the browser counts it along."""

    label: str
    text: str
    detail: str = ""
    moment: times.Moment | None = None
    live: str = ""
    # how it comes about, below it
    note: str = ""


def is_done(detail: HandoffDetail) -> bool:
    return detail.handoff.tier in AUTONOMOUS_TIERS


def why(detail: HandoffDetail, kind: HandoffKind) -> str:
    """Say what brought it here: chance, or what stood out."""
    if kind is HandoffKind.AUDIT:
        return words.drawn_because(detail.proposal.audit_share if detail.proposal else None)
    return marked(" ".join(map(str, detail.brief.get("stood_out") or ["Something stood out."])))


def undoable(detail: HandoffDetail, now: datetime) -> bool:
    """Tell whether it can still be rolled back; the operation asks again, by its own clock."""
    until = detail.handoff.roll_back_until
    return until is not None and now < until and not _ended(detail)


def undoing(detail: HandoffDetail, now: datetime) -> StripItem:
    """State the window in which it can be undone."""
    until, label = detail.handoff.roll_back_until, "Can be undone"
    if _ended(detail):
        return StripItem(label=label, text="nothing to undo", detail="as the agent reported")
    if until is None:
        return StripItem(label=label, text="no", detail="not this type of action")
    end = times.until(until, now)
    if now >= until:
        return StripItem(label=label, text="no longer", detail=f"it could until {end.clock}")
    return StripItem(label=label, text=end.phrase, detail=end.clock, moment=end, live="until")


def _ended(detail: HandoffDetail) -> bool:
    return detail.proposal is not None and detail.proposal.outcome in ENDED
