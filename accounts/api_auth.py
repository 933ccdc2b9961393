"""The door of the API: a bearer key, or 401."""

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from accounts import keys, queries
from accounts.errors import NotSignedIn
from accounts.queries import KeyHolder

SCHEME = "bearer"


def bearer(request: HttpRequest) -> str | None:
    """Return what the Authorization header carries as bearer token, unchecked."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
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
