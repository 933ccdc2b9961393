"""What is stored of certificates: of copies that were made to be looked at by a classifier.

No test that anybody met is among them.
"""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from oversight.models.programme import LibraryFault


class FaultCertificate(models.Model):
    """How well copies with one fault could be told from real handoffs, on one day."""

    class State(models.TextChoices):
        HOLDS = "holds"
        # too few handoffs to make copies of, or the bound is too wide to be certain
        UNCERTAIN = "uncertain"
        TOLD_APART = "told apart"

    fault = models.ForeignKey(
        LibraryFault, on_delete=models.CASCADE, related_name="certificates", db_index=False
    )
    # of the text that it is of
    digest = models.CharField(max_length=72)
    measured_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=State.choices)
    # handoffs that copies could be made of, copies, and all real ones they were held against
    sources = models.PositiveIntegerField()
    copies = models.PositiveIntegerField()
    reals = models.PositiveIntegerField()
    # of the classifier that did best; null: too few for any
    auc = models.FloatField(null=True)
    upper = models.FloatField(default=1.0)
    # which it was, and what it went by: [[name, weight]], the worst first
    by = models.CharField(max_length=10, blank=True, default="")
    telling = models.JSONField(default=list)
    # of which handoffs tests may be made, and how often each is to be drawn: {handoff: weight}
    draws = models.JSONField(default=dict)
    # why no copy could be made of others: {why: how many}
    unfit = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [
            # read by certificates.latest
            models.Index(fields=["fault", "-measured_at"], name="certificate_latest")
        ]

    def __str__(self) -> str:
        return f"{self.fault_id} {self.state}: {self.upper:.3f}"
