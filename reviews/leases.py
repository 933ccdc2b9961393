"""Who holds a handoff just now, and how long they have read."""

from django.db.models import F, FloatField, Func, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import permissions
from reviews.models import Claim
from reviews.panels import Panel


def standing(handoff_id: str) -> QuerySet[Claim]:
    """Return the claims on a handoff that are good now, at its present level and round."""
    return Claim.objects.filter(
        handoff=handoff_id,
        ended_at=None,
        expires_at__gt=Now(),
        level=F("handoff__level"),
        round=F("handoff__round"),
        handoff__state=HandoffState.WAITING.value,
    )


def live(found: Handoff, user: User, panel: Panel | None) -> tuple[Claim | None, float | None, str]:
    """Return this person's live claim with its reading time, or who keeps them from having one."""
    held = list(
        standing(found.id)
        .select_related("reviewer")
        .annotate(
            read_for=Func(
                F("opened_at"),
                F("read_seconds"),
                F("seen_at"),
                function="overread_read_for",
                output_field=FloatField(),
            ),
            read_before=Func(
                F("handoff_id"),
                F("reviewer_id"),
                F("round"),
                F("id"),
                function="overread_read_before",
                output_field=FloatField(),
            ),
        )
    )
    mine = next((claim for claim in held if claim.reviewer_id == user.id), None)
    if mine is not None:
        return mine, mine.read_before + (mine.read_for or 0.0), ""
    if not held or (panel is not None and permissions.free_seat(user, found)):
        return None, None, ""
    return None, None, held[0].reviewer.name
