"""What is stored of blind tests above the desk: whether they are on, the library, what was told.

People stand here for what they wrote, approved and recorded; what tests showed is in `Tally`, which
points at nothing at all.
"""

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Workflow
from oversight.statistics import cells, pacing


class Programme(models.Model):
    """The blind tests of a workflow: off until an owner has recorded that staff were told."""

    workflow = models.OneToOneField(
        Workflow, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    on = models.BooleanField(default=False, db_default=False)
    rate = models.FloatField(
        default=pacing.USUAL_RATE,
        validators=[MinValueValidator(pacing.LEAST_RATE), MaxValueValidator(pacing.MOST_RATE)],
    )
    # what staff were told, word for word, and by whom it is recorded; a new text is told anew
    notice = models.TextField(blank=True, default="")
    noticed_at = models.DateTimeField(null=True)
    noticed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # when and how they were told
    told_on = models.DateField(null=True)
    told_how = models.CharField(max_length=200, blank=True, default="")
    # what those who speak for staff were written
    consultation = models.TextField(blank=True, default="")
    # who was consulted, when, and what was agreed; or why nobody has to be
    consulted = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(on=False)
                | models.Q(noticed_at__isnull=False, noticed_by__isnull=False)
                & ~models.Q(notice="")
                & ~models.Q(consulted=""),
                name="programme_on_after_notice",
            ),
            models.CheckConstraint(
                condition=models.Q(rate__gt=0, rate__lte=pacing.CAP),
                name="programme_rate_within_cap",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id}: {'on' if self.on else 'off'}"


class LibraryFault(models.Model):
    """One fault of a workflow's library; what it says never changes, another one is another row."""

    class State(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        RETIRED = "retired"

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="faults")
    name = models.CharField(max_length=120)
    # see oversight.blind_tests.faults.Fault
    body = models.JSONField()
    digest = models.CharField(max_length=72)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    written_at = models.DateTimeField(db_default=Now())
    # why nobody meets it any more: its author, or a certificate that does not hold
    retired_because = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workflow", "name"], name="fault_name_once"),
            models.UniqueConstraint(fields=["workflow", "digest"], name="fault_once"),
            models.CheckConstraint(
                condition=models.Q(state="retired") & ~models.Q(retired_because="")
                | ~models.Q(state="retired") & models.Q(retired_because=""),
                name="fault_retired_because",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FaultApproval(models.Model):
    """Somebody else has read a fault and finds it fair and realistic; two of them approve it.

    A trigger refuses its author, another text than they read, and an approved fault with fewer.
    """

    fault = models.ForeignKey(LibraryFault, on_delete=models.CASCADE, related_name="approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=72)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fault", "by"], name="fault_approval_once_per_person")
        ]

    def __str__(self) -> str:
        return f"{self.fault_id} by {self.by_id}"


class SpentPair(models.Model):
    """A source and a fault that were put together once, as a keyed digest; never again."""

    digest = models.CharField(primary_key=True, max_length=64)

    def __str__(self) -> str:
        return self.digest


class Tally(models.Model):
    """What tests showed, of many: words and counts, no key to anything and no time but a week.

    Empty words mean all: no team, several of a workflow; no workflow, several of the house. No test
    is in two rows that say the same of it, whoever they are of.
    """

    workflow = models.CharField(max_length=60)
    team = models.CharField(max_length=150, blank=True)
    # the Monday of the week in which it was told; what it tells of may be older
    week = models.DateField()
    kind = models.CharField(max_length=60, blank=True)
    difficulty = models.CharField(max_length=10, blank=True)
    harm = models.CharField(max_length=20, blank=True)
    tests = models.PositiveIntegerField()
    caught = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "tallies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workflow", "team", "week", "kind", "difficulty", "harm"],
                name="tally_once",
            ),
            models.CheckConstraint(
                condition=models.Q(tests__gte=cells.TESTS, caught__lte=models.F("tests")),
                name="tally_of_many",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.week}: {self.caught} of {self.tests}"
