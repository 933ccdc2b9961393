"""How good it was what requesters were told: for whoever leads the workflow."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from governance.pages import requesters as pages
from governance.pages.here import here
from handoffs import grants
from handoffs.models import Workflow


@require_GET
def requesters(request: UserRequest, slug: str) -> HttpResponse:
    workflow = get_object_or_404(Workflow, slug=slug)
    if not grants.leads(request.user, workflow).allowed:
        raise PermissionDenied
    page = pages.page(workflow)
    return render(request, "governance/requesters.html", {"page": page, "here": here()})
