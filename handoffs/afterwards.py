"""Ask a person about what an agent has done already; its run takes no notice."""

import json
from datetime import datetime, timedelta
from typing import Any

from handoffs import audit, compiled, moves, pause, rooms, titles
from handoffs.actors import POLICY
from handoffs.compiled import Action
from handoffs.models import Handoff, Proposal
from handoffs.rooms import Placed
from handoffs.states import Cause, HandoffKind, HandoffState, Tier

# nothing is left to undo then
ENDED = (Proposal.Outcome.FAILED.value, Proposal.Outcome.ROLLED_BACK.value)
_OUTCOMES = {
    "": "Not reported",
    Proposal.Outcome.DONE.value: "Done",
    Proposal.Outcome.FAILED.value: "Failed",
    Proposal.Outcome.ROLLED_BACK.value: "Rolled back",
}
_DETAIL_LENGTH = 2_000


def ask(
    proposal: Proposal,
    kind: HandoffKind,
    *,
    brief: dict[str, Any],
    facts: dict[str, Any],
    now: datetime,
) -> str | None:
    """Open a handoff about the proposal in the caller's transaction.

    Returns None where nobody can be asked now: no row of the matrix covers it, or the queue is
    full. Then nothing is stored, and the caller asks again later.
    """
    run = proposal.run
    policy = compiled.get(run.workflow_id)
    authority = policy.authority(proposal.action_type, kind, Tier(proposal.tier))
    if authority is None:
        return None
    action = policy.actions.get(proposal.action_type)

    def make(placed: Placed) -> pause.Opening:
        return pause.Opening(
            run_id=run.id,
            workflow_id=run.workflow_id,
            client_id=run.client_id,
            kind=kind,
            authority=placed.authority,
            overflow_from=placed.overflow_from,
            brief={"ask": _question(proposal, action), **brief},
            by=POLICY,
            now=now,
            cause=Cause.PROPOSED,
            facts={"run": run.id, "kind": kind.value, "proposal": proposal.id, **facts},
            tier=Tier(proposal.tier),
            blocking=False,
            afterwards=True,
            about=proposal.id,
            roll_back_until=_until(proposal, action),
        )

    _, opening = rooms.open_where_room(authority, make, anyway=False)
    return opening.id if opening else None


def _question(proposal: Proposal, action: Action | None) -> str:
    """Ask in our words: the agent's own question would be about what it had yet to do."""
    arguments = json.loads(proposal.arguments)
    return f"Was this right? {titles.fill(action.title, arguments) if action else ''}".strip()


def _until(proposal: Proposal, action: Action | None) -> datetime | None:
    """Return until when it can be undone, counted from when it was proposed."""
    if action is None or action.roll_back_seconds is None or proposal.outcome in ENDED:
        return None
    return proposal.created_at + timedelta(seconds=action.roll_back_seconds)


def outcome_facts(proposal: Proposal) -> list[dict[str, Any]]:
    """Say how it went, as the agent reported it: its words, to be read as such."""
    source = "reported by the agent" if proposal.outcome else ""
    said = [{"label": "Outcome", "value": _OUTCOMES[proposal.outcome], "source": source}]
    if proposal.outcome_detail.strip():
        detail = proposal.outcome_detail[:_DETAIL_LENGTH]
        said.append({"label": "Outcome in its words", "value": detail, "source": source})
    return [{**one, "kind": "text"} for one in said]


def lapse(handoff: Handoff) -> None:
    """End what nobody answered: no judgement is made up, and nothing is undone unseen."""
    moves.move_handoff(handoff.id, HandoffState.WITHDRAWN, by=POLICY, cause=Cause.TIMED_OUT)
    audit.record(by=POLICY, action="handoff.unanswered", subject=handoff.id, body={})
    moves.notify(handoff.id)
