"""No more of a notice: from the mail program's own button, or from a page."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from handoffs import notices
from handoffs.errors import NotFound


@login_not_required
@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop on a mail program's one click or a person's tick; a form posted untouched does nothing.

    Without a form token: what was signed into the address says whose mails and which.
    """
    now = timezone.now()
    try:
        address, event = notices.read(token)
    except NotFound:
        raise Http404 from None
    if request.POST.get("List-Unsubscribe") == "One-Click" or request.POST.get("want") == "none":
        notices.stop(token, now=now)
    elif request.POST.get("want") == "again":
        notices.start(token, now=now)
    page = {
        "tells": notices.NOTICES[event],
        "to": address,
        "stopped": notices.is_stopped(address, event),
        "settings_url": reverse("reviews:notices") if event.startswith("notice.") else "",
    }
    response = render(request, "reviews/mail_stop.html", {"page": page})
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
