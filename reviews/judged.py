"""What a person may be shown of a handoff yet, by what they have judged of it."""

import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import User
from handoffs.models import Brief, Handoff
from handoffs.states import HandoffKind, HandoffState
from reviews import visibility
from reviews.models import Decision, Judgement
from reviews.visibility import Phase, Seat

# nobody is asked any more
OVER = (HandoffState.ANSWERED.value,)
# The question of a handoff `h` for a list, with what may answer it by itself: for `asked`.
ASK = """(select jsonb_build_object('ask', brief.body -> 'ask', 'safeguards', h.safeguards,
        'opinion', jsonb_build_object('recommendation', brief.body -> 'recommendation'))
    from handoffs_brief brief
    where brief.handoff_id = h.id order by brief.version desc limit 1)"""
_PURPOSE = b"overread order of options "


def decisions(handoff: Handoff, *, round: int | None = None) -> QuerySet[Decision]:
    """Return what was decided in this round, or in the present one, and not taken back."""
    return Decision.objects.filter(
        handoff=handoff, round=handoff.round if round is None else round, undone_at=None
    )


def of_round(handoff: Handoff) -> list[Judgement]:
    """Return everything that was judged in this round, in one query.

    `changed` tells of each whether its decision was another after the reveal; None without one.
    """
    standing = Decision.objects.filter(judgement=OuterRef("pk"), undone_at=None)
    found = Judgement.objects.filter(handoff=handoff, round=handoff.round).annotate(
        changed=Subquery(standing.values("changed_after_reveal")[:1])
    )
    return list(found.select_related("reviewer").order_by("id"))


def own(judged: Iterable[Judgement], version: int, reader: User) -> Judgement | None:
    """Return what this person judged of this version of the brief."""
    mine = (one for one in judged if one.reviewer_id == reader.id and one.brief_version == version)
    return next(mine, None)


def current(handoff: Handoff, version: int, reader: User) -> Judgement | None:
    return Judgement.objects.filter(
        handoff=handoff, round=handoff.round, brief_version=version, reviewer=reader
    ).first()


def asked(found: str | dict[str, Any] | None) -> str:
    """Return the question as it may stand in a list; a cursor gives JSON as text."""
    if found is None:
        return ""
    read = json.loads(found) if isinstance(found, str) else found
    return visibility.ask_for(read["ask"], read["opinion"], read["safeguards"])


def phase(handoff: Handoff, judgement: Judgement | None) -> Phase:
    """Tell where a reader is who has judged so; once it is answered, it is open to all."""
    return visibility.phase(
        handoff.safeguards, decided=is_over(handoff), judged=judgement is not None
    )


def is_over(handoff: Handoff) -> bool:
    return handoff.state in OVER


def seat(handoff: Handoff, reader: User) -> Seat:
    """Say from where this person looks: in an order of their own, the same at every look."""
    place = f"{handoff.id} {reader.pk}".encode()
    drafted = handoff.proposal_id is not None or handoff.kind == HandoffKind.SIGN_OFF.value
    key = hmac.digest(settings.SECRET_KEY.encode(), _PURPOSE + place, "sha256")
    return Seat(key=key, drafted=drafted)


def brief(
    handoff: Handoff, brief: Brief, reader: User, judgement: Judgement | None
) -> dict[str, Any]:
    """Return the brief as this person may read it now."""
    return visibility.brief_for(
        brief.body,
        handoff.safeguards,
        is_over(handoff),
        judged=judgement is not None,
        seat=seat(handoff, reader),
    )


def terms(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a judgement needs of a handoff's safeguards: a reason always, no challenge yet.

    The challenge belongs to the decision that binds. How many decide it is no matter here.
    """
    return {**spec, "reason": "always", "challenge": "never", "approvers": 1}


def may_know(handoff: Handoff, reader: User) -> bool:
    """Tell whether nothing is withheld from this person any more, say for the admin."""
    brief = handoff.briefs.order_by("-version")[0]
    at = phase(handoff, current(handoff, brief.version, reader))
    return at is not Phase.BEFORE_JUDGEMENT
