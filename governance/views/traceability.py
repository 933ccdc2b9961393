"""Which rule, which capability, which proof."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from governance.pages import traceability as pages
from reviews.pages.desk import here


@require_GET
def traceability(request: UserRequest) -> HttpResponse:
    context = {"page": pages.page(), "here": here("Governance")}
    return render(request, "governance/traceability.html", context)
