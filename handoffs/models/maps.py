"""The versions of a workflow's policy, and which of them is in force when."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    BigIntegerRangeField,
    DateTimeRangeField,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now

from handoffs.models.workflows import Workflow

# a workflow as a range of one: ranges can exclude each other without an extension
_SAME_WORKFLOW = Func(
    F("workflow_id"),
    F("workflow_id"),
    Value("[]"),
    function="int8range",
    output_field=BigIntegerRangeField(),
)
_WHILE_IN_FORCE = Func(
    F("effective_at"),
    F("superseded_at"),
    function="tstzrange",
    output_field=DateTimeRangeField(),
)


class RiskTierMapQuerySet(models.QuerySet["RiskTierMap"]):
    def published(self) -> "RiskTierMapQuerySet":
        """Leave drafts and what was retired out, and what was replaced before its moment came."""
        return self.filter(
            Q(superseded_at=None) | Q(superseded_at__gt=F("effective_at")), state="published"
        )

    def in_force(self, at: datetime | None = None) -> "RiskTierMapQuerySet":
        """Keep what rules at `at`; without it, now by the database's clock."""
        moment = Now() if at is None else at
        return self.published().filter(
            Q(superseded_at=None) | Q(superseded_at__gt=moment), effective_at__lte=moment
        )

    def scheduled(self, at: datetime | None = None) -> "RiskTierMapQuerySet":
        """Keep what will rule, the next one first."""
        moment = Now() if at is None else at
        return self.published().filter(effective_at__gt=moment).order_by("effective_at")


class RiskTierMap(models.Model):
    """One version of a workflow's policy: a default tier, floors and rules from signals to tier.

    Published versions of a workflow follow each other without overlap, from `effective_at` to
    `superseded_at`. What a published version says never changes.
    """

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="maps")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    base = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    edition = models.PositiveIntegerField(
        default=1, editable=False, help_text="Moves with every save of the draft."
    )
    body = models.JSONField(help_text="default tier, floors, time zone, lists and rules")
    cases = models.JSONField(default=list, blank=True, help_text="signals in, tier and rules out")
    digest = models.CharField(max_length=72, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    signed = models.JSONField(
        default=list, blank=True, editable=False, help_text="seats and times, as it was published"
    )
    effective_at = models.DateTimeField(null=True, blank=True, editable=False)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_on = models.DateField(null=True, blank=True, help_text="When the owner looks again.")

    objects = RiskTierMapQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "version"], name="map_version_once"),
            ExclusionConstraint(
                name="map_one_in_force_at_a_time",
                expressions=[
                    (_SAME_WORKFLOW, RangeOperators.OVERLAPS),
                    (_WHILE_IN_FORCE, RangeOperators.OVERLAPS),
                ],
                condition=Q(state="published"),
            ),
            models.CheckConstraint(
                condition=~Q(state="published")
                | Q(published_at__isnull=False, effective_at__isnull=False),
                name="map_published_says_since_when",
            ),
            models.CheckConstraint(
                condition=~Q(state="draft")
                | Q(published_at=None, effective_at=None, superseded_at=None),
                name="map_draft_is_not_in_force",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at=None) | Q(superseded_at__gte=F("effective_at")),
                name="map_superseded_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(state="retired", retired_at__isnull=False)
                | (~Q(state="retired") & Q(retired_at=None)),
                name="map_retired_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} v{self.version}"
