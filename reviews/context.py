"""What every template may show beside what its view gives it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from reviews import shell
from reviews.pages import shell as pages
from reviews.shell import Around


def around(request: HttpRequest) -> dict[str, Any]:
    """Give what stands around a page; looked up only where a whole page is drawn."""
    return {"around": SimpleLazyObject(lambda: _around(request))}


def _around(request: HttpRequest) -> pages.AroundPage:
    user = getattr(request, "user", None)
    found = shell.around(user) if isinstance(user, User) else Around(undoable=[], session=None)
    return pages.around(found, timezone.now())
