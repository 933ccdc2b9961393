"""What was sent, letter for letter."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from reviews import desk as reading
from reviews.pages import desk as desk_pages
from reviews.pages import source as pages
from reviews.views.refusals import explained


@require_GET
@never_cache
@explained
def source(request: UserRequest, handoff_id: str) -> HttpResponse:
    page = pages.page(reading.handoff(request.user, handoff_id, timezone.now()))
    return render(
        request, "reviews/source.html", {"page": page, "here": desk_pages.here(page.queue)}
    )
