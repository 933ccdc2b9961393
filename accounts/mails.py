"""Mail people their way in. Call it after the commit: a mail server may take its time."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from accounts.models import User

logger = logging.getLogger(__name__)
# how a mail server that is not there, or does not want it, shows itself
NOT_SENT = (OSError, SMTPException)
SUBJECT = "Choose your password for Overread"


def invite(user: User, *, link: str) -> bool:
    """Mail this person the link to choose a password; False when no mail server took it."""
    context = {"name": user.name, "link": link, "url": settings.PUBLIC_URL}
    text = render_to_string("emails/invitation.txt", context)
    try:
        send_mail(SUBJECT, text, None, [user.email])
    except NOT_SENT as error:
        logger.warning(
            "An invitation could not be mailed.",
            extra={"action": "mail.not_sent", "user": user.pk, "error": type(error).__name__},
        )
        return False
    return True
