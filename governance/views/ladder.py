"""Try a ladder on last month: for whoever leads the workflow."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from governance.pages import ladder as pages
from governance.pages.here import here
from handoffs import grants
from handoffs.models import Workflow


@require_GET
def ladder(request: UserRequest, slug: str) -> HttpResponse:
    workflow = get_object_or_404(Workflow, slug=slug)
    if not grants.leads(request.user, workflow).allowed:
        raise PermissionDenied
    page = pages.page(workflow, request.GET.dict(), now=timezone.now())
    context = {"page": page, "here": here()}
    status = 422 if page.error else 200
    return render(request, "governance/ladder.html", context, status=status)
