"""Say which teams work a queue."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from handoffs import grants
from handoffs.actors import Actor
from handoffs.models import Queue
from handoffs.verdicts import Level


def teams(queue: Queue) -> list[Group]:
    """Return the teams that may see, take and decide what waits in `queue`."""
    return grants.teams_with(queue, Level.WORK)


@transaction.atomic
def let_work(queue: Queue, *, teams: Collection[Group], by: Actor, now: datetime) -> None:
    """Give exactly `teams` the queue; who is in them may take from it with their next request."""
    for team in grants.teams_with(queue, Level.WORK):
        if team not in teams:
            grants.take_back(queue, team=team, level=Level.WORK, by=by, now=now)
    for team in teams:
        grants.give(queue, team=team, level=Level.WORK, by=by, now=now)
