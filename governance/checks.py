"""What `manage.py check --database default` finds: gaps in launched workflows, and who runs."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from governance import maps, reminders, sampling
from handoffs.models import Workflow


@register(Tags.database)
def governance(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Name what would strand a handoff or leave the log open to rewriting.

    While migrations are pending the tables are not yet what this code reads, and it says nothing:
    a gap must not keep an upgrade from running.
    """
    if "default" not in (databases or ()) or _pending():
        return []
    return [*_who_runs(), *_workflows(timezone.now().date())]


def _pending() -> bool:
    executor = MigrationExecutor(connections["default"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _who_runs() -> list[CheckMessage]:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "select current_user, pg_has_role(current_user, relowner, 'MEMBER') "
            "from pg_class where oid = 'handoffs_auditentry'::regclass"
        )
        role, can_own = cursor.fetchone()
    if not can_own:
        return []
    return [
        Warning(
            f"{role} runs the service and can act as the owner of its tables, so the database "
            "cannot keep it from rewriting the audit log.",
            hint="Give DATABASE_URL a role of its own, set OVERREAD_OWNER_DATABASE_URL to the "
            "owner, and run manage.py secure_database.",
            id="overread.W001",
        )
    ]


def _workflows(today: date) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for workflow in Workflow.objects.filter(launched_at__isnull=False).order_by("slug"):
        found += [
            Error(
                f"{workflow.slug}: {sentence}",
                hint="Mend the matrix in the admin; until then proposals of this kind are refused.",
                id="overread.E001",
            )
            for sentence in maps.standing_gaps(workflow)
        ]
        found += [
            Warning(
                f"{workflow.slug}: {sentence}",
                hint="Add a row of that kind to the matrix; nothing is lost until then.",
                id="overread.W006",
            )
            for sentence in sampling.gaps(workflow)
        ]
        found += _stewardship(workflow, today)
        found += [
            Warning(
                f"{workflow.slug}: {sentence}",
                hint="Put active reviewers into the team, and give the team the queue.",
                id="overread.W004",
            )
            for sentence in maps.unattended(workflow)
        ]
    return found


def _stewardship(workflow: Workflow, today: date) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if workflow.owner_id is None:
        found.append(
            Warning(
                f"{workflow.slug} is launched and nobody owns it.",
                hint="Name an owner, who answers for its thresholds and routing.",
                id="overread.W002",
            )
        )
    said = [f"{workflow.slug} has no review date."] if workflow.review_on is None else []
    for one in reminders.reviews(workflow):
        if one.review_on < today:
            version = f", map version {one.map.version}," if one.map else ""
            said.append(f"{workflow.slug}{version} is overdue for review.")
    found += [
        Warning(
            sentence,
            hint="Let the owner look at it again and set the next date.",
            id="overread.W003",
        )
        for sentence in said
    ]
    return found
