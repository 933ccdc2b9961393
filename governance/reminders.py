"""Remind owners to look again at their workflows and at the maps in force.

A reminder is due two weeks before the review date, on the day, and every week while it is
overdue. Only the last one that is due goes out: after an outage nobody is told what they should
have been told before. It is written down together with the e-mail, which the outbox sends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from governance.models import ReviewReminder
from handoffs import audit, outbox
from handoffs.actors import SYSTEM
from handoffs.models import RiskTierMap, Workflow

FIRST = timedelta(days=14)
AGAIN = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Review:
    """Something that its owner said they would look at again on a certain day."""

    workflow: Workflow
    map: RiskTierMap | None
    review_on: date

    @property
    def name(self) -> str:
        return f"{self.workflow}{f', map version {self.map.version}' if self.map else ''}"

    def sentence(self, today: date) -> str:
        """Say how it stands with the review."""
        days = (self.review_on - today).days
        if days == 0:
            return f"{self.name}: the review is due today."
        if days > 0:
            return f"{self.name}: the review is due on {self.review_on}, in {_days(days)}."
        return f"{self.name}: the review was due on {self.review_on}, {_days(-days)} ago."


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def due_on(review_on: date, today: date) -> date | None:
    """Return the last day up to `today` on which a reminder is due, if there was one."""
    if today < review_on:
        return review_on - FIRST if today >= review_on - FIRST else None
    return review_on + AGAIN * ((today - review_on) // AGAIN)


def reviews(workflow: Workflow) -> list[Review]:
    """Return what has a review date: the workflow itself, and its map in force."""
    found = []
    if workflow.review_on is not None:
        found.append(Review(workflow=workflow, map=None, review_on=workflow.review_on))
    map = RiskTierMap.objects.filter(workflow=workflow).in_force().first()
    if map is not None and map.review_on is not None:
        found.append(Review(workflow=workflow, map=map, review_on=map.review_on))
    return found


def remind(*, now: datetime) -> int:
    """Write one e-mail to each owner about everything that is due; return how many."""
    owned: dict[User, list[Workflow]] = {}
    launched = Workflow.objects.filter(launched_at__isnull=False, owner__is_active=True)
    for workflow in launched.select_related("owner").order_by("name"):
        assert workflow.owner is not None
        owned.setdefault(workflow.owner, []).append(workflow)
    return sum(_remind_owner(owner, workflows, now) for owner, workflows in owned.items())


@transaction.atomic
def _remind_owner(owner: User, workflows: list[Workflow], now: datetime) -> bool:
    today = now.date()
    due = [one for workflow in workflows for one in _newly_due(workflow, now)]
    if not due:
        return False
    outbox.mail(owner.email, "review.due", {"subject": _subject(due), "text": _text(due, today)})
    for one in due:
        audit.record(
            by=SYSTEM,
            action="review.reminded",
            subject=one.workflow.slug,
            body={
                "version": one.map.version if one.map else None,
                "review_on": one.review_on.isoformat(),
            },
        )
    return True


def _newly_due(workflow: Workflow, now: datetime) -> Iterator[Review]:
    """Write down what is due now and was not told before; another process may be doing the same."""
    for one in reviews(workflow):
        day = due_on(one.review_on, now.date())
        if day is None:
            continue
        _, new = ReviewReminder.objects.get_or_create(
            workflow=workflow,
            map=one.map,
            review_on=one.review_on,
            due_on=day,
            defaults={"reminded_at": now},
        )
        if new:
            yield one


def _subject(due: list[Review]) -> str:
    return f"Review due: {due[0].name}" if len(due) == 1 else f"{len(due)} reviews are due"


def _text(due: list[Review], today: date) -> str:
    lines = ["You own what is listed here and said when you would look at it again.", ""]
    for one in due:
        where = reverse("admin:handoffs_workflow_change", args=[one.workflow.pk])
        lines += [one.sentence(today), f"  {settings.PUBLIC_URL}{where}", ""]
    lines += [
        "Look whether thresholds, routing and cases are still right, and set the next date there.",
        "While a review is overdue you are reminded once a week.",
    ]
    return "\n".join(lines) + "\n"
