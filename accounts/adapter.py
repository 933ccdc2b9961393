"""How people get in."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from accounts.mails import NOT_SENT
from accounts.models import User
from accounts.roles import Can

logger = logging.getLogger(__name__)


class InvitedPeopleOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs themselves up: managers invite."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead whoever decides nothing but manages to where that is done."""
        user = request.user
        manages = isinstance(user, User) and user.is_staff and not user.can(Can.DECIDE)
        return reverse("admin:index") if manages else str(super().get_login_redirect_url(request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it, or say that it could not be sent; the same whether someone has this address."""
        try:
            super().send_mail(template_prefix, email, context)
        except NOT_SENT as error:
            logger.warning(
                "A mail to someone who wants to get in could not be sent.",
                extra={"action": "mail.not_sent", "error": type(error).__name__},
            )
            messages.error(
                context["request"],
                "No mail can be sent just now, and nothing was changed. "
                "Try again later, or ask a manager for a link to choose a password.",
            )
