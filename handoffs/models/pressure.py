"""How full the people are to whom a workflow turns."""

from django.db import models

from handoffs.models.matrix import Queue
from handoffs.models.workflows import Workflow
from handoffs.states import Pressure


class WorkflowPressure(models.Model):
    """What agents were last told of a workflow, and whether it is paused; one row each.

    While it is paused nothing new is asked of people: a queue whose row says so was full.
    """

    workflow = models.OneToOneField(
        Workflow, primary_key=True, on_delete=models.CASCADE, related_name="pressure"
    )
    level = models.CharField(
        max_length=6,
        choices=[(p.value, p.value) for p in Pressure],
        default=Pressure.OPEN.value,
    )
    since = models.DateTimeField()
    # why, for people: "Refunds has 190 of 200 waiting"
    because = models.CharField(max_length=300, blank=True, default="")
    paused_since = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(Queue, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(paused_since__isnull=True, paused_by__isnull=True)
                | models.Q(paused_since__isnull=False, paused_by__isnull=False),
                name="workflow_paused_has_time_and_queue",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id}: {self.level}"
