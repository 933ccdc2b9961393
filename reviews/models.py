"""How people work: who holds what, what they wrote, what they decided."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from handoffs import ids
from handoffs.models import Handoff
from handoffs.models.fields import PublicIdField
from reviews.batch_session import BatchSession as BatchSession
from reviews.brief_models import BriefMeasure as BriefMeasure
from reviews.brief_models import SummaryEdit as SummaryEdit
from reviews.link_rules import Needs
from reviews.notice_models import LogPlace as LogPlace
from reviews.notice_models import Notice as Notice
from reviews.notice_models import NoticeWish as NoticeWish
from reviews.notice_models import QueueNotices as QueueNotices


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


class Draft(models.Model):
    """What a reviewer has written so far; it outlives the claim, the page and the device."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="drafts")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    body = models.JSONField(default=dict)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["handoff", "reviewer"], name="draft_once_per_reviewer")
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id} by {self.reviewer_id}"


class SearchEntry(models.Model):
    """The words by which a handoff is found, as of one version of its brief."""

    handoff = models.OneToOneField(
        Handoff, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    # read by search_index: where it goes on
    brief_id = models.BigIntegerField(db_index=True)
    words = SearchVectorField()

    class Meta:
        # read by search: what holds these words
        indexes: ClassVar = [GinIndex(fields=["words"], name="search_entry_words")]

    def __str__(self) -> str:
        return self.handoff_id


class SavedFilter(models.Model):
    """A search that somebody comes back to, under a name of their own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=60)
    # the search as its address has it: "words=refund&state=waiting"
    query = models.CharField(max_length=500)
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "name"], name="saved_filter_name_once")
        ]

    def __str__(self) -> str:
        return self.name


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


class Judgement(models.Model):
    """What a reviewer committed before the recommendation was shown to them; it stays as it is.

    One for each version of the brief in a round: a question with newer facts is judged anew.
    `informed` keeps in mind who may have seen a reveal of this handoff before: whoever commits
    again, and everybody once it was answered.
    """

    class Confidence(models.IntegerChoices):
        GUESS = 1, "a guess"
        UNSURE = 2, "unsure"
        FAIRLY_SURE = 3, "fairly sure"
        SURE = 4, "sure"
        CERTAIN = 5, "certain"

    handoff = models.ForeignKey(
        Handoff, on_delete=models.PROTECT, related_name="judgements", db_index=False
    )
    round = models.PositiveIntegerField()
    brief_version = models.PositiveIntegerField()
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    verb = models.CharField(max_length=20)
    option = models.CharField(max_length=60, null=True)
    confidence = models.PositiveSmallIntegerField(choices=Confidence.choices)
    reason = models.TextField()
    informed = models.BooleanField(default=False, db_default=False)
    # by the database's clock; what is given here does not count
    committed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "round", "brief_version", "reviewer"],
                name="judgement_once_per_brief",
            ),
            models.CheckConstraint(
                condition=models.Q(confidence__range=(1, 5)), name="judgement_confidence_in_five"
            ),
            models.CheckConstraint(
                condition=models.Q(verb="choose", option__isnull=False)
                | (~models.Q(verb="choose") & models.Q(option__isnull=True)),
                name="judgement_option_when_chosen",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.verb}"


class Comment(models.Model):
    """What one colleague says to others about a handoff; never part of what the run is told."""

    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    round = models.PositiveIntegerField()
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    # whom it asks; null: whoever reads it
    asked = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField()
    said_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["handoff", "id"], name="comment_in_order")]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.text[:40]}"


class Decision(models.Model):
    """What a person said; what the run is told of it is the handoff's answer.

    Where several decide, `said` is kept in full until all have: nobody knows yet what counts. Two
    decisions agree when their `said_digest` is the same.
    """

    handoff = models.ForeignKey(Handoff, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveIntegerField()
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    claim = models.ForeignKey(
        Claim, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    seat = models.PositiveSmallIntegerField(default=1, db_default=1)
    # the team whose seat it was
    role = models.CharField(max_length=150, blank=True, default="", db_default="")
    verb = models.CharField(max_length=20)
    reason = models.TextField(blank=True, default="")
    message = models.TextField(blank=True, default="")
    option = models.CharField(max_length=60, null=True)
    arguments = models.TextField(null=True)
    # JSON text, see reviews.seats; empty where one person decided
    said = models.TextField(blank=True, default="", db_default="")
    said_digest = models.CharField(max_length=72, blank=True, default="", db_default="")
    details = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    # where the answer was challenged: what was checked and what would make it wrong, in words
    challenge = models.JSONField(null=True)
    brief_version = models.PositiveIntegerField()
    # what was committed before the reveal, and whether that changed it; null: nothing was withheld
    judgement = models.ForeignKey(
        Judgement, null=True, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    changed_after_reveal = models.BooleanField(null=True)
    opened_at = models.DateTimeField()
    decided_at = models.DateTimeField(db_default=Now())
    # taken back before the agent was told; what was said stays on record
    undone_at = models.DateTimeField(null=True)
    # their draft as it was, for as long as it can be taken back; see undo.forget
    typed = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["handoff", "round", "reviewer"],
                condition=models.Q(undone_at__isnull=True),
                name="decision_once_per_reviewer",
            ),
            models.UniqueConstraint(
                fields=["claim"],
                condition=models.Q(undone_at__isnull=True),
                name="decision_once_per_claim",
            ),
            models.CheckConstraint(
                condition=models.Q(judgement__isnull=True, changed_after_reveal__isnull=True)
                | models.Q(judgement__isnull=False, changed_after_reveal__isnull=False),
                name="decision_judged_says_if_changed",
            ),
        ]
        indexes = [
            # read by desk.earlier_reasons, for nobody but their writer
            models.Index(
                "reviewer",
                models.F("id").desc(),
                condition=~models.Q(reason=""),
                name="decision_own_reasons",
            ),
            # read by undo.forget
            models.Index(
                fields=["id"],
                condition=models.Q(typed__isnull=False),
                name="decision_with_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.verb}"


class ApproverLink(models.Model):
    """One person's way to one question, from an e-mail; its token is stored as SHA-256 only.

    It opens while it is not ended, has not run out, and the handoff waits in the round, at the
    level and with the brief that it was made for: climbing, withdrawing or answering closes it by
    data. What it is bound to never changes; a trigger says so. One without a token was never
    mailed: that person may not decide this one.
    """

    class Ended(models.TextChoices):
        USED = "used"
        REVOKED = "revoked"
        MOVED = "moved"
        EXPIRED = "expired"
        NOT_THEIRS = "not_theirs"

    id = PublicIdField(primary_key=True, default=ids.new_link)
    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="links", db_index=False
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    round = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    # the team as which they decide
    seat = models.CharField(max_length=150)
    brief_version = models.PositiveIntegerField()
    brief_digest = models.CharField(max_length=72)
    token_digest = models.CharField(max_length=64, null=True)
    needs = models.CharField(max_length=10, choices=[(n.value, n.value) for n in Needs])
    mailed_to = models.EmailField()
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(
        max_length=10, blank=True, default="", choices=[(e.value, e.value) for e in Ended]
    )

    class Meta:
        constraints = [
            # also read by link_mails: who was mailed about this one already
            models.UniqueConstraint(
                fields=["handoff", "approver", "round", "level", "brief_version"],
                name="link_once_per_question",
            ),
            models.UniqueConstraint(fields=["token_digest"], name="link_token_once"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_because="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_because="")),
                name="link_ended_has_cause",
            ),
            models.CheckConstraint(
                condition=models.Q(token_digest__isnull=False)
                | models.Q(ended_because="not_theirs"),
                name="link_without_token_never_opened",
            ),
        ]
        indexes = [
            # read by link_mails: how many does this person have open, and which are over
            models.Index(
                fields=["approver", "expires_at"],
                condition=models.Q(ended_at__isnull=True),
                name="link_open",
            ),
        ]

    def __str__(self) -> str:
        return self.id
