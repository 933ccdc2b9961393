"""The governance matrix and the queues it names."""

from django.contrib.auth.models import Group
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from handoffs.models.workflows import ActionType, Workflow
from handoffs.states import Fallback, HandoffKind, Tier


class Queue(models.Model):
    """A destination where handoffs wait for a role; queueing, the work, is done above."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    depth_limit = models.PositiveIntegerField(default=200)
    pick_allowed = models.BooleanField(
        default=False, help_text="Reviewers may choose from the list instead of taking the next."
    )
    lease_seconds = models.PositiveIntegerField(
        default=300,
        help_text="How long a claim lives without a sign of life. Short: an abandoned tab frees "
        "its item sooner. Long: a lost connection costs less. The open page renews it.",
    )

    class Meta:
        permissions = [
            ("work_queue", "May take and decide"),
            ("lead_queue", "May lead"),
            ("own_queue", "May own"),
        ]

    def __str__(self) -> str:
        return self.name


class QueueUserPermission(UserObjectPermissionBase):
    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)


class QueueGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)


class QueueDepth(models.Model):
    """How many handoffs wait, spread over slots so that intakes do not queue for one row."""

    SLOTS = 16

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="depths")
    slot = models.PositiveSmallIntegerField()
    waiting = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "slot"], name="queue_depth_slot_once")
        ]

    def __str__(self) -> str:
        return f"{self.queue_id}/{self.slot}: {self.waiting}"


class MatrixRow(models.Model):
    """Who has authority over what, by when, and what happens if nobody answers.

    An empty action type, kind or tier means any; the most specific row wins.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="rows")
    action_type = models.ForeignKey(ActionType, null=True, blank=True, on_delete=models.CASCADE)
    kind = models.CharField(
        max_length=16, null=True, blank=True, choices=[(k.value, k.value) for k in HandoffKind]
    )
    tier = models.CharField(
        max_length=16, null=True, blank=True, choices=[(t.value, t.value) for t in Tier]
    )
    role = models.ForeignKey(
        Group, on_delete=models.PROTECT, related_name="+", help_text="The team with authority."
    )
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="rows")
    deadline_seconds = models.PositiveIntegerField(default=4 * 3600)
    escalate_role = models.ForeignKey(
        Group, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    escalate_queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    fallback = models.CharField(
        max_length=10,
        choices=[(f.value, f.value) for f in Fallback],
        default=Fallback.REJECT.value,
        help_text="What happens when nobody answers in time.",
    )
    safeguards = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "action_type", "kind", "tier"],
                nulls_distinct=False,
                name="matrix_row_named_once",
            ),
            models.CheckConstraint(
                condition=models.Q(escalate_role__isnull=True, escalate_queue__isnull=True)
                | models.Q(escalate_role__isnull=False, escalate_queue__isnull=False),
                name="matrix_row_escalates_to_role_and_queue",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.workflow_id}: {self.action_type or '*'} {self.kind or '*'} {self.tier or '*'}"
        )
