"""What is stored of notices: what was made for whom, what people want, how far a log was read."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from handoffs.models import Handoff, NoticeChannel, Queue
from reviews.notice_rules import Kind


class LogPlace(models.Model):
    """Up to which entry a log was read.

    `gaps` are numbers below it that were not there yet, [first, last, since]: an entry is numbered
    before it commits, so a lower one can appear after a higher one was read.
    """

    log = models.CharField(max_length=20, primary_key=True)
    upto = models.BigIntegerField()
    gaps = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.log} up to {self.upto}"


class Notice(models.Model):
    """Somebody is told of one entry of a log, once; `level` and `round` are what it was true for.

    It is written when the entry is read and goes out when it is due, if it still holds then.
    """

    class Ended(models.TextChoices):
        SENT = "sent"
        OVER = "over"
        STOPPED = "stopped"
        NOT_THEIRS = "not_theirs"

    log = models.CharField(max_length=20)
    entry = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in Kind])
    handoff = models.ForeignKey(
        Handoff, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    level = models.PositiveSmallIntegerField()
    round = models.PositiveIntegerField()
    # a person, or a channel of the queue
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    channel = models.ForeignKey(
        NoticeChannel, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    # the run is over, not only this question of it
    of_run = models.BooleanField(default=False, db_default=False)
    digest = models.BooleanField()
    # it comes outside somebody's hours
    wakes = models.BooleanField(default=False, db_default=False)
    made_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(
        max_length=10, blank=True, default="", choices=[(e.value, e.value) for e in Ended]
    )
    # the outbox's message that it went out in
    message = models.CharField(max_length=40, blank=True, default="", db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["log", "entry", "recipient"], name="notice_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["channel", "log", "entry"],
                condition=models.Q(channel__isnull=False),
                name="notice_once_per_channel",
            ),
            models.CheckConstraint(
                condition=models.Q(recipient__isnull=True) ^ models.Q(channel__isnull=True),
                name="notice_has_one_receiver",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_because="")
                | (models.Q(ended_at__isnull=False) & ~models.Q(ended_because="")),
                name="notice_ended_has_cause",
            ),
        ]
        indexes: ClassVar = [
            # read by notice_mails: what is due, not what was told
            models.Index(
                fields=["due_at"], condition=models.Q(ended_at__isnull=True), name="notice_due"
            ),
            # read by notices: who was told of this one; and by notice_mails: how many of late
            models.Index(fields=["handoff", "kind"], name="notice_of_handoff"),
            models.Index(fields=["recipient", "-ended_at"], name="notice_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.handoff_id} to {self.recipient_id or self.channel}"


class NoticeWish(models.Model):
    """How somebody wants to be told; what they do not say is as the queue has it.

    `how` is {kind: at_once | digest}. What they want not at all is a handoffs.MailStop, as for
    every other mail that can be stopped.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    how = models.JSONField(default=dict)
    # of the day, in their time zone; null: every hour
    digest_hour = models.PositiveSmallIntegerField(null=True)
    # also outside their hours, where it is critical and nobody else is there
    wakes = models.BooleanField(default=True)
    quiet_queues = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(digest_hour__isnull=True) | models.Q(digest_hour__lt=24),
                name="notice_wish_hour_of_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.how}"


class QueueNotices(models.Model):
    """How the people of a queue are told unless they say otherwise, {kind: how}."""

    queue = models.OneToOneField(
        Queue, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    how = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "queue notices"

    def __str__(self) -> str:
        return f"{self.queue_id}: {self.how}"
