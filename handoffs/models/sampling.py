"""What is looked at although nobody was asked: shares of actions, and what stands out in them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from handoffs.models.handoffs import Handoff
from handoffs.models.runs import Proposal
from handoffs.models.workflows import Workflow
from handoffs.states import AUTONOMOUS_TIERS

SAMPLED = sorted(tier.value for tier in AUTONOMOUS_TIERS)


class AuditShare(models.Model):
    """How many of a tier's actions a person looks at afterwards; without a row, the default.

    Never under half a percent, unless someone switched it off and said why. The other tiers need
    none: a person sees each of their actions.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="audit_shares")
    tier = models.CharField(max_length=16, choices=[(tier, tier) for tier in SAMPLED])
    share = models.DecimalField(max_digits=6, decimal_places=5)
    wait_seconds = models.PositiveIntegerField(default=3600)
    off_because = models.TextField(blank=True, default="")
    # as the audit log names them
    off_by = models.CharField(max_length=150, blank=True, default="")
    off_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "tier"], name="audit_share_once_per_tier"),
            models.CheckConstraint(
                condition=models.Q(tier__in=SAMPLED), name="audit_share_of_autonomous_tier"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    share__gte="0.005", share__lte=1, off_because="", off_by="", off_at=None
                )
                | models.Q(share=0, off_because__regex=r"\S", off_at__isnull=False)
                & ~models.Q(off_by=""),
                name="audit_share_half_a_percent_or_off_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.tier}: {self.share}"


class Detector(models.Model):
    """How the detector looks at a workflow; without a row, as the defaults say."""

    workflow = models.OneToOneField(
        Workflow, primary_key=True, on_delete=models.CASCADE, related_name="detector"
    )
    enabled = models.BooleanField(default=True)
    sensitivity = models.CharField(
        max_length=10,
        choices=[("low", "low"), ("normal", "normal"), ("high", "high")],
        default="normal",
    )
    most_per_hour = models.PositiveIntegerField(default=5)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(sensitivity__in=["low", "normal", "high"]),
                name="detector_sensitivity_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id}: {self.sensitivity if self.enabled else 'off'}"


class DetectorCursor(models.Model):
    """Up to which proposal the detector has looked: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    proposal = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="detector_cursor_one_row")
        ]

    def __str__(self) -> str:
        return self.proposal


class ActionHistory(models.Model):
    """What the detector compares an action type's next proposal with; see `histories.History`."""

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    action_type = models.CharField(max_length=60)
    total = models.PositiveBigIntegerField(default=0)
    body = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "action_type"], name="action_history_once_per_type"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.action_type}: {self.total}"


class Finding(models.Model):
    """A proposal in which figures stood out.

    `times` counts the storm that it began: what came again within an hour opens nothing more.
    `held_back` is one too many for its workflow in its hour.
    """

    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="findings", db_index=False
    )
    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="finding")
    keys = ArrayField(models.TextField())
    sentences = ArrayField(models.TextField())
    at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    held_back = models.BooleanField(default=False)
    handoff = models.OneToOneField(Handoff, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            # read by the detector: is this the same storm, is the hour full; and by the panel
            models.Index(fields=["workflow", "last_at"], name="finding_of_workflow"),
            # read by findings.open_due: what nobody was asked about yet
            models.Index(
                fields=["id"],
                condition=models.Q(handoff__isnull=True, held_back=False),
                name="finding_to_open",
            ),
        ]

    def __str__(self) -> str:
        return " ".join(self.sentences)[:80]


class Sampling(Workflow):
    """A workflow as the page about its audits and its detector shows it."""

    class Meta:
        proxy = True
        verbose_name = "sampling and exceptions of a workflow"
        verbose_name_plural = "sampling and exceptions"
