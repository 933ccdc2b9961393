"""Which reminders of a review went out."""

from django.db import models

from handoffs.models import RiskTierMap, Workflow


class ReviewReminder(models.Model):
    """One reminder that a workflow, or a map of it, is to be looked at again; each goes once."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(RiskTierMap, null=True, on_delete=models.CASCADE, related_name="+")
    review_on = models.DateField()
    due_on = models.DateField()
    reminded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "map", "review_on", "due_on"],
                nulls_distinct=False,
                name="review_reminder_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id}: {self.review_on}, {self.due_on}"
