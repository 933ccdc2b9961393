"""A draft tried on recorded proposals: what was asked for, how far it is, what came of it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs.models import RiskTierMap, Workflow


class Backtest(models.Model):
    """One map over one source. What it rules with is copied here: a draft may change meanwhile.

    `checkpoint` is where the work stands and all it has counted, moved together with `progress`;
    `epoch` moves with every turn of work and fences off a worker that comes late. `fingerprint`
    names map and source: the same question is asked once at a time.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Source(models.TextChoices):
        PERIOD = "period"
        FILE = "file"

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="+")
    map = models.ForeignKey(RiskTierMap, on_delete=models.CASCADE, related_name="backtests")
    body = models.JSONField()
    # the map in force when it was asked for; a file has no rulings of its own to compare with
    in_force = models.JSONField(null=True)
    action_types = models.JSONField()
    source = models.CharField(max_length=10, choices=Source.choices)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    file_name = models.CharField(max_length=200, blank=True, default="")
    with_truth = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    progress = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    epoch = models.PositiveIntegerField(default=0)
    # turns of work since it last got further
    attempts = models.PositiveSmallIntegerField(default=0)
    checkpoint = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    why = models.TextField(blank=True, default="")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow"],
                condition=models.Q(state="running"),
                name="backtest_one_running_per_workflow",
            ),
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=models.Q(state__in=["queued", "running"]),
                name="backtest_asked_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="done", result__isnull=False)
                | (~models.Q(state="done") & models.Q(result__isnull=True)),
                name="backtest_done_has_result",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="failed") | ~models.Q(why=""),
                name="backtest_failed_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    source="period", since__isnull=False, until__gt=models.F("since")
                )
                | models.Q(source="file", since__isnull=True, until__isnull=True),
                name="backtest_has_period_or_file",
            ),
        ]
        indexes = [
            # read by backtests.work
            models.Index(
                fields=["worked_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="backtest_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.map}, {self.get_source_display()} {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)


class BacktestChunk(models.Model):
    """A part of an uploaded file, compressed; gone when its backtest ends."""

    class Kind(models.TextChoices):
        PROPOSALS = "proposals"
        TRUTH = "truth"

    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="chunks")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    number = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["backtest", "kind", "number"], name="backtest_chunk_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.backtest_id} {self.kind} {self.number}"
