"""The door of the API: a bearer key, or 401."""

from typing import Any, Protocol

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from accounts import keys, queries
from accounts.errors import NotSignedIn
from accounts.queries import KeyHolder

SCHEME = "bearer"


class Received(Protocol):
    """As much of a request as is read here."""

    META: dict[str, Any]


def bearer(request: Received) -> str | None:
    """Return what the Authorization header carries as bearer token, unchecked."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == SCHEME and token.strip() else None


class AgentKey(HttpBearer):
    """Let in whoever holds a live key; `request.auth` is then the KeyHolder."""

    def __call__(self, request: HttpRequest) -> KeyHolder:
        return self.authenticate(request, bearer(request) or "")

    def authenticate(self, request: HttpRequest, token: str) -> KeyHolder:
        holder = queries.client_for_key(token)
        if holder is None:
            raise NotSignedIn
        today = timezone.now().date()
        if holder.key.last_used_on != today:
            keys.note_use(holder.key, on=today)
        return holder
