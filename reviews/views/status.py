"""The requester's page: an honest line, for whoever has the unguessable address."""

import json
from dataclasses import replace
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import parse_etags
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.errors import DomainError
from handoffs import languages, requesters, standstill
from handoffs.models import Run
from reviews import expectations
from reviews.pages import status as pages

# as JSON: twice the longest text, every character escaped
_LONGEST = 12 * requesters.LONGEST


@login_not_required
@require_safe
@never_cache
@vary_on_headers("Accept", "Accept-Language")
def status(request: HttpRequest, token: str) -> HttpResponse:
    """Say how it stands, or that nothing changed since the reader's ETag."""
    run = _run(token)
    page = _page(request, run)
    if page.etag in parse_etags(request.headers.get("If-None-Match", "")):
        return _private(HttpResponseNotModified(), page)
    return _shown(request, run, page)


@login_not_required
@csrf_exempt
@require_POST
@never_cache
def say(request: HttpRequest, token: str) -> HttpResponse:
    """Keep what the requester says. Without a form token: the address is the only authority."""
    run, (kind, text) = _run(token), _words(request)
    try:
        with languages.speaking(_language(request, run)):
            requesters.say(run.id, kind=kind, text=text, now=timezone.now())
    except DomainError as refusal:
        return _refused(request, run, refusal, text=text)
    if _wants_json(request):
        page = _page(request, run)
        return _private(JsonResponse(page.as_json(), status=201), page)
    asked = {"language": request.GET["language"]} if "language" in request.GET else {}
    return redirect(f"{reverse('reviews:status', args=[token])}?{urlencode(asked)}#told")


def _words(request: HttpRequest) -> tuple[str, str]:
    """Read what is said, from the form or as JSON; what is neither says nothing."""
    given: object = request.POST
    if request.content_type == "application/json" and len(request.body) <= _LONGEST:
        try:
            given = json.loads(request.body)
        except (ValueError, RecursionError):
            given = {}
    said = {name: given.get(name) for name in ("kind", "text")} if hasattr(given, "get") else {}
    text = said.get("text")
    kind = said.get("kind")
    return (
        kind if kind in requesters.Kind.values else requesters.Kind.INFORMATION.value,
        text if isinstance(text, str) and kind in (None, "information") else "",
    )


def _refused(request: HttpRequest, run: Run, refusal: DomainError, *, text: str) -> HttpResponse:
    page = replace(_page(request, run), typed=text, error=refusal.message)
    if _wants_json(request):
        said = {"code": refusal.code, "message": refusal.message}
        response = _private(JsonResponse({"error": said}, status=refusal.status), page)
    else:
        response = _shown(request, run, page, status=refusal.status)
    if refusal.retry_after:
        response["Retry-After"] = str(refusal.retry_after)
    return response


def _shown(
    request: HttpRequest, run: Run, page: pages.StatusPage, *, status: int = 200
) -> HttpResponse:
    if _wants_json(request):
        return _private(JsonResponse(page.as_json()), page)
    say_url = reverse("reviews:status-say", args=[run.status_token])
    if "language" in request.GET:
        say_url += "?" + urlencode({"language": page.language})
    context = {
        "page": page,
        "say_url": say_url,
        "languages": [{"code": code, "name": name} for code, name in settings.LANGUAGES],
    }
    with languages.speaking(page.language):
        response = render(request, "reviews/status.html", context, status=status)
    return _private(response, page)


def _page(request: HttpRequest, run: Run) -> pages.StatusPage:
    """Say how it stands now; when they are told to expect an answer is kept from then on."""
    now, handoff = timezone.now(), pages.asked(run)
    standing = pages.Standing(
        run=run,
        handoff=handoff,
        told=expectations.tell(handoff, now=now),
        stopped=standstill.over(run.workflow_id) is not None,
    )
    return pages.page(standing, language=_language(request, run), now=now)


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
    if response.status_code in (200, 304):
        response["ETag"] = page.etag
    response["Content-Language"] = page.language
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response
