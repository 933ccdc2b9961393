"""How one is told: on a page of one's own."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import UserRequest
from handoffs import grants
from reviews import notice_wishes, permissions
from reviews.forms import notices as forms
from reviews.models import Notice
from reviews.pages import desk as desk_pages
from reviews.pages import notices as pages
from reviews.views.refusals import explained

_LATEST = 10


@require_http_methods(["GET", "POST"])
@never_cache
@explained
def mine(request: UserRequest) -> HttpResponse:
    """Show how this person is told, and keep what they change."""
    now = timezone.now()
    if request.method == "POST":
        notice_wishes.say(by=request.user, now=now, **forms.wishes(request.POST))
        messages.success(request, "Kept. It holds for what happens from now on.")
        return redirect("reviews:notices")
    latest = Notice.objects.filter(recipient=request.user).select_related("handoff__queue")
    page = pages.page(
        request.user.email,
        notice_wishes.of(request.user),
        permissions.queues_for(request.user),
        latest.order_by("-id")[:_LATEST],
        leads=grants.led_queues(request.user).order_by("name", "id"),
        now=now,
    )
    here = desk_pages.here("What you are told")
    return render(request, "reviews/notices.html", {"page": page, "here": here})
