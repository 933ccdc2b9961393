"""The requester's page: an honest line, for whoever has the unguessable address."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.http import parse_etags
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from handoffs import languages
from handoffs.models import Run
from reviews.pages import status as pages


@login_not_required
@require_safe
@never_cache
@vary_on_headers("Accept", "Accept-Language")
def status(request: HttpRequest, token: str) -> HttpResponse:
    """Say how it stands, or that nothing changed since the reader's ETag."""
    run = _run(token)
    page = pages.page(run, language=_language(request, run), now=timezone.now())
    if page.etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    elif _wants_json(request):
        response = JsonResponse(page.as_json())
    else:
        with languages.speaking(page.language):
            response = render(request, "reviews/status.html", {"page": page})
    return _private(response, page)


def _run(token: str) -> Run:
    run = Run.objects.filter(status_token=token).select_related("workflow").first()
    if run is None:
        raise Http404
    return run


def _language(request: HttpRequest, run: Run) -> str:
    """Choose as they ask, as the agent said, as their browser says; in this order."""
    asked, said = request.GET.get("language", ""), languages.of_requester(run.requester)
    return languages.of(asked, said, translation.get_language_from_request(request))


def _wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _private(response: HttpResponse, page: pages.StatusPage) -> HttpResponse:
    response["ETag"] = page.etag
    response["Content-Language"] = page.language
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
