"""Tell a requester that their task changed hands: by mail where they left an address."""

from django.conf import settings

from handoffs import outbox
from handoffs.models import Run


def write(run: Run, *, event: str, line: str, message: str = "") -> None:
    """Mail the requester one line, perhaps a person's own words, and where to look again.

    It goes with this transaction.
    """
    requester = run.requester if isinstance(run.requester, dict) else {}
    if not (email := str(requester.get("email") or "")):
        return
    parts = [
        line,
        *([message] if message else []),
        f"How it stands, whenever you look:\n{settings.PUBLIC_URL}/status/{run.status_token}",
    ]
    outbox.mail(email, event, {"subject": line, "text": "\n\n".join(parts) + "\n"})
