"""Leases on handoffs, and what was looked at under them."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Handoff
from reviews.models.sessions import BatchSession


class Claim(models.Model):
    """A reviewer's lease on a seat of a handoff; most handoffs have one.

    It is live while it is not ended, its lease runs, and the handoff still waits at the level and
    in the round it was taken at: climbing, withdrawing or answering ends claims by data.

    `turn` numbers the claims on a handoff, `number` those of a person. Whoever takes one says
    which comes next, so of two at once one fails, without a lock; and the latest is found beside
    any number of dead index entries that an open snapshot keeps.
    """

    class Ended(models.TextChoices):
        DECIDED = "decided"
        GIVEN_BACK = "given_back"
        ASKED = "asked"
        ESCALATED = "escalated"
        SENT_ON = "sent_on"
        HANDED_OVER = "handed_over"
        EXPIRED = "expired"
        MOVED = "moved"

    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="claims", db_index=False
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="claims", db_index=False
    )
    seat = models.PositiveSmallIntegerField(default=1, db_default=1)
    session = models.ForeignKey(
        BatchSession, null=True, on_delete=models.SET_NULL, related_name="claims", db_index=False
    )
    # it was put into their hands: they did not ask for it and may not have seen it yet
    assigned = models.BooleanField(default=False, db_default=False)
    # it was taken because it was its workflow's turn, not because it was due first
    by_turn = models.BooleanField(default=False, db_default=False)
    turn = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    round = models.PositiveIntegerField()
    taken_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    # when the page was first opened under this claim; a trigger sets it, by its own clock
    opened_at = models.DateTimeField(null=True)
    # which opening of the page this is: only the latest one may say that it was left
    visit = models.PositiveIntegerField(default=0, db_default=0)
    # when its reader first did something with it; triggers set it, see `measures`
    acted_at = models.DateTimeField(null=True)
    # how long the page was looked at; a trigger counts, null as long as no page has said anything
    read_seconds = models.FloatField(null=True)
    # until when it was looked at, null when it is not; and on which opening of the page
    seen_at = models.DateTimeField(null=True)
    seen_visit = models.PositiveIntegerField(null=True)
    # until when its person said that they work on it, away from the page; null: while it is open
    kept_until = models.DateTimeField(null=True)
    # how much of what the requester said stood on the page when it was opened last
    heard = models.PositiveSmallIntegerField(default=0, db_default=0)
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(
        max_length=20, blank=True, default="", choices=[(e.value, e.value) for e in Ended]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "seat"],
                condition=models.Q(ended_at__isnull=True),
                name="claim_one_live_per_seat",
            ),
            # also read by taking: who has this one
            models.UniqueConstraint(fields=["handoff", "turn"], name="claim_turn_once"),
            # also read by taking and the desk: what do I hold
            models.UniqueConstraint(fields=["reviewer", "number"], name="claim_number_once"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_because="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_because="")),
                name="claim_ended_has_cause",
            ),
        ]
        indexes = [
            # read by claims.take_next: what this person gave back of late is offered last
            models.Index(
                fields=["reviewer", "-ended_at"],
                condition=models.Q(ended_because="given_back"),
                name="claim_given_back",
            ),
            # read by overread_had: what somebody has had today
            models.Index(fields=["reviewer", "taken_at"], name="claim_taken_when"),
            # read by claims.end_stale
            models.Index(
                fields=["expires_at"],
                condition=models.Q(ended_at__isnull=True),
                name="claim_expiring",
            ),
            # read by shell: how far a session is
            models.Index(
                fields=["session"],
                condition=models.Q(session__isnull=False),
                name="claim_of_session",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} by {self.reviewer_id}"


class Visit(models.Model):
    """One opening of the page under a claim; `beats` counts what it said, each beat once."""

    claim = models.ForeignKey(
        Claim, on_delete=models.CASCADE, related_name="visits", db_index=False
    )
    number = models.PositiveIntegerField()
    beats = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "number"], name="visit_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.number}"


class EvidenceOpened(models.Model):
    """A reviewer opened a piece of evidence; the server saw it."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="opened_evidence")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    evidence_id = models.CharField(max_length=60)
    # of what was opened: another text under the same name is another piece
    digest = models.CharField(max_length=72, blank=True, default="", db_default="")
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "reviewer", "evidence_id"], name="evidence_opened_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.evidence_id}"
