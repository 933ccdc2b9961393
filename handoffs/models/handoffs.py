"""The transfer to a person: what is asked, where it waits, and what the run was told."""

from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Now
from django.db.models.lookups import IsNull

from handoffs import ids
from handoffs.models.fields import PublicIdField
from handoffs.models.matrix import Queue
from handoffs.models.runs import Proposal, Run
from handoffs.models.workflows import Workflow
from handoffs.states import (
    ActorKind,
    Fallback,
    HandoffKind,
    HandoffState,
    RungName,
    Tier,
    Verb,
)


class Handoff(models.Model):
    """A question to a role. What the matrix said when it opened is kept here as plain data.

    Workflow, queue and role are never deleted, so no insert has to lock their rows to be sure of
    them. `round` counts how often it was put: a stale approval is asked again and answered again.
    """

    id = PublicIdField(primary_key=True, default=ids.new_handoff)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="handoffs", db_index=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    # an action may be asked about before it, audited after it, and stand out
    proposal = models.ForeignKey(
        Proposal, null=True, on_delete=models.PROTECT, related_name="handoffs", db_index=False
    )
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in HandoffKind])
    tier = models.CharField(
        max_length=16, blank=True, default="", choices=[(t.value, t.value) for t in Tier]
    )
    state = models.CharField(
        max_length=18,
        choices=[(s.value, s.value) for s in HandoffState],
        default=HandoffState.WAITING.value,
    )
    version = models.PositiveIntegerField(default=1)
    round = models.PositiveIntegerField(default=1)
    queue = models.ForeignKey(
        Queue,
        on_delete=models.PROTECT,
        related_name="handoffs",
        db_index=False,
        db_constraint=False,
    )
    # the queue that was full when it came here; it goes back there when that has room
    overflow_from = models.ForeignKey(
        Queue,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    # its agent cannot be slowed down: it was let in although there was no room
    beyond_limit = models.BooleanField(default=False, db_default=False)
    role = models.ForeignKey(
        Group, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    level = models.PositiveSmallIntegerField(default=1)
    # the levels still above, the next one first; see handoffs.levels.Level
    ladder = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    # what else its row said and is no column of its own; see handoffs.levels.Terms
    terms = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    held_since = models.DateTimeField(null=True)
    blocking = models.BooleanField(default=True)
    # nobody asked: a person paused the run, and while it is open nothing else goes on there
    stepped_in = models.BooleanField(default=False, db_default=False)
    pause = models.PositiveIntegerField(default=0)
    deadline_at = models.DateTimeField()
    # the time that the row gives this level, also after it was held or taken on for longer
    deadline_seconds = models.PositiveIntegerField()
    # of the deadline that runs now: since when, and how many seconds of its hours
    counted_from = models.DateTimeField()
    counted_seconds = models.PositiveIntegerField()
    # whoever took it on asked for this time: it counts by the clock, whatever the row says
    by_the_clock = models.BooleanField(default=False, db_default=False)
    # when it will breach within its row's urgent time; and since when the queue knows
    urgent_at = models.DateTimeField()
    urgent_since = models.DateTimeField(null=True)
    # the one next moment at which something is done about it, and what
    next_at = models.DateTimeField()
    next_rung = models.CharField(max_length=12, choices=[(r.value, r.value) for r in RungName])
    # until when it gathers with others of its kind before it is offered; null: it does not
    gather_until = models.DateTimeField(null=True)
    fallback = models.CharField(max_length=10, choices=[(f.value, f.value) for f in Fallback])
    safeguards = models.JSONField(default=dict)
    owner_since = models.DateTimeField(db_default=Now())
    opened_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True)
    # of what was done already: until when it can be undone; null: it cannot
    roll_back_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "kind"], name="handoff_once_per_proposal_and_kind"
            ),
            models.CheckConstraint(
                condition=models.Q(state="answered", answered_at__isnull=False)
                | (~models.Q(state="answered") & models.Q(answered_at__isnull=True)),
                name="handoff_answered_has_time",
            ),
        ]
        indexes = [
            # read by claims.take_next and the desk: the queue in the order it is worked, what is
            # urgent before what is not
            models.Index(
                "queue",
                IsNull(models.F("urgent_since"), True),
                "deadline_at",
                "id",
                condition=models.Q(state="waiting"),
                name="handoff_waiting_in_order",
            ),
            # read by claims.take_next where it is a workflow's turn
            models.Index(
                fields=["queue", "workflow", "deadline_at", "id"],
                condition=models.Q(state="waiting", urgent_since__isnull=True),
                name="handoff_waiting_by_workflow",
            ),
            # read by gathering: what gathers or has gathered together
            models.Index(
                fields=["queue", "gather_until"],
                condition=models.Q(state="waiting", gather_until__isnull=False),
                name="handoff_gathered",
            ),
            # read by ladder.fire_due: what is due, not what is open
            models.Index(
                fields=["next_at"],
                condition=models.Q(state__in=["waiting", "needs_information"]),
                name="handoff_next",
            ),
            # read by reviews.overflowing: what is to go back to the queue it came from
            models.Index(
                fields=["overflow_from", "deadline_at"],
                condition=models.Q(state="waiting", overflow_from__isnull=False),
                name="handoff_overflowed",
            ),
            # read by the API's run view and by runs when a stop ends
            models.Index(fields=["run", "pause"], name="handoff_of_pause"),
        ]

    def __str__(self) -> str:
        return self.id


class Rung(models.Model):
    """Something that happened to a handoff because nobody had answered by then: each once.

    `passed_over` is one that was due together with the next, after an outage: it is known and
    nobody is told of it. Only what repeats, a review or a question, has a `number` above 1.
    """

    handoff = models.ForeignKey(
        Handoff, on_delete=models.PROTECT, related_name="rungs", db_index=False
    )
    round = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    rung = models.CharField(max_length=12, choices=[(r.value, r.value) for r in RungName])
    number = models.PositiveSmallIntegerField(default=1, db_default=1)
    due_at = models.DateTimeField()
    fired_at = models.DateTimeField(db_default=Now())
    # what came of it: urgent, climbed, held, asked_again, lapsed, failed, or the answer's verb
    outcome = models.CharField(max_length=20)
    passed_over = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "round", "level", "rung", "number"], name="rung_fires_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} L{self.level} {self.rung}: {self.outcome}"


class Brief(models.Model):
    """One version of what the person reads; a changed brief is a new version."""

    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="briefs", db_index=False
    )
    version = models.PositiveIntegerField(default=1)
    body = models.JSONField()
    digest = models.CharField(max_length=72)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handoff", "version"], name="brief_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} v{self.version}"


class InformationRequest(models.Model):
    """A reviewer's question back to the agent, and what came of it."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="questions")
    question = models.TextField()
    asked_role = models.CharField(max_length=150)
    asked_at = models.DateTimeField(db_default=Now())
    message = models.TextField(blank=True, default="")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handoff"],
                condition=models.Q(answered_at__isnull=True),
                name="information_request_one_open",
            )
        ]

    def __str__(self) -> str:
        return self.question[:60]


class HeldAnswer(models.Model):
    """What a person said of a decided handoff, until the run is told: they may take it back.

    A handoff is `decided` exactly as long as it has one of these; a trigger sees to it at commit,
    and every move away from `decided` takes it along. `said` is JSON text: as a number of jsonb
    what was approved could come back as another one.
    """

    handoff = models.OneToOneField(
        Handoff, primary_key=True, on_delete=models.CASCADE, related_name="held_answer"
    )
    round = models.PositiveIntegerField()
    said = models.TextField()
    by_kind = models.CharField(max_length=10, choices=[(a.value, a.value) for a in ActorKind])
    role = models.CharField(max_length=150)
    by_audit_name = models.CharField(max_length=200)
    held_at = models.DateTimeField(db_default=Now())
    release_at = models.DateTimeField()

    class Meta:
        indexes = [
            # read by release.release_due: what is due, not what is held
            models.Index(fields=["release_at"], name="held_answer_due"),
            # read by the desk: what this person may still take back
            models.Index(fields=["by_audit_name"], name="held_answer_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} until {self.release_at}"


class Answer(models.Model):
    """What the run is told: one for each round of a handoff.

    `arguments` is canonical JSON, null where the answer releases nothing.
    """

    id = PublicIdField(primary_key=True, default=ids.new_answer)
    handoff = models.ForeignKey(
        Handoff, on_delete=models.PROTECT, related_name="answers", db_index=False
    )
    round = models.PositiveIntegerField()
    verb = models.CharField(max_length=20, choices=[(v.value, v.value) for v in Verb])
    by_kind = models.CharField(max_length=10, choices=[(a.value, a.value) for a in ActorKind])
    role = models.CharField(max_length=150)
    arguments = models.TextField(null=True)
    arguments_digest = models.CharField(max_length=72, blank=True, default="")
    option = models.CharField(max_length=60, null=True)
    message = models.TextField(blank=True, default="")
    reason = models.TextField(blank=True, default="")
    edits = models.JSONField(default=list)
    draft = models.TextField(null=True)
    # what this verb says beyond words, see docs/api/handoffs.md; {} where it says no more
    details = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    receipt = models.TextField()
    answered_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handoff", "round"], name="answer_once_per_round")
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.verb}"
