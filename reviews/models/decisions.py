"""What people judged and decided."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Handoff
from reviews.models.claims import Claim


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
