"""Is oversight working: of all workflows for auditors and managers, of their own for owners."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from accounts.roles import Can
from handoffs.models import Workflow
from oversight import summary
from oversight.pages import oversight as pages
from oversight.pages import oversight_told
from oversight.pages.here import of_power
from oversight.summary import Summary
from oversight.views import doors
from oversight.views.doors import owner_or_auditor


@require_GET
@owner_or_auditor
def everything(request: UserRequest) -> HttpResponse:
    if not request.user.can(Can.READ_AUDIT):
        first = doors.workflows(request.user).first()
        if first is None:
            raise PermissionDenied
        return HttpResponseRedirect(reverse("oversight:workflow", args=[first.slug]))
    return _page(request, _read(request, None))


@require_GET
@owner_or_auditor
def everything_csv(request: UserRequest) -> HttpResponse:
    return _csv(_read(request, None))


@require_GET
@owner_or_auditor
def everything_json(request: UserRequest) -> HttpResponse:
    return JsonResponse(oversight_told.as_json(_read(request, None)))


@require_GET
@owner_or_auditor
def of_workflow(request: UserRequest, slug: str) -> HttpResponse:
    return _page(request, _read(request, slug))


@require_GET
@owner_or_auditor
def of_workflow_csv(request: UserRequest, slug: str) -> HttpResponse:
    return _csv(_read(request, slug))


@require_GET
@owner_or_auditor
def of_workflow_json(request: UserRequest, slug: str) -> HttpResponse:
    return JsonResponse(oversight_told.as_json(_read(request, slug)))


def _read(request: UserRequest, slug: str | None) -> Summary:
    workflow: Workflow | None = None
    if slug is None:
        if not request.user.can(Can.READ_AUDIT):
            raise PermissionDenied
    else:
        workflow = get_object_or_404(doors.workflows(request.user), slug=slug)
    return summary.of(workflow, _weeks(request), now=timezone.now())


def _weeks(request: UserRequest) -> int:
    asked = request.GET.get("weeks", "")
    return next((one for one in summary.PERIODS if str(one) == asked), summary.PERIODS[1])


def _page(request: UserRequest, found: Summary) -> HttpResponse:
    page = pages.page(
        found,
        list(doors.workflows(request.user)),
        _weeks(request),
        may_all=request.user.can(Can.READ_AUDIT),
    )
    return render(request, "oversight/oversight.html", {"page": page, "here": of_power()})


def _csv(found: Summary) -> HttpResponse:
    name = found.workflow.slug if found.workflow else "all"
    response = HttpResponse(oversight_told.as_csv(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="oversight-{name}.csv"'
    return response
