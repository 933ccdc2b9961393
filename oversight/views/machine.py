"""Whether the machine is at work: a page for people, and a text for Prometheus."""

import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from oversight.pages import machine as pages
from oversight.pages.here import of_power
from oversight.views.doors import owner_or_auditor
from oversight.watch import exposition, machine


@require_GET
@never_cache
@owner_or_auditor
def page(request: UserRequest) -> HttpResponse:
    context = {"page": pages.page(now=timezone.now()), "here": of_power()}
    return render(request, "oversight/machine.html", context)


@require_GET
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer whoever has the token; where none is set there is nothing here."""
    token = settings.METRICS_TOKEN
    if not token:
        raise Http404
    given = request.headers.get("Authorization", "").encode("latin-1", "replace")
    if not hmac.compare_digest(given, f"Bearer {token}".encode()):
        response = HttpResponse("A token is needed.\n", content_type="text/plain", status=401)
        response["WWW-Authenticate"] = "Bearer"
        return response
    text = machine.told(now=timezone.now())
    return HttpResponse(text, content_type=exposition.CONTENT_TYPE)
