"""Open an audit for each action that was drawn, once it is known how it went."""

import logging
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models.functions import Now

from handoffs import afterwards, real, sampling
from handoffs.failpoints import failpoint
from handoffs.models import Proposal
from handoffs.states import HandoffKind

logger = logging.getLogger(__name__)

# what an auditor reads of the agent's own brief; how sure it was, its advice and its options would
# only lean on the judgement
_KEPT = ("summary", "flags", "steps", "evidence", "draft")

# The partial index holds only what has no audit yet. What nobody can be asked about now is left
# out, so that it keeps nothing else waiting.
_DUE = f"""
select proposal.id, run.workflow_id, proposal.action_type, proposal.tier
from handoffs_proposal proposal
join handoffs_run run on run.id = proposal.run_id
left join handoffs_auditshare share
    on share.workflow_id = run.workflow_id and share.tier = proposal.tier
where proposal.audit_drawn and proposal.audit_opened_at is null and {real.run()}
    and (proposal.outcome <> '' or proposal.created_at <= now() - make_interval(
        secs => coalesce(share.wait_seconds, {sampling.DEFAULT_WAIT_SECONDS})))
    and not exists (
        select from unnest(%(workflows)s::bigint[], %(types)s::text[], %(tiers)s::text[])
            as unasked (workflow_id, action_type, tier)
        where unasked.workflow_id = run.workflow_id
            and unasked.action_type = proposal.action_type and unasked.tier = proposal.tier)
order by proposal.id limit %(limit)s
"""


class _Asked(NamedTuple):
    """What the matrix is asked by: who audits this type of action."""

    workflow_id: int
    action_type: str
    tier: str


def open_due(*, now: datetime, limit: int = 200) -> int:
    """Open what is due, one transaction each; what nobody can be asked about stays due."""
    unasked: set[_Asked] = set()
    opened = 0
    while opened < limit:
        due = _due(unasked, limit - opened)
        before = opened, len(unasked)
        for proposal_id, asked in due:
            if asked in unasked:
                continue
            match _open(proposal_id, now=now):
                case True:
                    opened += 1
                case False:
                    unasked.add(asked)
        if before == (opened, len(unasked)):
            break
    if unasked:
        logger.warning(
            "Audits wait: no row of the matrix covers them, or their queue is full.",
            extra={"action": "audit.unasked", "types": sorted(map(str, unasked))},
        )
    return opened


def _due(unasked: set[_Asked], limit: int) -> list[tuple[str, _Asked]]:
    columns: dict[str, list[Any]] = {
        "workflows": [one.workflow_id for one in unasked],
        "types": [one.action_type for one in unasked],
        "tiers": [one.tier for one in unasked],
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {**columns, "limit": limit})
        return [(row[0], _Asked(*row[1:])) for row in cursor.fetchall()]


def _open(proposal_id: str, *, now: datetime) -> bool | None:
    """Open one audit: True when it is, False when nobody can be asked, None when another did."""
    with transaction.atomic():
        waiting = Proposal.objects.select_for_update(skip_locked=True, of=("self",))
        proposal = (
            waiting.filter(id=proposal_id, audit_drawn=True, audit_opened_at=None)
            .select_related("run")
            .first()
        )
        if proposal is None:
            return None
        opened = afterwards.ask(
            proposal,
            HandoffKind.AUDIT,
            brief=_brief(proposal),
            facts={"share": str(proposal.audit_share)},
            now=now,
        )
        if opened is None:
            return False
        failpoint("audits.after_opening")
        Proposal.objects.filter(id=proposal.id).update(audit_opened_at=Now())
    return True


def _brief(proposal: Proposal) -> dict[str, Any]:
    own = proposal.audit_brief or {}
    kept = {name: own[name] for name in _KEPT if name in own}
    return {**kept, "facts": [*afterwards.outcome_facts(proposal), *own.get("facts", [])]}
