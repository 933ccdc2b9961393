"""When somebody is to be told that oversight does not work, and what they did about it."""

from datetime import timedelta

from django.conf import settings
from django.db import models

from handoffs.models import Queue, Workflow
from oversight.statistics.marks import Marks, Measure, Standing


class Threshold(models.Model):
    """What is watched, of what, and from when on it is an alarm; and how it stood last."""

    measure = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Measure])
    # of a workflow, or of a queue, or of the whole installation
    workflow = models.ForeignKey(
        Workflow, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    queue = models.ForeignKey(
        Queue, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # who is told and sees to it; null: whoever owns the workflow, else the managers
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    raise_at = models.FloatField()
    clear_at = models.FloatField()
    hold_minutes = models.PositiveIntegerField(default=0)
    is_on = models.BooleanField(default=True)

    # null: nothing was there to tell it by
    looked_at = models.DateTimeField(null=True)
    value = models.FloatField(null=True)
    value_low = models.FloatField(null=True)
    value_high = models.FloatField(null=True)
    # of how many, if it is a share
    value_of = models.PositiveIntegerField(null=True)
    turning_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "workflow", "queue"],
                nulls_distinct=False,
                name="threshold_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(raise_at=models.F("clear_at")),
                name="threshold_has_two_marks",
            ),
            models.CheckConstraint(
                condition=models.Q(workflow__isnull=True) | models.Q(queue__isnull=True),
                name="threshold_is_of_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.workflow_id or self.queue_id or ''}".strip()

    @property
    def marks(self) -> Marks:
        return Marks(
            raise_at=self.raise_at,
            clear_at=self.clear_at,
            hold=timedelta(minutes=self.hold_minutes),
        )

    def standing(self, *, raised: bool) -> Standing:
        return Standing(raised=raised, turning_since=self.turning_since)


class Alarm(models.Model):
    """That a threshold was passed: what was measured then, who saw it, and what was done."""

    threshold = models.ForeignKey(Threshold, on_delete=models.CASCADE, related_name="alarms")
    raised_at = models.DateTimeField()
    # in words, as it was told
    said = models.CharField(max_length=300)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    done = models.CharField(max_length=1000, blank=True, default="")
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # when what is measured was back at the other mark, or nobody watches it any more
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # also read by alarms.look: what is raised now
            models.UniqueConstraint(
                fields=["threshold"],
                condition=models.Q(cleared_at__isnull=True),
                name="alarm_raised_once",
            ),
            models.CheckConstraint(
                condition=models.Q(done="", done_at__isnull=True)
                | (~models.Q(done="") & models.Q(done_at__isnull=False)),
                name="alarm_done_has_time",
            ),
        ]
        indexes = [
            # read by the page: the newest first
            models.Index(fields=["-raised_at"], name="alarm_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.threshold_id} {self.raised_at:%Y-%m-%d %H:%M}"
