"""How people get in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedPeopleOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs themselves up: managers invite."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
