"""What binds each workflow, for everyone signed in."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from governance.pages import standing
from governance.pages.here import here
from handoffs import grants, in_force
from handoffs.models import Workflow


@require_GET
def index(request: UserRequest) -> HttpResponse:
    now = timezone.now()
    workflows = list(Workflow.objects.select_related("owner").order_by("name", "id"))
    lines = standing.index(workflows, in_force.maps(workflows, now), today=now.date())
    context = {"lines": lines, "tiers": standing.tiers(), "here": here()}
    return render(request, "governance/index.html", context)


@require_GET
def workflow(request: UserRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Workflow.objects.select_related("owner"), slug=slug)
    page = standing.page(in_force.of(found, timezone.now()))
    leads = grants.leads(request.user, found).allowed
    briefs_url = reverse("governance:briefs", args=[slug]) if leads else ""
    requesters_url = reverse("governance:requesters", args=[slug]) if leads else ""
    ladder_url = reverse("governance:ladder", args=[slug]) if leads else ""
    context = {
        "page": page,
        "briefs_url": briefs_url,
        "ladder_url": ladder_url,
        "requesters_url": requesters_url,
        "here": here(),
    }
    return render(request, "governance/workflow.html", context)
