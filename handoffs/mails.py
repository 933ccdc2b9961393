"""The door to the outbox for what is mailed to people."""

from typing import Any

from django.conf import settings

from handoffs import mail_secrets, outbox
from handoffs.mail_secrets import MailSecret


def secret() -> MailSecret:
    """Make a secret for one mail: write its mark, look for its digest, keep neither's secret."""
    return mail_secrets.new(settings.SECRET_KEY)


def send(
    to: str, event: str, payload: dict[str, Any], *, secret: MailSecret | None = None
) -> str | None:
    """Add an e-mail in this transaction: ``subject``, ``text`` and perhaps ``html``.

    Return the message's id; None for a notice that its receiver wants no more.
    """
    message = outbox.mail(to, event, payload, secret=secret)
    return message.id if message else None
