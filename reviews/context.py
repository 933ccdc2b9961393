"""What every template may show beside what its view gives it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from reviews import shell
from reviews.pages import shell as pages


def around(request: HttpRequest) -> dict[str, Any]:
    """Give the line after a decision; looked up only where a whole page is drawn."""
    return {"undo_lines": SimpleLazyObject(lambda: _undo_lines(request))}


def _undo_lines(request: HttpRequest) -> tuple[pages.UndoLine, ...]:
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return ()
    return pages.undo_lines(shell.undoable(user), timezone.now())
