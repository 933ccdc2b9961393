"""What is watched, and who is told: the usual thresholds, and what owners make of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.errors import FieldProblem, NotAllowed
from accounts.models import User
from accounts.roles import Can, Role
from handoffs import audit, grants
from handoffs.actors import person_actor
from handoffs.errors import BadShape
from handoffs.models import Queue, Workflow
from oversight.models import Alarm, Threshold
from oversight.statistics import marks
from oversight.statistics.marks import Marks, Measure

MOST_HOLD_MINUTES = 7 * 24 * 60


def set_usual() -> None:
    """Watch whatever is new as usual: launched workflows, queues, and the whole."""
    there = set(Threshold.objects.values_list("measure", "workflow_id", "queue_id"))
    new = [
        Threshold(
            measure=measure.value,
            workflow_id=workflow,
            queue_id=queue,
            raise_at=marks.USUAL[measure].raise_at,
            clear_at=marks.USUAL[measure].clear_at,
            hold_minutes=marks.USUAL[measure].hold.total_seconds() // 60,
        )
        for measure, workflow, queue in _wanted()
        if (measure.value, workflow, queue) not in there
    ]
    # another process may be doing the same
    Threshold.objects.bulk_create(new, ignore_conflicts=True)


def _wanted() -> Iterator[tuple[Measure, int | None, int | None]]:
    launched = Workflow.objects.filter(launched_at__isnull=False)
    for workflow in launched.values_list("pk", flat=True):
        yield from ((measure, workflow, None) for measure in marks.OF_WORKFLOWS)
    for queue in Queue.objects.values_list("pk", flat=True):
        yield from ((measure, None, queue) for measure in marks.OF_QUEUES)
    yield from ((measure, None, None) for measure in marks.OF_ALL)


def seen_by(user: User) -> QuerySet[Threshold]:
    """Return what this person reads: auditors all of it, others what they lead or answer for."""
    found = Threshold.objects.select_related("workflow__owner", "queue", "owner")
    if user.can(Can.READ_AUDIT):
        return found
    return found.filter(
        Q(workflow__in=grants.led_workflows(user).values("pk"))
        | Q(queue__in=grants.led_queues(user).values("pk"))
        | Q(owner=user)
    )


def may_tend(user: User, threshold: Threshold) -> bool:
    """Say whether this person may change it, and see to its alarms."""
    if threshold.owner_id == user.pk:
        return True
    thing = threshold.workflow or threshold.queue
    if thing is None:
        return user.can(Can.STOP_EVERYTHING)
    return grants.leads(user, thing).allowed


def tended_by(user: User, these: Iterable[Threshold]) -> set[int]:
    """Return which of these `may_tend` lets this person see to, in as many queries always."""
    workflows = set(grants.led_workflows(user).values_list("pk", flat=True))
    queues = set(grants.led_queues(user).values_list("pk", flat=True))
    all_of_it = user.can(Can.STOP_EVERYTHING)
    return {
        one.pk
        for one in these
        if one.owner_id == user.pk
        or one.workflow_id in workflows
        or one.queue_id in queues
        or (all_of_it and one.workflow_id is None and one.queue_id is None)
    }


def told(threshold: Threshold) -> list[User]:
    """Return who hears of its alarms: its owner, else the workflow's, else the managers."""
    workflow = threshold.workflow
    for owner in (threshold.owner, workflow.owner if workflow else None):
        if owner is not None and owner.is_active:
            return [owner]
    managers = User.objects.filter(is_active=True, roles__contains=[Role.MANAGER.value])
    return list(managers.order_by("pk"))


@transaction.atomic
def change(
    threshold: Threshold, to: Marks, *, owner: User | None, is_on: bool, by: User, now: datetime
) -> None:
    """Watch it by other marks, for somebody else, or no more; what was raised then is over."""
    if not may_tend(by, threshold):
        raise NotAllowed
    _check(Measure(threshold.measure), to, owner)
    Threshold.objects.filter(pk=threshold.pk).update(
        raise_at=to.raise_at,
        clear_at=to.clear_at,
        hold_minutes=to.hold.total_seconds() // 60,
        owner=owner,
        is_on=is_on,
        turning_since=None,
    )
    if not is_on:
        Alarm.objects.filter(threshold=threshold, cleared_at=None).update(cleared_at=now)
    body = {
        "raise_at": to.raise_at,
        "clear_at": to.clear_at,
        "hold_minutes": to.hold.total_seconds() // 60,
        "owner": owner.pk if owner else None,
        "is_on": is_on,
    }
    actor = person_actor(by.pk, "")
    audit.record(by=actor, action="threshold.changed", subject=subject(threshold), body=body)


def _check(measure: Measure, to: Marks, owner: User | None) -> None:
    wrong = []
    if to.raise_at == to.clear_at or to.is_above is not marks.USUAL[measure].is_above:
        side = "below" if marks.USUAL[measure].is_above else "above"
        wrong.append(FieldProblem("clear_at", f"It has to be {side} the mark that raises it."))
    if measure in marks.SHARES and not all(0 <= one <= 1 for one in (to.raise_at, to.clear_at)):
        wrong.append(FieldProblem("raise_at", "A share is from 0 to 100 %."))
    if min(to.raise_at, to.clear_at) < 0:
        wrong.append(FieldProblem("raise_at", "Nothing that is measured is ever below 0."))
    if owner is not None and not owner.is_active:
        wrong.append(FieldProblem("owner", "This person can no longer sign in."))
    if wrong:
        raise BadShape(fields=tuple(wrong))


def subject(threshold: Threshold) -> str:
    """Name it in the log."""
    thing = threshold.workflow or threshold.queue
    return f"{threshold.measure} {thing.slug}" if thing else threshold.measure
