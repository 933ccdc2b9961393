"""What waits, and taking it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import etag, require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.http import UserRequest
from reviews import assigning, caps, claims, filters
from reviews import desk as reading
from reviews.pages import desk as pages
from reviews.pages import rest
from reviews.pages import search as search_pages
from reviews.views.refusals import explained


@require_GET
@vary_on_headers("HX-Request")
@explained
def desk(request: UserRequest) -> HttpResponse:
    """Show the desk; what a page asks for again is sent only when it has changed."""
    assigning.at_desk(request.user, now=timezone.now())
    if not request.htmx:
        return _desk(request)
    found: HttpResponse = _when_changed(request)
    found["Cache-Control"] = "private, no-cache"
    return found


def _stamp(request: UserRequest) -> str:
    return f'"{reading.stamp(request.user)}"'


def _desk(request: UserRequest) -> HttpResponse:
    now = timezone.now()
    overview = reading.overview(request.user, now)
    page = pages.page(overview, now=now)
    context = {"page": page, "here": pages.here()}
    if request.htmx:
        return render(request, "reviews/desk.html#desk-now", context)
    saved = search_pages.links(filters.of(request.user))
    hint = rest.hint(caps.used(request.user), overview.queues) if overview.queues else ""
    return render(request, "reviews/desk.html", context | {"saved": saved, "hint": hint})


_when_changed = etag(_stamp)(_desk)


@require_GET
@explained
def queue(request: UserRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    found = reading.rows(
        request.user,
        slug,
        after=request.GET.get("after"),
        with_gathering="gathering" in request.GET,
    )
    page = pages.queue_page(found, now=now)
    return render(request, "reviews/queue.html", {"page": page, "here": pages.here()})


@require_POST
@explained
def take(request: UserRequest, slug: str | None = None) -> HttpResponse:
    claim = claims.take_next(by=request.user, now=timezone.now(), queue_slug=slug)
    if claim is None:
        messages.info(request, "Nothing waits that you may take just now.")
        return redirect("reviews:desk")
    return redirect("reviews:handoff", claim.handoff_id)


@require_POST
@explained
def pick(request: UserRequest, handoff_id: str) -> HttpResponse:
    claims.pick(handoff_id, by=request.user, now=timezone.now())
    return redirect(reverse("reviews:handoff", args=[handoff_id]))
