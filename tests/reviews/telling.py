"""Read the log and send what is due, as the jobs do."""

from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from handoffs import deliveries
from handoffs.models import OutboxMessage
from reviews import notice_mails, notices
from reviews.models import Notice, QueueNotices


def look() -> int:
    return notices.look(now=timezone.now())


def send() -> int:
    """Write the mails that are due and deliver them."""
    written = notice_mails.send_due(now=timezone.now())
    deliveries.deliver()
    return written


def told(who: User) -> list[str]:
    """Return what was made for somebody, in order."""
    return list(Notice.objects.filter(recipient=who).order_by("id").values_list("kind", flat=True))


def subjects(who: User) -> list[str]:
    mails = OutboxMessage.objects.filter(mail_to=who.email, event__startswith="notice.")
    return [str(mail.payload["subject"]) for mail in mails.order_by("created_at", "id")]


def let_time_pass() -> None:
    """Make everything that waits for its time due now."""
    with connection.cursor() as cursor:
        cursor.execute("update reviews_notice set due_at = now() - interval '1 second'")


def tell_queue(queue: Any, **how: str) -> None:
    QueueNotices.objects.update_or_create(queue=queue, defaults={"how": how})
