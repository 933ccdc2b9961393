"""The requests that views get, with their real types."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from accounts.queries import KeyHolder


class UserRequest(HttpRequest):
    """A signed-in person's request: every view gets one, but those on the list of open pages."""

    user: User
    htmx: HtmxDetails


class AgentRequest(HttpRequest):
    """A request that came with a valid key."""

    auth: KeyHolder
