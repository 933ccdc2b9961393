"""What people wrote and did not send, or wrote to each other."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Handoff


class Draft(models.Model):
    """What a reviewer has written so far; it outlives the claim, the page and the device."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="drafts")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    body = models.JSONField(default=dict)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handoff", "reviewer"], name="draft_once_per_reviewer")
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} by {self.reviewer_id}"


class Comment(models.Model):
    """What one colleague says to others about a handoff; never part of what the run is told."""

    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    round = models.PositiveIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # whom it asks; null: whoever reads it
    asked = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField()
    said_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["handoff", "id"], name="comment_in_order")]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.text[:40]}"
