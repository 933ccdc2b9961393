"""Who may stop what, and let it go on: easily stopped, and let go by whoever answers for it."""

from collections.abc import Iterable
from datetime import datetime

from accounts.errors import NotAllowed
from accounts.models import User
from accounts.roles import Can, Role
from handoffs import grants, stops
from handoffs.actors import person_actor
from handoffs.errors import NotFound
from handoffs.models import Stop, Workflow
from handoffs.stops import Presser


def may_stop(user: User, workflow: Workflow | None) -> bool:
    """Let whoever leads a workflow stop it, and managers stop everything."""
    if workflow is None:
        return user.can(Can.STOP_EVERYTHING)
    return user.can(Can.EDIT_WORKFLOW) and grants.leads(user, workflow).allowed


def may_let_go(user: User, workflow: Workflow | None) -> bool:
    """Let whoever owns a workflow let it go on, and managers everything."""
    if workflow is None:
        return user.can(Can.STOP_EVERYTHING)
    return user.can(Can.EDIT_WORKFLOW) and grants.owns(user, workflow).allowed


def stoppable(user: User, workflows: Iterable[Workflow]) -> set[int]:
    """Return which of these the person may stop."""
    if not user.can(Can.EDIT_WORKFLOW):
        return set()
    return {workflow.pk for workflow in workflows if may_stop(user, workflow)}


def stop(
    workflow: Workflow | None, *, reason: str, drill_seconds: int | None, by: User, now: datetime
) -> Stop:
    if not may_stop(by, workflow):
        raise NotAllowed
    return stops.stop(
        workflow, reason=reason, presser=presser(by), now=now, drill_seconds=drill_seconds
    )


def let_go(stop_id: str, *, reason: str, by: User, now: datetime) -> Stop:
    found = Stop.objects.select_related("workflow").filter(id=stop_id).first()
    if found is None:
        raise NotFound
    if not may_let_go(by, found.workflow):
        raise NotAllowed(
            "Whoever owns the workflow lets it go on, or a manager. Nothing was changed. Tell them "
            "what you know."
        )
    return stops.resume(stop_id, reason=reason, presser=presser(by), now=now)


def presser(user: User) -> Presser:
    role = Role.MANAGER if Role.MANAGER.value in user.roles else Role.WORKFLOW_OWNER
    return Presser(by=person_actor(user.pk, role.value.replace("_", " ")), user=user)
