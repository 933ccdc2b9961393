"""What was changed in a governance matrix, by whom and why; and what still waits for a yes."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from handoffs.models import MatrixRow, Workflow


class MatrixChange(models.Model):
    """One row begun, replaced or ended: before and after in the words of a workflow file.

    Applied at once, or waiting where the workflow asks for four eyes. What was applied or refused
    stays as it is: this is the history.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        APPLIED = "applied"
        REFUSED = "refused"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="matrix_changes")
    # the version that it replaces or ends, and the one that it made
    row = models.ForeignKey(MatrixRow, null=True, on_delete=models.SET_NULL, related_name="+")
    made = models.ForeignKey(MatrixRow, null=True, on_delete=models.SET_NULL, related_name="+")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    why = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    four_eyes = models.BooleanField(default=False)
    effective_at = models.DateTimeField(null=True)
    # null: whoever imports files on the server
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
                name="matrix_change_decided_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(four_eyes=True, state="applied")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="matrix_change_seen_by_two",
            ),
            models.CheckConstraint(
                condition=Q(before__isnull=False) | Q(after__isnull=False),
                name="matrix_change_changes_something",
            ),
        ]
        indexes = [
            # read by matrix.history and matrix.waiting: a workflow's changes, the newest first
            models.Index(fields=["workflow", "-id"], name="matrix_change_newest")
        ]

    def __str__(self) -> str:
        return f"{self.workflow}: {self.why[:60]}"
