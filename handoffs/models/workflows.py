"""A kind of work that an agent does, and what it may do there."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from handoffs.states import Impact, Reversibility, SignOff


class RequesterSees(models.TextChoices):
    ROLE = "role", "the team"
    FIRST_NAME = "first_name", "the person's first name"


class Workflow(models.Model):
    """A kind of work with a named owner.

    `revision` is moved by triggers whenever the workflow, its action types, maps, matrix rows or
    queues change: processes keep compiled policy until it differs.
    """

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review_on = models.DateField(null=True, blank=True, help_text="When the owner looks again.")
    strict_briefs = models.BooleanField(
        default=False, help_text="Refuse briefs that take longer than 30 seconds to read."
    )
    four_eyes = models.BooleanField(
        default=False,
        help_text="A change of the governance matrix waits until a second person approves it.",
    )
    sign_offs = ArrayField(
        models.CharField(max_length=12, choices=[(s.value, s.value) for s in SignOff]),
        default=list,
        blank=True,
        help_text="Who must sign a map before it is published.",
    )
    # who has their task, as the requester hears it
    requester_sees = models.CharField(
        max_length=10,
        choices=RequesterSees.choices,
        default=RequesterSees.ROLE.value,
        db_default=RequesterSees.ROLE.value,
        help_text="Whom a requester's page names: the team, or the person's first name.",
    )
    writes_to_requesters = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Mail requesters when a person has their task, and when it is over.",
    )
    launched_at = models.DateTimeField(null=True, blank=True, editable=False)
    revision = models.PositiveBigIntegerField(default=1, editable=False)

    class Meta:
        permissions = [("lead_workflow", "May lead"), ("own_workflow", "May own")]

    def __str__(self) -> str:
        return self.name


class WorkflowUserPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(Workflow, on_delete=models.CASCADE)


class WorkflowGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Workflow, on_delete=models.CASCADE)


class ActionType(models.Model):
    """Something an agent of the workflow can do."""

    class Latency(models.TextChoices):
        MINUTES = "minutes"
        HOURS = "hours"
        DAYS = "days"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="action_types")
    name = models.SlugField(max_length=60)
    title = models.CharField(
        max_length=160,
        help_text="A verb with its object; {argument} is filled in: Refund {amount} for {order_id}",
    )
    impact = models.CharField(max_length=10, choices=[(i.value, i.value) for i in Impact])
    reversibility = models.CharField(
        max_length=12, choices=[(r.value, r.value) for r in Reversibility]
    )
    latency_tolerance = models.CharField(
        max_length=10, choices=Latency.choices, default=Latency.HOURS
    )
    roll_back_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="How long after it was proposed it can still be undone."
    )
    arguments_schema = models.JSONField(default=dict, help_text="JSON Schema of the arguments.")
    required_context = models.JSONField(
        default=list, blank=True, help_text="Labels of facts that every brief must carry."
    )
    # set once, with the first proposal; what policy knows as first_seen
    first_proposed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "name"], name="action_type_named_once"),
            models.CheckConstraint(
                condition=models.Q(roll_back_seconds=None)
                | models.Q(reversibility="reversible", roll_back_seconds__gt=0),
                name="action_type_undone_only_if_reversible",
            ),
        ]

    def __str__(self) -> str:
        return self.name
