"""The governance matrix and the queues it names."""

from django.contrib.auth.models import Group
from django.contrib.postgres.functions import TransactionNow
from django.db import models
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from handoffs.models.workflows import ActionType, Workflow
from handoffs.states import AtLimit, ByEmail, Fallback, HandoffKind, Tier


class Queue(models.Model):
    """A destination where handoffs wait for a role; queueing, the work, is done above."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    depth_limit = models.PositiveIntegerField(default=200)
    # as many as people finish in so long, at the measured handling time; null: no such limit
    work_minutes_limit = models.PositiveIntegerField(null=True, blank=True)
    # where handoffs go while it is full, unless their row of the matrix names another one
    overflow_queue = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    pick_allowed = models.BooleanField(
        default=False, help_text="Reviewers may choose from the list instead of taking the next."
    )
    lease_seconds = models.PositiveIntegerField(
        default=300,
        help_text="How long a claim lives without a sign of life. Short: an abandoned tab frees "
        "its item sooner. Long: a lost connection costs less. The open page renews it.",
    )

    # pull: people take the next one; push: it is also put into the hands of who is there
    mode = models.CharField(
        max_length=4,
        choices=[("pull", "People take the next one"), ("push", "It is assigned to people")],
        default="pull",
        db_default="pull",
        help_text="Assigned work goes to who is at the desk and carries least; it goes on to a "
        "colleague when they do not open it. Taking the next one works in both.",
    )
    push_seconds = models.PositiveIntegerField(
        default=180,
        db_default=180,
        help_text="How long assigned work waits to be opened before a colleague gets it.",
    )

    # opening hours by weekday, {"monday": ["09:00-17:00"]}; none at all: always open
    time_zone = models.CharField(max_length=60, default="UTC")
    hours = models.JSONField(default=dict, blank=True)
    # days on which it stays closed, {"2027-01-06": "Epiphany"}
    holidays = models.JSONField(default=dict, blank=True)
    # whose public holidays it keeps as well, such as DE or DE-BE; "": nobody's
    country = models.CharField(max_length=10, blank=True, default="", db_default="")

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


class Recount(models.Model):
    """The hours of a queue changed: what counts in them is still to be counted anew.

    Written by a trigger on the queue, whoever changes it.
    """

    queue = models.OneToOneField(Queue, primary_key=True, on_delete=models.CASCADE)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.queue_id} since {self.changed_at}"


class QueueDepth(models.Model):
    """How many handoffs wait, spread over slots so that intakes do not queue for one row.

    The queue's limit is spread over them too: an intake takes a place in its own slot, below its
    `quota`. As long as every slot keeps to it, so does the queue, and no slot has to look at the
    others. Where a slot is full, `overread_enter` locks all of them and spreads what is left anew.
    """

    SLOTS = 16

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="depths")
    slot = models.PositiveSmallIntegerField()
    waiting = models.IntegerField(default=0)
    quota = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "slot"], name="queue_depth_slot_once")
        ]

    def __str__(self) -> str:
        return f"{self.queue_id}/{self.slot}: {self.waiting}"


class QueueRate(models.Model):
    """How fast a queue fills and empties: measured every few seconds, read through `rates`."""

    queue = models.OneToOneField(
        Queue, primary_key=True, on_delete=models.CASCADE, related_name="rate"
    )
    measured_at = models.DateTimeField()
    arrivals_per_hour = models.FloatField(default=0)
    # what people finished; neither what was withdrawn nor what ran out of time
    finished_per_hour = models.FloatField(default=0)
    # from taking one to having finished it; null: nobody has finished any yet
    handling_seconds = models.FloatField(null=True)
    handling_count = models.PositiveIntegerField(default=0)
    # people who held a claim here within the last minutes
    reviewers_present = models.PositiveIntegerField(default=0)
    # how many of them it is as if worked on nothing else
    hands = models.FloatField(default=0)
    # since when there was always something to take; null: now there is not
    busy_since = models.DateTimeField(null=True)
    # how many make up the minutes of work that its queue takes; null: it says nothing of minutes
    fitting = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.queue_id}: {self.finished_per_hour:g} per hour"


class MatrixRow(models.Model):
    """Who has authority over what, by when, and what happens if nobody answers.

    An empty action type, kind or tier means any; the most specific row wins. A row says the same
    from `effective_from` until before `effective_until`: a change ends it and begins another, so
    the rows are their own history. The exclusion constraint `matrix_row_one_at_a_time` keeps two
    rows for the same from holding at one moment.
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
    overflow_queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at_limit = models.CharField(
        max_length=10,
        default=AtLimit.OVERFLOW.value,
        db_default=AtLimit.OVERFLOW.value,
        choices=[(a.value, a.value) for a in AtLimit],
    )
    deadline_seconds = models.PositiveIntegerField(default=4 * 3600)
    # counted in the opening hours of the queue, otherwise by the clock
    business_time = models.BooleanField(default=False)
    urgent_seconds = models.PositiveIntegerField(default=900)
    fallback = models.CharField(
        max_length=10, blank=True, default="", choices=[(f.value, f.value) for f in Fallback]
    )
    email = models.CharField(
        max_length=10, default=ByEmail.SIGN_IN.value, choices=[(e.value, e.value) for e in ByEmail]
    )
    # empty: as the action type says
    latency_tolerance = models.CharField(
        max_length=10, blank=True, default="", choices=ActionType.Latency.choices
    )
    batch_seconds = models.PositiveIntegerField(default=0)
    safeguards = models.JSONField(default=dict, blank=True)
    # where a reviewer may send it instead, [{"role": …, "queue": …}] by name and slug
    send_to = models.JSONField(
        default=list, blank=True, db_default=models.Value([], models.JSONField())
    )
    effective_from = models.DateTimeField(db_default=TransactionNow())
    effective_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(effective_until__isnull=True)
                | models.Q(effective_until__gte=models.F("effective_from")),
                name="matrix_row_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.workflow_id}: {self.action_type or '*'} {self.kind or '*'} {self.tier or '*'}"
        )


class LadderStep(models.Model):
    """One level above the first: whom a handoff goes to when the level below did not answer."""

    row = models.ForeignKey(MatrixRow, on_delete=models.CASCADE, related_name="steps")
    level = models.PositiveSmallIntegerField()
    role = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="+")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="+")
    seconds = models.PositiveIntegerField()
    # labels of facts that this level needs beside what the action type asks for
    required_context = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["level"]
        constraints = [
            models.UniqueConstraint(fields=["row", "level"], name="ladder_step_level_once"),
            models.CheckConstraint(
                condition=models.Q(level__gte=2), name="ladder_step_is_above_the_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row_id} L{self.level}"
