"""Mails to requesters, each made once."""

from django.db import models
from django.db.models.functions import Now

from handoffs.models import Run


class RequesterLetter(models.Model):
    """What a requester is to be mailed of one move; sent if it still holds when due."""

    class Kind(models.TextChoices):
        TRANSFERRED = "transferred"
        PASSED_ON = "passed_on"
        OVER = "over"

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="letters", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    # the stop that it tells of, or the move; of the end there is one
    number = models.PositiveBigIntegerField()
    due_at = models.DateTimeField()
    made_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    sent = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind", "number"], name="requester_letter_made_once"
            ),
            models.CheckConstraint(
                condition=models.Q(sent=False) | models.Q(ended_at__isnull=False),
                name="requester_letter_sent_is_ended",
            ),
        ]
        indexes = [
            # read by requester_mails.send_due
            models.Index(
                fields=["due_at"],
                condition=models.Q(ended_at__isnull=True),
                name="requester_letter_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.kind} {self.number}"
