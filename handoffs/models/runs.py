"""Runs, what was proposed in them, and how they go on."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now

from accounts.models import Client
from handoffs import ids
from handoffs.models.fields import PublicIdField
from handoffs.models.workflows import Workflow
from handoffs.states import (
    Act,
    ActorKind,
    Cause,
    ResumptionState,
    RunState,
    Tier,
)


class Run(models.Model):
    """One execution of a workflow. Only `handoffs.runs` and `handoffs.intake` write its state.

    Workflow and client are never deleted, so no insert has to lock their rows to be sure of them.
    `pause` numbers the stops: blocking handoffs and the one resumption of a stop share it.
    """

    id = PublicIdField(primary_key=True, default=ids.new_run)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="runs", db_index=False, db_constraint=False
    )
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, related_name="runs", db_index=False, db_constraint=False
    )
    # recorded traffic has names of 237 characters
    external_id = models.CharField(max_length=300)
    input = models.JSONField(default=dict)
    requester = models.JSONField(null=True)
    task = models.JSONField(null=True)
    state = models.CharField(max_length=24, choices=[(s.value, s.value) for s in RunState])
    version = models.PositiveIntegerField(default=1)
    state_since = models.DateTimeField(db_default=Now())
    cause = models.CharField(max_length=20, choices=[(c.value, c.value) for c in Cause])
    pause = models.PositiveIntegerField(default=0)
    open_blocking = models.PositiveIntegerField(default=0)
    # A person has paused it and not yet said how it goes on. On the run itself: whoever waited for
    # its lock looks again at this row, and at no other.
    held = models.BooleanField(default=False, db_default=False)
    signed_off = models.BooleanField(default=False)
    output = models.JSONField(null=True)
    error = models.TextField(blank=True, default="")
    partial = models.JSONField(null=True)
    next_step = models.TextField(blank=True, default="")
    status_token = models.CharField(max_length=43, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "external_id"], name="run_external_id_once_per_workflow"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="PAUSED_PENDING_HUMAN") | models.Q(open_blocking__gt=0),
                name="run_paused_has_open_handoff",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Checkpoint(models.Model):
    """What the agent needs to go on: its own JSON, kept as the exact text it sent."""

    run = models.OneToOneField(
        Run, primary_key=True, on_delete=models.CASCADE, related_name="checkpoint"
    )
    version = models.PositiveIntegerField(default=1)
    body = models.TextField()
    saved_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.run_id} v{self.version}"


class Proposal(models.Model):
    """One action the agent wants to take; every one is kept, also those that need nobody.

    `arguments` is RFC 8785 canonical JSON, the exact text that `arguments_digest` is over.
    """

    class Outcome(models.TextChoices):
        DONE = "done"
        FAILED = "failed"
        ROLLED_BACK = "rolled_back"

    id = PublicIdField(primary_key=True, default=ids.new_proposal)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="proposals")
    action_type = models.CharField(max_length=60)
    arguments = models.TextField()
    arguments_digest = models.CharField(max_length=72)
    signals = models.JSONField(default=dict)
    tier = models.CharField(max_length=16, choices=[(t.value, t.value) for t in Tier])
    act = models.CharField(max_length=20, choices=[(a.value, a.value) for a in Act])
    rules = models.JSONField(default=list)
    map_version = models.PositiveIntegerField()
    preconditions = models.JSONField(default=list)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True, default="")
    outcome_detail = models.TextField(blank=True, default="")
    # the moment it was ruled at, so that a replay rules the same
    created_at = models.DateTimeField(db_default=Now())
    # null: from before this was known
    first_seen = models.BooleanField(null=True)
    # null: its tier is not sampled; 0: sampling was off
    audit_share = models.DecimalField(max_digits=6, decimal_places=5, null=True)
    audit_drawn = models.BooleanField(db_default=False)
    # kept of what is drawn, for the audit's brief
    audit_brief = models.JSONField(null=True)
    audit_opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(audit_drawn=False)
                | models.Q(audit_share__isnull=False, audit_share__gt=0),
                name="proposal_drawn_has_share",
            )
        ]
        indexes = [
            # read by audits.open_due: what was drawn and has no audit yet
            models.Index(
                fields=["id"],
                condition=models.Q(audit_drawn=True, audit_opened_at__isnull=True),
                name="proposal_to_audit",
            ),
            # read by governance.sampling.panel: how the audits went
            models.Index(
                fields=["id"],
                condition=models.Q(audit_drawn=True),
                name="proposal_drawn",
            ),
        ]

    def __str__(self) -> str:
        return self.id


class Resumption(models.Model):
    """The turn to go on after a stop: leased to one worker at a time, acknowledged once.

    `epoch` moves with every lease and fences off a worker whose lease ran out.
    """

    id = PublicIdField(primary_key=True, default=ids.new_resumption)
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="resumptions", db_index=False
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    pause = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in ResumptionState],
        default=ResumptionState.READY.value,
    )
    epoch = models.PositiveIntegerField(default=0)
    lease_seconds = models.PositiveIntegerField(default=60)
    worker = models.CharField(max_length=120, blank=True, default="")
    token_hash = models.CharField(max_length=64, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "pause"], name="resumption_once_per_pause"),
            models.CheckConstraint(
                condition=~models.Q(state="leased") | models.Q(lease_expires_at__isnull=False),
                name="resumption_leased_has_expiry",
            ),
        ]
        indexes = [
            # read by runs.claim_resumption and the sweep of ended leases
            models.Index(
                fields=["workflow", "id"],
                condition=models.Q(state__in=["ready", "leased"]),
                name="resumption_open",
            )
        ]

    def __str__(self) -> str:
        return self.id


class Transition(models.Model):
    """Every move of a run or handoff, written in the transaction that moves it.

    A person is named by role here, never by name: what a blind test met must not be found.
    """

    run = models.ForeignKey(
        Run,
        on_delete=models.PROTECT,
        related_name="transitions",
        db_index=False,
        db_constraint=False,
    )
    # null: the run itself moved
    handoff_id = models.CharField(max_length=40, null=True)
    version = models.PositiveIntegerField()
    from_state = models.CharField(max_length=24, blank=True, default="")
    to_state = models.CharField(max_length=24)
    actor_kind = models.CharField(max_length=10, choices=[(a.value, a.value) for a in ActorKind])
    actor = models.CharField(max_length=150, blank=True, default="")
    cause = models.CharField(max_length=20, choices=[(c.value, c.value) for c in Cause])
    at = models.DateTimeField(db_default=Now())
    # set by a trigger; the guard compares it with its own transaction
    xact_id = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "handoff_id", "version"],
                nulls_distinct=False,
                name="transition_once_per_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id or self.run_id}: {self.from_state} -> {self.to_state}"


class RefusedTransition(models.Model):
    """How often an illegal move was tried."""

    entity = models.CharField(max_length=10)
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24)
    times = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity", "from_state", "to_state"], name="refused_transition_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.entity}: {self.from_state} -> {self.to_state}: {self.times}"


class RefusedDay(models.Model):
    """How often illegal moves were tried in a workflow on a day in UTC."""

    # null: of a run that was not found out
    workflow = models.ForeignKey(
        Workflow, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    day = models.DateField()
    times = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "workflow"], nulls_distinct=False, name="refused_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.day}: {self.times}"


class IdempotencyRecord(models.Model):
    """The first answer to a keyed request, told again when the same request comes again."""

    client = models.ForeignKey(
        Client, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    # kept at least as long as the handoff it opened waits
    handoff_id = models.CharField(max_length=40, null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once")
        ]
        indexes = [
            # read by idempotency.forget; costs an intake next to nothing, as rows come in order
            BrinIndex(fields=["created_at"], autosummarize=True, name="idempotency_by_age"),
        ]

    def __str__(self) -> str:
        return self.key
