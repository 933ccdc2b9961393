"""Open an exception for each action in which something stood out."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from handoffs import afterwards
from handoffs.failpoints import failpoint
from handoffs.models import Finding
from handoffs.states import HandoffKind

logger = logging.getLogger(__name__)


def open_due(*, now: datetime, limit: int = 100) -> int:
    """Open what nobody was asked about yet, one transaction each; what nobody can be asked stays.

    There is a bounded number an hour of these, so all that wait are looked at each time.
    """
    due = Finding.objects.filter(handoff=None, held_back=False).order_by("id")
    opened = waiting = 0
    for finding_id in due.values_list("id", flat=True).iterator():
        match _open(finding_id, now=now):
            case True:
                opened += 1
            case False:
                waiting += 1
        if opened >= limit:
            break
    if waiting:
        logger.warning(
            "Exceptions wait: no row of the matrix covers them, or their queue is full.",
            extra={"action": "finding.unasked", "count": waiting},
        )
    return opened


def _open(finding_id: int, *, now: datetime) -> bool | None:
    """Open one: True when it is, False when nobody can be asked, None when another worker did."""
    with transaction.atomic():
        waiting = Finding.objects.select_for_update(skip_locked=True, of=("self",))
        finding = (
            waiting.filter(id=finding_id, handoff=None).select_related("proposal__run").first()
        )
        if finding is None:
            return None
        opened = afterwards.ask(
            finding.proposal,
            HandoffKind.EXCEPTION,
            brief=_brief(finding),
            facts={"figures": finding.keys},
            now=now,
        )
        if opened is None:
            return False
        failpoint("findings.after_opening")
        Finding.objects.filter(id=finding.id).update(handoff=opened)
    return True


def _brief(finding: Finding) -> dict[str, Any]:
    """Lead with the figures, in our words; what the agent sent is shown as what it is."""
    own = finding.proposal.audit_brief or {}
    kept = {name: own[name] for name in ("summary", "steps", "evidence", "draft") if name in own}
    facts = [
        {"label": "What stood out", "value": said, "kind": "text", "source": "Overread"}
        for said in finding.sentences
    ]
    held_back = _held_back_before(finding)
    if held_back:
        facts.append(
            {
                "label": "Not opened",
                "value": f"{held_back} more in the hours before, above the most there may be in "
                "an hour",
                "kind": "text",
                "source": "Overread",
            }
        )
    facts += afterwards.outcome_facts(finding.proposal)
    return {**kept, "stood_out": finding.sentences, "facts": facts + own.get("facts", [])}


def _held_back_before(finding: Finding) -> int:
    """Count what was held back since the last exception of this workflow, a day back at most."""
    before = Finding.objects.filter(
        workflow=finding.workflow_id, at__lt=finding.at, at__gt=finding.at - timedelta(days=1)
    )
    last = before.filter(held_back=False).order_by("-at").values_list("at", flat=True).first()
    missed = before.filter(held_back=True)
    return (missed.filter(at__gt=last) if last else missed).count()
