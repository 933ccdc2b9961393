"""What a requester says about their own task."""

from django.db import models
from django.db.models.functions import Now

from handoffs.models.runs import Run


class RequesterWord(models.Model):
    """One thing that a requester said on their page, numbered within its run; it stays as it is."""

    class Kind(models.TextChoices):
        INFORMATION = "information"
        NOT_NEEDED = "not_needed"
        NEEDED = "needed"

    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="requester_words", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    text = models.TextField(blank=True, default="")
    said_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # also read by their page, the desk and decisions: what was said, and the last of it
            models.UniqueConstraint(fields=["run", "number"], name="requester_word_number_once"),
            models.CheckConstraint(
                condition=~models.Q(kind="information") | ~models.Q(text=""),
                name="requester_word_says_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.number}: {self.kind}"
