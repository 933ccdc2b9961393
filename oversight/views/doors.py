"""Who may read what is measured of oversight: whoever answers for a workflow, and auditors."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse

from accounts.http import UserRequest
from accounts.models import User
from accounts.roles import Can
from handoffs import grants
from handoffs.models import Workflow

View = Callable[..., HttpResponse]


def owner_or_auditor(view: View) -> View:
    @wraps(view)
    def _view(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (request.user.can(Can.EDIT_WORKFLOW) or request.user.can(Can.READ_AUDIT)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return _view


def workflows(user: User) -> QuerySet[Workflow]:
    """Return the workflows whose figures this person reads, an auditor's are all."""
    if user.can(Can.READ_AUDIT):
        return Workflow.objects.order_by("name", "id")
    return grants.led_workflows(user).order_by("name", "id")
