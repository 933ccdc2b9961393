"""Blind tests while they stand, and what is kept of them: nothing that leads to a person.

A trigger lets a plant in only in the transaction that makes its run, of a house client. After that
it gets its handoff, once, and ends, once; then what its test was judged by is gone.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from handoffs.models import Handoff, Run


class Plant(models.Model):
    """A run that is a blind test. `cohort` and `kind` are words, see `reviews.lots`.

    Real runs begin a while before they ask. So does this one: it has no handoff until then.
    """

    run = models.OneToOneField(Run, primary_key=True, on_delete=models.PROTECT, related_name="+")
    handoff = models.OneToOneField(Handoff, null=True, on_delete=models.PROTECT, related_name="+")
    cohort = models.CharField(max_length=240)
    kind = models.CharField(max_length=120)
    # it has ended, met or not; then the rest is empty
    ended = models.BooleanField(default=False, db_default=False)
    # what is wrong (`reviews.caught.Wrong`) and what its reviewer is told afterwards
    wrong = models.JSONField(null=True)
    told = models.JSONField(null=True)
    # the ids of those who would know it: who wrote or approved its fault, who saw its source
    known_to = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(ended=False, wrong__isnull=False, told__isnull=False)
                | models.Q(ended=True, wrong__isnull=True, told__isnull=True, known_to=[]),
                name="plant_ended_keeps_nothing",
            )
        ]
        # read by plants.standing: those that are still to be met or taken out
        indexes: ClassVar = [
            models.Index(fields=["cohort"], condition=models.Q(ended=False), name="plant_standing")
        ]

    def __str__(self) -> str:
        return self.run_id


class TestsMet(models.Model):
    """How often somebody was tested lately, so that it is not too often; forgotten in two days.

    No result, no handoff, no time: `last_claim` is the number, among their own claims, of the one
    under which they met the last.
    """

    # pytest is not to take it for a class of tests
    __test__ = False

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    day = models.DateField()
    times = models.PositiveSmallIntegerField()
    last_claim = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "tests met"

    def __str__(self) -> str:
        return f"{self.person_id}: {self.times}"


class Spared(models.Model):
    """What somebody took while tests stood that are not for them, for the seconds until the clock
    has withdrawn those that were due before it; no person, and nothing of tests that were met.
    """

    taken = models.CharField(max_length=40)
    tests = ArrayField(models.CharField(max_length=40))

    class Meta:
        verbose_name_plural = "spared"

    def __str__(self) -> str:
        return self.taken


class SealedLot(models.Model):
    """What a cohort's tests showed since it was last told; only `reviews.lots` reads it."""

    cohort = models.CharField(primary_key=True, max_length=240)
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return self.cohort
