"""The requester's page: an honest line, for whoever has the unguessable address."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from handoffs.models import Run
from reviews.pages import status as pages


@login_not_required
@require_GET
@never_cache
@vary_on_headers("Accept")
def status(request: HttpRequest, token: str) -> HttpResponse:
    run = Run.objects.filter(status_token=token).select_related("workflow").first()
    if run is None:
        raise Http404
    page = pages.page(run, now=timezone.now())
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        response: HttpResponse = JsonResponse(page.as_json())
    else:
        response = render(request, "reviews/status.html", {"page": page})
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
