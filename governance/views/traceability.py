"""Which rule, which capability, which proof."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from governance.pages import traceability as pages
from governance.pages.here import here


@require_GET
def traceability(request: UserRequest) -> HttpResponse:
    context = {"page": pages.page(), "here": here()}
    return render(request, "governance/traceability.html", context)
