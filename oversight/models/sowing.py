"""How far a cohort's reviews are counted, which tests are about to ask, and who is alarmed for.

No results are here: those are sealed (`reviews.lots`) until they are told of many (`Tally`).
"""

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models

from handoffs.models import Queue, Run, Workflow
from oversight.statistics import pacing


class Cohort(models.Model):
    """A team's reviews in a workflow, counted as they are taken, and which stretch had its test.

    `epoch` moves when either rate does: then it counts from one again, and other reviews are drawn.
    """

    name = models.CharField(primary_key=True, max_length=240)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    team = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="+", db_index=False)
    # where the last of them was taken: that is where its test asks
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    rate = models.FloatField()
    # after so many of its reviews a test comes in, so that `rate` of them is met
    let_in = models.FloatField()
    epoch = models.PositiveIntegerField(default=1)
    reviews = models.PositiveBigIntegerField(default=0)
    # the last stretch that had its test, or was to have one and had none
    done = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(
                    rate__gt=0, rate__lte=pacing.CAP, let_in__gt=0, let_in__lte=pacing.CAP
                ),
                name="cohort_rate_within_cap",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.reviews}"


class Sprout(models.Model):
    """A test whose run has begun and that does not ask yet: what it will say, and from when on."""

    run = models.OneToOneField(Run, primary_key=True, on_delete=models.CASCADE, related_name="+")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="+", db_index=False)
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    # see handoffs.rulings.Proposed; JSON text, as numbers of jsonb come back as others
    proposed = models.TextField()
    tier = models.CharField(max_length=16)
    asks_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["asks_at"], name="sprout_due")]

    def __str__(self) -> str:
        return self.run_id


class Chart(models.Model):
    """Whether it is alarmed for a cohort; words and days, no key to anything.

    Where its score stands is in the sealed lot. Every chart is looked at each day and every lot is
    written anew then, whether somebody met a test or not.
    """

    cohort = models.CharField(primary_key=True, max_length=240)
    workflow = models.CharField(max_length=60)
    team = models.CharField(max_length=150, blank=True)
    # from the alarm until enough tests were caught again, see oversight.statistics.acceptance
    raised = models.BooleanField(default=False, db_default=False)
    # the last day on which it was looked at
    looked_on = models.DateField(null=True)
    # the Monday of the last week whose end was tried to be told
    closed = models.DateField(null=True)
    # the same of what was tried to be told of several cohorts at once
    pooled = models.DateField(null=True)
    # when its lot began: at the last one that was told, or emptied
    begun_on = models.DateField()

    def __str__(self) -> str:
        return f"{self.cohort}: {'raised' if self.raised else 'quiet'}"
