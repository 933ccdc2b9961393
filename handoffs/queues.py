"""Say which teams work a queue."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from handoffs import audit
from handoffs.actors import Actor
from handoffs.models import Queue, QueueGroupPermission

WORK = "work_queue"


def teams(queue: Queue) -> list[Group]:
    """Return the teams that may see, take and decide what waits in `queue`."""
    granted = QueueGroupPermission.objects.filter(content_object=queue, permission__codename=WORK)
    return list(Group.objects.filter(pk__in=granted.values("group_id")).order_by("name"))


@transaction.atomic
def let_work(queue: Queue, *, teams: Collection[Group], by: Actor, now: datetime) -> None:
    """Give exactly `teams` the queue; who is in them may take from it with their next request."""
    permission = Permission.objects.get(
        codename=WORK, content_type__app_label="handoffs", content_type__model="queue"
    )
    granted = QueueGroupPermission.objects.filter(content_object=queue, permission=permission)
    before = set(granted.values_list("group_id", flat=True))
    if before == {team.pk for team in teams}:
        return
    granted.exclude(group__in=teams).delete()
    QueueGroupPermission.objects.bulk_create(
        QueueGroupPermission(content_object=queue, permission=permission, group=team)
        for team in teams
        if team.pk not in before
    )
    names = sorted(team.name for team in teams)
    audit.record(by=by, action="queue.teams_given", subject=queue.slug, body={"teams": names})
