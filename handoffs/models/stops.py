"""Stops of a workflow, or of everything: who stopped it, why, and how it went on."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from handoffs import ids
from handoffs.models.fields import PublicIdField
from handoffs.models.workflows import Workflow


class Stop(models.Model):
    """While `ended_at` is null nothing new is let in and nothing is told to an agent.

    Of one workflow, or without one of every workflow. A drill is a stop in earnest that ends by
    itself. `under_way` are the transactions that had begun before it: when they are gone nobody
    is left who may not have seen it.
    """

    id = PublicIdField(primary_key=True, default=ids.new_stop)
    workflow = models.ForeignKey(
        Workflow, null=True, on_delete=models.PROTECT, related_name="stops", db_index=False
    )
    reason = models.TextField()
    drill = models.BooleanField(default=False)
    ends_by_itself_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(db_default=Now())
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    stopped_role = models.CharField(max_length=150)
    under_way = ArrayField(models.CharField(max_length=40), default=list)
    settled_at = models.DateTimeField(null=True)
    # what it was measured to do, kept when it ends; see handoffs.stop_figures
    figures = models.JSONField(null=True)
    reminded_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    ended_role = models.CharField(max_length=150, blank=True, default="")
    end_reason = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow"],
                condition=models.Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="stop_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(drill=False, ends_by_itself_at__isnull=True)
                | models.Q(drill=True, ends_by_itself_at__isnull=False),
                name="stop_drill_ends_by_itself",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, end_reason="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(end_reason="")),
                name="stop_ended_has_reason",
            ),
        ]
        indexes = [
            # read by stops.frozen_since and the page of past stops
            models.Index(fields=["workflow", "stopped_at"], name="stop_in_time"),
        ]

    def __str__(self) -> str:
        return self.id


class StopMet(models.Model):
    """When a client first heard of a stop by being refused, and how often it was."""

    stop = models.ForeignKey(Stop, on_delete=models.PROTECT, related_name="met", db_index=False)
    client = models.ForeignKey(
        "accounts.Client", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    times = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stop", "client"], name="stop_met_once_per_client")
        ]

    def __str__(self) -> str:
        return f"{self.stop_id}: client {self.client_id}"
