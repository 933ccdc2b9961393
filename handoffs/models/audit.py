"""Who did what, when, why, with what outcome: rows that are only ever added."""

from django.db import models
from django.db.models.functions import Now

from handoffs.states import ActorKind


class AuditEntry(models.Model):
    """One fact, as the exact bytes that the chain is over.

    `body` is canonical JSON. The order of the chain is (xact_id, id): ids alone are not
    commit-safe, a lower one can appear after a higher one was read.
    """

    at = models.DateTimeField(db_default=Now())
    actor_kind = models.CharField(max_length=10, choices=[(a.value, a.value) for a in ActorKind])
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=60)
    body = models.BinaryField()
    # set by a trigger
    xact_id = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["xact_id", "id"], name="audit_in_chain_order"),
            # read by the admin's and the desk's history of one thing
            models.Index(fields=["subject", "id"], name="audit_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class AuditSeal(models.Model):
    """A link of the chain: hash = SHA-256(previous hash, number, the entry's stored fields)."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, on_delete=models.PROTECT, related_name="seal")
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.seq)
