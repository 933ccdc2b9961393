"""Messages to the outside, written with the change they tell of and sent afterwards."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.models import Client
from handoffs import ids
from handoffs.models.fields import PublicIdField


class WebhookEndpoint(models.Model):
    """Where a client wants to be told, with two secrets while one is rotated out."""

    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="endpoints")
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


class OutboxMessage(models.Model):
    """One webhook or e-mail to deliver at least once; its id is the same on every try."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = PublicIdField(primary_key=True, default=ids.new_message)
    endpoint = models.ForeignKey(
        WebhookEndpoint, null=True, on_delete=models.CASCADE, related_name="messages"
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
                condition=models.Q(endpoint__isnull=False) ^ ~models.Q(mail_to=""),
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
            # read by outbox.forget: what was delivered long ago
            models.Index(
                fields=["delivered_at"],
                condition=models.Q(state="delivered"),
                name="outbox_delivered",
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
