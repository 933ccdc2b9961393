"""Addresses by which somebody who was asked by mail can answer."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from handoffs import ids
from handoffs.models import Handoff
from handoffs.models.fields import PublicIdField
from reviews.link_rules import Needs


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
