"""Messages to the outside, written with the change they tell of and sent afterwards."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.models import Client
from handoffs import ids
from handoffs.models.fields import PublicIdField
from handoffs.models.matrix import Queue


class WebhookEndpoint(models.Model):
    """Where a client wants to be told, with two secrets while one is rotated out."""

    client = models.ForeignKey(
        Client,
        on_delete=models.CASCADE,
        related_name="endpoints",
        limit_choices_to={"stands_for": None},
    )
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=100)
    old_secret = models.CharField(max_length=100, blank=True, default="")
    events = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, help_text="Empty: every event."
    )
    enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return self.url


class NoticeChannel(models.Model):
    """Where a queue's notices go beside e-mail: a chat, a pager, an address.

    `kinds` are those of reviews.notice_rules. The address holds secrets and is shown to nobody
    again; `shown` is what may be.
    """

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="channels")
    # only what waits for this team; null: whatever waits in the queue
    role = models.ForeignKey(Group, null=True, on_delete=models.PROTECT, related_name="+")
    service = models.CharField(max_length=40)
    address = models.TextField()
    shown = models.CharField(max_length=200)
    kinds = ArrayField(models.CharField(max_length=12), default=list)
    digest = models.BooleanField(default=False)
    # only while the queue is open, but for what is critical
    in_hours = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    disabled_because = models.CharField(max_length=200, blank=True, default="")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.service} {self.shown}"


class OutboxMessage(models.Model):
    """One webhook, e-mail or message to a channel, to deliver at least once.

    Its id is the same on every try.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = PublicIdField(primary_key=True, default=ids.new_message)
    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    channel = models.ForeignKey(
        NoticeChannel,
        null=True,
        on_delete=models.CASCADE,
        related_name="messages",
        db_index=False,
    )
    mail_to = models.EmailField(blank=True, default="")
    event = models.CharField(max_length=40)
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(endpoint__isnull=False, channel__isnull=True, mail_to="")
                | models.Q(endpoint__isnull=True, channel__isnull=False, mail_to="")
                | models.Q(endpoint__isnull=True, channel__isnull=True) & ~models.Q(mail_to=""),
                name="outbox_message_has_one_destination",
            )
        ]
        indexes = [
            # read by deliveries.deliver: what is due, endpoint by endpoint
            models.Index(
                fields=["endpoint", "next_attempt_at"],
                condition=models.Q(state="pending"),
                name="outbox_due",
            ),
            # the same, channel by channel; and by the page of a queue's channels
            models.Index(
                fields=["channel", "next_attempt_at"],
                condition=models.Q(channel__isnull=False),
                name="outbox_of_channel",
            ),
            # read by outbox.forget: what was delivered long ago
            models.Index(
                fields=["delivered_at"],
                condition=models.Q(state="delivered"),
                name="outbox_delivered",
            ),
            # read by oversight.watch.gauges: what was given up lately, of what is kept for good
            models.Index(
                fields=["created_at"],
                condition=models.Q(state="dead"),
                name="outbox_dead",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"


class MailStop(models.Model):
    """An address that wants no more mails of one kind; see handoffs.notices."""

    address = models.EmailField()
    event = models.CharField(max_length=40)
    stopped_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "event"], name="mail_stop_once")]

    def __str__(self) -> str:
        return self.event
