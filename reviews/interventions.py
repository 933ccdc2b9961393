"""What a person does to a run that has not asked for them: stop it, or pause it and step in."""

import logging
from dataclasses import dataclass
from datetime import datetime

from accounts.errors import DomainError
from accounts.models import User
from accounts.roles import Role
from handoffs import runs, stepping_in
from handoffs.actors import Actor, person_actor
from handoffs.errors import ReasonMissing
from handoffs.models import Run
from reviews import claims, plants, run_detail
from reviews.errors import MayNotIntervene

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SteppedIn:
    """The handoff by which the run goes on, and whether whoever paused it holds it."""

    handoff_id: str
    mine: bool


def stop(run_id: str, *, reason: str, by: User, now: datetime) -> None:
    """End the run: what it asks is withdrawn, nothing more is released, what was done stays."""
    run = _mine(run_id, by)
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason:
        raise ReasonMissing
    plants.end_run(run_id, now=now)
    runs.stop(run_id, reason=reason[:2_000], by=_actor(by, run), now=now)


def step_in(run_id: str, *, reason: str, by: User, now: datetime) -> SteppedIn:
    """Pause the run; whoever may say how it goes on has it at once, else its team has it."""
    run = _mine(run_id, by)
    if reason.strip() and stepping_in.authority_over(run) is not None:
        # where it is a test they find that its agent has just ended it
        plants.end_run(run_id, now=now)
    opened = stepping_in.step_in(run_id, reason=reason, by=_actor(by, run), now=now)
    if not run_detail.decides(by, run_detail.authority(run)):
        return SteppedIn(handoff_id=opened, mine=False)
    try:
        claims.take_asked(opened, by=by, now=now)
    except DomainError as refusal:
        # their hands are full, or somebody was faster: the run is paused all the same
        logger.info(
            "A run was paused and is held by nobody yet.",
            extra={"action": "run.stepped_in", "run": run_id, "code": refusal.code},
        )
        return SteppedIn(handoff_id=opened, mine=False)
    return SteppedIn(handoff_id=opened, mine=True)


def _mine(run_id: str, by: User) -> Run:
    current = User.objects.get(pk=by.pk)
    run = run_detail.get(current, run_id)
    if not run_detail.may_intervene(current, run):
        raise MayNotIntervene
    return run


def _actor(by: User, run: Run) -> Actor:
    """Name them by the team that has the run, where they are in it, else by their role."""
    authority = run_detail.authority(run)
    if authority is not None and run_detail.decides(by, authority):
        return person_actor(by.pk, authority.role_name)
    known = [role for role in (Role.MANAGER, Role.WORKFLOW_OWNER) if role.value in by.roles]
    name = known[0].value.replace("_", " ") if known else "reviewer"
    return person_actor(by.pk, name)
