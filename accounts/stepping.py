"""Whether someone has shown of late who they are, and where they can show it again."""

import time
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest


def recently(request: HttpRequest) -> bool:
    """Tell whether this session's person signed in, or did it again, within five minutes."""
    shown = get_authentication_records(request, request.user)
    at = max((float(one.get("at", 0)) for one in shown), default=0.0)
    return time.time() - at < float(app_settings.REAUTHENTICATION_TIMEOUT)


def way(request: HttpRequest, *, back: str) -> str | None:
    """Return where they show it again and then come `back`; None where they have no means to."""
    methods = get_adapter().get_reauthentication_methods(request.user)
    return f"{methods[0]['url']}?{urlencode({'next': back})}" if methods else None
