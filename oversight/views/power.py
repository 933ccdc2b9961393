"""How soon it would be noticed that wrong actions are waved through: for owners and auditors."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.http import UserRequest
from oversight.pages import power as pages
from oversight.pages import power_told
from oversight.pages.here import of_power
from oversight.queues.forms import Wanted
from oversight.views.doors import owner_or_auditor


@require_GET
@owner_or_auditor
@vary_on_headers("HX-Request")
def page(request: UserRequest) -> HttpResponse:
    form = Wanted(request.GET.dict())
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    context: dict[str, Any] = {"page": pages.page(form, query=query), "here": of_power()}
    template = "oversight/power.html#power-figures" if request.htmx else "oversight/power.html"
    return render(request, template, context)


@require_GET
@owner_or_auditor
def as_json(request: UserRequest) -> HttpResponse:
    return JsonResponse(power_told.as_json(Wanted(request.GET.dict()).team))


@require_GET
@owner_or_auditor
def as_csv(request: UserRequest) -> HttpResponse:
    found = power_told.as_csv(Wanted(request.GET.dict()).team)
    response = HttpResponse(found, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="oversight-power.csv"'
    return response
