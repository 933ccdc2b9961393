"""Is oversight working: of all workflows for auditors and managers, of their own for owners."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import conditional_page, require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.http import UserRequest
from accounts.roles import Can
from oversight.counted import subjects, summary
from oversight.counted.subjects import Subject
from oversight.counted.summary import Summary
from oversight.pages import every_figure, oversight_told
from oversight.pages import oversight as pages
from oversight.pages.here import of_power
from oversight.views import doors
from oversight.views.doors import owner_or_auditor


@require_GET
@owner_or_auditor
@vary_on_headers("HX-Request")
def everything(request: UserRequest) -> HttpResponse:
    if not request.user.can(Can.READ_AUDIT):
        first = doors.workflows(request.user).first()
        if first is None:
            raise PermissionDenied
        return HttpResponseRedirect(reverse("oversight:workflow", args=[first.slug]))
    return _page(request, subjects.EVERYTHING)


@require_GET
@owner_or_auditor
def everything_csv(request: UserRequest) -> HttpResponse:
    return _csv(request, _read(request, _everything(request)))


@require_GET
@owner_or_auditor
def everything_json(request: UserRequest) -> HttpResponse:
    return JsonResponse(oversight_told.as_json(_read(request, _everything(request))))


@require_GET
@owner_or_auditor
@vary_on_headers("HX-Request")
def of_workflow(request: UserRequest, slug: str) -> HttpResponse:
    return _page(request, _workflow(request, slug))


@require_GET
@owner_or_auditor
def of_workflow_csv(request: UserRequest, slug: str) -> HttpResponse:
    return _csv(request, _read(request, _workflow(request, slug)))


@require_GET
@owner_or_auditor
def of_workflow_json(request: UserRequest, slug: str) -> HttpResponse:
    return JsonResponse(oversight_told.as_json(_read(request, _workflow(request, slug))))


@require_GET
@owner_or_auditor
@vary_on_headers("HX-Request")
def of_part(request: UserRequest, slug: str, scope: str, part: str) -> HttpResponse:
    return _page(request, _part(request, slug, scope, part))


@require_GET
@owner_or_auditor
def of_part_csv(request: UserRequest, slug: str, scope: str, part: str) -> HttpResponse:
    return _csv(request, _read(request, _part(request, slug, scope, part)))


@require_GET
@owner_or_auditor
def of_part_json(request: UserRequest, slug: str, scope: str, part: str) -> HttpResponse:
    return JsonResponse(oversight_told.as_json(_read(request, _part(request, slug, scope, part))))


def _everything(request: UserRequest) -> Subject:
    if not request.user.can(Can.READ_AUDIT):
        raise PermissionDenied
    return subjects.EVERYTHING


def _workflow(request: UserRequest, slug: str) -> Subject:
    return subjects.of_workflow(get_object_or_404(doors.workflows(request.user), slug=slug))


def _part(request: UserRequest, slug: str, scope: str, part: str) -> Subject:
    workflow = get_object_or_404(doors.workflows(request.user), slug=slug)
    found = subjects.of_part(workflow, scope, part)
    if found is None:
        raise Http404
    return found


def _read(request: UserRequest, subject: Subject) -> Summary:
    return summary.of(subject, _weeks(request), now=timezone.now())


def _weeks(request: UserRequest) -> int:
    asked = request.GET.get("weeks", "")
    return next((one for one in summary.PERIODS if str(one) == asked), summary.PERIODS[1])


def _page(request: UserRequest, subject: Subject) -> HttpResponse:
    """Show all of it; a page that is open asks for the last days again, see the template."""
    if request.htmx:
        answer: HttpResponse = _last_days(request, subject)
        answer["Cache-Control"] = "private, no-cache"
        return answer
    page = pages.page(
        _read(request, subject),
        list(doors.workflows(request.user)),
        _weeks(request),
        may_all=request.user.can(Can.READ_AUDIT),
    )
    context = {"page": page, "last": page.last, "here": of_power()}
    return render(request, "oversight/oversight.html", context)


@conditional_page
def _last_days(request: UserRequest, subject: Subject) -> HttpResponse:
    found = summary.last_days(subject, _weeks(request), now=timezone.now())
    last = pages.last_days(subject, found, _weeks(request))
    return render(request, "oversight/oversight.html#last-days", {"last": last})


def _csv(request: UserRequest, found: Summary) -> HttpResponse:
    """Write a line for each week, or one for each figure, whichever is asked for."""
    every = request.GET.get("rows") == "figures"
    written = every_figure.as_csv(found) if every else oversight_told.as_csv(found)
    response = HttpResponse(written, content_type="text/csv; charset=utf-8")
    name = oversight_told.file_name(found.subject)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
