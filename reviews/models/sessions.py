"""What is stored of a batch session; a module of its own because `models` is long enough."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Queue, Workflow
from handoffs.states import HandoffKind


class BatchSession(models.Model):
    """So many handoffs of one queue in one go, or as many as there is time for.

    For whoever works through it and for nobody else: it is forgotten within a day.
    """

    class Ended(models.TextChoices):
        DONE = "done"
        TIME = "time"
        EMPTY = "empty"
        STOPPED = "stopped"

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+")
    # only those alike that have gathered: of this workflow, kind and action type; null: whatever
    workflow = models.ForeignKey(Workflow, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        choices=[(k.value, k.value) for k in HandoffKind],
    )
    action_type = models.CharField(max_length=60, blank=True, default="", db_default="")
    items = models.PositiveSmallIntegerField(null=True)
    # of work: pauses do not count
    seconds = models.PositiveIntegerField(null=True)
    started_at = models.DateTimeField(db_default=Now())
    paused_at = models.DateTimeField(null=True)
    paused_seconds = models.FloatField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(
        max_length=10, blank=True, default="", choices=[(e.value, e.value) for e in Ended]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reviewer"],
                condition=models.Q(ended_at__isnull=True),
                name="batch_session_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(items__gt=0, seconds__isnull=True)
                | models.Q(items__isnull=True, seconds__gt=0),
                name="batch_session_has_an_end",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_because="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_because="")),
                name="batch_session_ended_has_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer_id} in {self.queue_id}"
