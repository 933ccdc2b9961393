"""Say which teams work a queue."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from handoffs import grants
from handoffs.actors import Actor
from handoffs.models import Queue
from handoffs.verdicts import Level


def teams(queue: Queue) -> list[Group]:
    """Return the teams that may see, take and decide what waits in `queue`."""
    return grants.teams_with(queue, Level.WORK)


def leads_back(queue: Queue, to: Queue | None) -> bool:
    """Tell whether overflow from `queue` into `to` would come back to `queue`."""
    at, seen = to, set[int]()
    while at is not None and at.pk not in seen:
        if at.pk == queue.pk:
            return True
        seen.add(at.pk)
        at = at.overflow_queue
    return False


def overflow_into(queue: Queue, to: Queue | None) -> bool:
    """Let `queue` overflow into `to`; False, and nothing changed, where that closes a circle.

    Of two changes that would close one together, the database lets the first through.
    """
    try:
        with transaction.atomic():
            Queue.objects.filter(pk=queue.pk).update(overflow_queue=to)
    except IntegrityError as error:
        if "queue_overflow_in_no_circle" not in str(error):
            raise
        return False
    return True


@transaction.atomic
def let_work(queue: Queue, *, teams: Collection[Group], by: Actor, now: datetime) -> None:
    """Give exactly `teams` the queue; who is in them may take from it with their next request."""
    for team in grants.teams_with(queue, Level.WORK):
        if team not in teams:
            grants.take_back(queue, team=team, level=Level.WORK, by=by, now=now)
    for team in teams:
        grants.give(queue, team=team, level=Level.WORK, by=by, now=now)
