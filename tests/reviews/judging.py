"""Commit judgements as the page does."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from handoffs.models import Handoff
from reviews import judged, judgements, visibility
from reviews.models import Judgement
from reviews.wording import Choice

WITHHOLD = {"withhold_recommendation": True}
WHY = "The order came too late, by the carrier's own list."


def commit(
    handoff: Handoff,
    *,
    by: User,
    verb: str = "approve",
    option: str | None = None,
    confidence: int | None = 3,
    reason: str = WHY,
) -> Judgement:
    """Commit as `by`, who holds the handoff; `option` by its own name, as nobody is shown it."""
    choice = Choice(verb=verb, option=shown_as(handoff, by, option), reason=reason)
    return judgements.commit(
        handoff.id, by=by, choice=choice, confidence=confidence, now=timezone.now()
    )


def shown_as(handoff: Handoff, reader: User, option: str | None) -> str | None:
    if option is None:
        return None
    return visibility.option_mask(judged.seat(handoff, reader).key, option)


def form(verb: str = "approve", confidence: str = "3", words: str = WHY) -> dict[str, Any]:
    """What the page of the first stage posts."""
    return {"answer": verb, "confidence": confidence, "words": words}
