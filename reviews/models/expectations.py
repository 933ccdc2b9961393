"""What requesters were told of when there is news, kept to be compared with when there was."""

from django.db import models
from django.db.models.functions import Now

from handoffs.models import Handoff, Workflow


class Expectation(models.Model):
    """A time that a requester was told; `revision` counts how often another one had to be told."""

    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="expectations", db_index=False
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    round = models.PositiveIntegerField()
    revision = models.PositiveSmallIntegerField(default=1)
    ahead = models.PositiveIntegerField()
    # half of all such are answered by the first, so many in a hundred by the second: that is told
    median_at = models.DateTimeField()
    by_at = models.DateTimeField()
    confidence = models.PositiveSmallIntegerField()
    told_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # also read by the requester's page: what they were told last
            models.UniqueConstraint(
                fields=["handoff", "round", "revision"], name="expectation_told_once"
            )
        ]
        indexes = [
            # read by expectations.weeks: how good they were
            models.Index(
                fields=["workflow", "told_at"],
                condition=models.Q(revision=1),
                name="expectation_first_told",
            )
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.by_at}"
