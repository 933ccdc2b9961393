"""What is kept about briefs: how long they are, and what people wrote better."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Brief, Handoff, Workflow


class BriefMeasure(models.Model):
    """How many words one version of a brief gives to read before deciding.

    Taken by a job that looks for new briefs, so that intake does not pay for it.
    """

    brief = models.OneToOneField(
        Brief, primary_key=True, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    action_type = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    words = models.PositiveIntegerField()
    written_at = models.DateTimeField()

    class Meta:
        # read by measures: the weeks of one workflow
        indexes: ClassVar = [
            models.Index(fields=["workflow", "written_at"], name="measure_of_workflow")
        ]

    def __str__(self) -> str:
        return f"{self.brief_id}: {self.words}"


class SummaryEdit(models.Model):
    """A better one-line summary, written by whoever held the handoff; the latest one is shown."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="+", db_index=False)
    brief_version = models.PositiveIntegerField()
    before = models.TextField(blank=True)
    after = models.TextField()
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(db_default=Now())

    class Meta:
        # read by the page: the latest of a version
        indexes: ClassVar = [
            models.Index(fields=["handoff", "brief_version", "-id"], name="summary_edit_latest")
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} v{self.brief_version}"
