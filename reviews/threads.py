"""What colleagues said to one another about a handoff, and who may read it when.

Where several decide without knowing of each other, or before a suggestion is shown, words of
others could sway somebody who still has to say something of their own. Then only one's own are
shown, and the page says so whether there are others or not.
"""

from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import User
from handoffs.models import Handoff
from handoffs.states import HandoffState
from reviews import judged, permissions, spec
from reviews.models import Comment


@dataclass(frozen=True, kw_only=True)
class Thread:
    """What this reader may read of it; `closed`: only their own, until they have decided."""

    comments: tuple[Comment, ...]
    closed: bool


def thread(handoff: Handoff, reader: User, *, decides: bool, withheld: bool) -> Thread:
    """Return the comments on a handoff as this person may read them now."""
    blind = decides and _is_blind(handoff, reader)
    closed = withheld or blind
    found = Comment.objects.filter(handoff=handoff).select_related("author", "asked")
    if closed:
        found = found.filter(author=reader)
    return Thread(comments=tuple(found.order_by("id")), closed=closed)


def _is_blind(handoff: Handoff, reader: User) -> bool:
    """Tell whether this person still has to decide without knowing what others think."""
    guards = spec.read(handoff.safeguards)
    if guards.approvers < 2 and not guards.seats:
        return False
    if handoff.state == HandoffState.ANSWERED.value:
        return False
    return not judged.decisions(handoff).filter(reviewer=reader).exists()


def deciders(handoff: Handoff, reader: User) -> QuerySet[User]:
    """Return the others who may decide it, as far as teams say: one of them is asked anew."""
    found = permissions.workers(handoff.queue_id).exclude(pk=reader.pk)
    return found.filter(groups=handoff.role_id)


def colleagues(handoff: Handoff, reader: User) -> list[User]:
    """Return whom this person may ask: others who may read it because they work its queue."""
    return list(permissions.workers(handoff.queue_id).exclude(pk=reader.pk)[:200])
