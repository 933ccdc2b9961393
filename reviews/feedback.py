"""What people wrote better than the agent did: kept for whoever owns the agent."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from handoffs import audit, briefs, real
from handoffs.actors import person_actor
from handoffs.errors import NotFound
from handoffs.models import Handoff, Workflow
from reviews import claims, desk
from reviews.errors import SummaryRefused
from reviews.models import SummaryEdit

LONGEST = 300


@transaction.atomic
def edit_summary(handoff_id: str, *, text: str, by: User, now: datetime) -> SummaryEdit | None:
    """Keep a better summary of the brief that `by` holds; None when nothing changed.

    The brief itself stays as it was sent: decisions, digests and the agent know only that one.
    What is withheld is not mended, or the edit would show what it says.
    """
    # whoever ends a test waits for this, or this finds that it is nobody's
    list(Handoff.objects.filter(id=handoff_id).select_for_update(no_key=True).values("id"))
    detail = desk.handoff(by, handoff_id, now)
    if detail.claim is None:
        raise claims.lost(handoff_id, by)
    if detail.withheld:
        raise SummaryRefused(
            "The summary may lean on what is not shown yet, so it cannot be mended now. Nothing "
            "was changed. Commit your own answer first."
        )
    after = " ".join(text.replace("\0", "").split())
    if briefs.says_nothing(after) or len(after) > LONGEST:
        raise SummaryRefused(
            f"A summary is one line of up to {LONGEST} characters; this one has {len(after)}. "
            "Nothing was changed. Say in a sentence what it comes down to."
        )
    before = str(detail.brief.get("summary") or "")
    if after == (detail.summary_edit.after if detail.summary_edit else before):
        return None
    handoff = detail.handoff
    audit.record(
        by=person_actor(by.pk, handoff.role.name),
        action="brief.summary_edited",
        subject=handoff_id,
        body={"version": detail.brief_version},
    )
    return SummaryEdit.objects.create(
        handoff=handoff,
        brief_version=detail.brief_version,
        before=before,
        after=after,
        editor=by,
    )


def count(workflow: Workflow) -> int:
    return _edits(workflow).count()


def _edits(workflow: Workflow) -> QuerySet[SummaryEdit]:
    return SummaryEdit.objects.filter(real.of("handoff__run"), handoff__workflow=workflow)


def export(workflow: Workflow) -> Iterator[dict[str, Any]]:
    """Yield every edit, oldest first, as an example to learn from; nobody is named in it."""
    edits = _edits(workflow).select_related("handoff__proposal")
    asks = {}
    for edit in edits.order_by("id").iterator(chunk_size=500):
        handoff = edit.handoff
        if handoff.id not in asks:
            asks = {handoff.id: {one.version: one.body for one in handoff.briefs.all()}}
        body = asks[handoff.id].get(edit.brief_version)
        if body is None:
            raise NotFound
        yield {
            "handoff": handoff.id,
            "kind": handoff.kind,
            "action_type": handoff.proposal.action_type if handoff.proposal else None,
            "brief_version": edit.brief_version,
            "ask": body.get("ask"),
            "before": edit.before,
            "after": edit.after,
            "edited_on": edit.edited_at.date().isoformat(),
        }
