"""Who may change access, and a note of each change."""

import json
from typing import Any

from accounts.errors import NotAllowed
from accounts.models import AccessChange, User
from accounts.roles import Can


def check(by: User | None, capability: Can) -> None:
    """Refuse people whose roles do not give `capability`; None is a command at the console."""
    if by is not None and not by.can(capability):
        raise NotAllowed


def note(by: User | None, action: str, subject: str, **body: Any) -> None:
    """Record a change of access in the caller's transaction."""
    AccessChange.objects.create(
        by=by,
        action=action,
        subject=subject,
        body=json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")),
    )
