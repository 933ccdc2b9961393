"""What is counted of queues, and what was said beforehand; never of a person."""

from django.db import models

from handoffs.models import Queue, Workflow


class Arrival(models.Model):
    """That a handoff came to a queue, noted within a minute: later it may wait somewhere else.

    What became of it is looked up at `look_at`, ever more seldom the longer it takes.
    """

    class Outcome(models.TextChoices):
        IN_TIME = "in_time"
        LATE = "late"
        WITHDRAWN = "withdrawn"

    # no foreign keys: thousands an hour, and neither handoffs nor queues are ever deleted
    handoff_id = models.CharField(max_length=40, primary_key=True)
    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    came_at = models.DateTimeField()
    # seconds of opening time until somebody took it; null: nobody did, or it is not known yet
    wait_seconds = models.FloatField(null=True)
    outcome = models.CharField(max_length=10, blank=True, default="", choices=Outcome.choices)
    look_at = models.DateTimeField()

    class Meta:
        indexes = [
            # read by arrivals.settle_due: what is due, not what is open
            models.Index(
                fields=["look_at"], condition=models.Q(outcome=""), name="arrival_to_look_at"
            ),
            # read by hours.count
            models.Index(fields=["queue", "came_at"], name="arrival_of_hour"),
            # read by arrivals.forget
            models.Index(fields=["came_at"], name="arrival_by_age"),
        ]

    def __str__(self) -> str:
        return self.handoff_id


class QueueHour(models.Model):
    """What came to a queue in one hour, what became of it, and how many hands were there."""

    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="hours_counted", db_index=False
    )
    starts_at = models.DateTimeField()
    came = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    # of all that were taken, added up
    wait_seconds = models.FloatField(default=0)
    in_time = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    # nobody answered them so far, and their time is not up
    undecided = models.PositiveIntegerField(default=0)
    # looked at so often, this many hands together, see QueueRate.hands
    samples = models.PositiveIntegerField(default=0)
    hands = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "starts_at"], name="queue_hour_once")
        ]

    def __str__(self) -> str:
        return f"{self.queue_id} {self.starts_at:%Y-%m-%d %H:00}: {self.came}"


class QueueFigures(models.Model):
    """What a queue's work is like, over the last whole weeks."""

    queue = models.OneToOneField(
        Queue, primary_key=True, on_delete=models.CASCADE, related_name="figures"
    )
    measured_at = models.DateTimeField()
    # work in one handoff, over all who held it; null: too few people did to tell
    handling_seconds = models.FloatField(null=True)
    # its standard deviation in units of the mean
    handling_spread = models.FloatField(null=True)
    handled = models.PositiveIntegerField(default=0)
    deadline_seconds = models.FloatField(null=True)
    # of all that the workflows which send here propose; null: nothing was proposed
    escalated_share = models.FloatField(null=True)

    def __str__(self) -> str:
        return f"{self.queue_id}: {self.handling_seconds} s"


class Forecast(models.Model):
    """What was said about an hour before it began: nobody can say it afterwards."""

    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="forecasts", db_index=False
    )
    starts_at = models.DateTimeField()
    made_at = models.DateTimeField()
    came = models.FloatField()
    hands = models.FloatField()
    wait_seconds = models.FloatField()
    wait_low = models.FloatField()
    wait_high = models.FloatField()
    in_time = models.FloatField()
    in_time_low = models.FloatField()
    in_time_high = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["queue", "starts_at"], name="forecast_once"),
            models.CheckConstraint(
                condition=models.Q(made_at__lte=models.F("starts_at")),
                name="forecast_was_made_before",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue_id} {self.starts_at:%Y-%m-%d %H:00}"


class Counted(models.Model):
    """What became of the handoffs that came on some days, added up."""

    came = models.PositiveIntegerField(default=0)
    open = models.PositiveIntegerField(default=0)
    by_people = models.PositiveIntegerField(default=0)
    # nobody answered, and what was stated for that case was done
    by_policy = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    # answered by people before any of their times was up
    in_time = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    # handed up, sent to another queue, or sent back with a question, by a person
    escalated = models.PositiveIntegerField(default=0)
    sent_on = models.PositiveIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    # asked again because the approval was stale
    reopened = models.PositiveIntegerField(default=0)
    # taken by somebody, and at some time put down, let run out or passed on
    taken = models.PositiveIntegerField(default=0)
    resisted = models.PositiveIntegerField(default=0)
    # of by_people: with no question in between, and not asked again
    at_once = models.PositiveIntegerField(default=0)
    # actions that people did something about; and objected to: decided otherwise, asked, passed on
    acted = models.PositiveIntegerField(default=0)
    challenged = models.PositiveIntegerField(default=0)
    # actions that people answered; and of these at once, as proposed, and nobody minded
    settled = models.PositiveIntegerField(default=0)
    untouched = models.PositiveIntegerField(default=0)
    # what people said and did not take back; several may decide one handoff
    decisions = models.PositiveIntegerField(default=0)
    taken_back = models.PositiveIntegerField(default=0)
    # of the decisions, those on an action that was recommended: it was done otherwise or not at all
    approvals = models.PositiveIntegerField(default=0)
    overridden = models.PositiveIntegerField(default=0)
    edited = models.PositiveIntegerField(default=0)
    # of the decisions, those that were committed before the reveal, and changed after it
    judged = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    # decisions on actions: judged otherwise at first, and then done as recommended; or the reverse
    against = models.PositiveIntegerField(default=0)
    gave_in = models.PositiveIntegerField(default=0)
    agreed = models.PositiveIntegerField(default=0)
    turned = models.PositiveIntegerField(default=0)
    # decisions on actions of which an audit said later whether they were right: statistics.known
    known = models.JSONField(default=dict)
    # {verb: how many}
    verbs = models.JSONField(default=dict)
    # {what: {bin: how many}}, see oversight.statistics.bins
    times = models.JSONField(default=dict)

    class Meta:
        abstract = True


class FigureDay(Counted):
    """What came to a queue on one of its days, of one workflow, tier, action type and kind."""

    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # where it came to first
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="+", db_index=False)
    tier = models.CharField(max_length=16, blank=True, default="")
    # of what is no action: its kind
    action_type = models.CharField(max_length=60)
    # of what was counted before kinds were: not known
    kind = models.CharField(max_length=16, blank=True, default="")
    # by the clock of its queue
    day = models.DateField()

    class Meta:
        constraints = [
            # the day first: weeks are added up from it, and a day is counted anew as a whole
            models.UniqueConstraint(
                fields=["day", "workflow", "queue", "tier", "action_type", "kind"],
                name="figure_day_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.action_type}: {self.came}"


class FigureWeek(Counted):
    """The same of a whole week: of all, of a workflow, or of one part of a workflow.

    `told`: enough people decided, none of them most of it, and what other parts leave over tells
    of nobody either. Who they are is known while the week is counted and is stored nowhere.
    """

    class Scope(models.TextChoices):
        ALL = "all"
        WORKFLOW = "workflow"
        QUEUE = "queue"
        TIER = "tier"
        ACTION = "action"
        KIND = "kind"

    scope = models.CharField(max_length=10, choices=Scope.choices)
    workflow = models.ForeignKey(
        Workflow, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # the queue's number, the tier, the action type, or the kind of handoff
    key = models.CharField(max_length=60, blank=True, default="")
    monday = models.DateField()
    told = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "scope", "monday", "key"],
                nulls_distinct=False,
                name="figure_week_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.monday} {self.scope} {self.key}: {self.came}"


class ProposalDay(models.Model):
    """How many actions of one type and tier agents proposed on a day in UTC, asked about or not."""

    workflow = models.ForeignKey(
        Workflow, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    action_type = models.CharField(max_length=60)
    tier = models.CharField(max_length=16)
    day = models.DateField()
    proposed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "workflow", "action_type", "tier"], name="proposal_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.action_type} {self.tier}: {self.proposed}"
