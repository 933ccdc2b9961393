"""Who may read what is measured of oversight: whoever answers for a workflow, and auditors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from accounts.http import UserRequest
from accounts.roles import Can

View = Callable[..., HttpResponse]


def owner_or_auditor(view: View) -> View:
    @wraps(view)
    def _view(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.can(Can.EDIT_WORKFLOW) or request.user.can(Can.READ_AUDIT)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return _view
