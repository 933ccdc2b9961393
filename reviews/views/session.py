"""A session: begin it, go on, pause, end, and see what it came to."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import UserRequest
from reviews import permissions, sessions, shell
from reviews.errors import SessionShape
from reviews.forms import session as forms
from reviews.pages import desk as desk_pages
from reviews.pages import session as pages
from reviews.views.onward import next_of_session
from reviews.views.refusals import explained


@require_http_methods(["GET", "POST"])
@never_cache
@explained
def start(request: UserRequest, slug: str) -> HttpResponse:
    queue, now = permissions.get_queue(request.user, slug), timezone.now()
    if request.method == "GET":
        page = pages.start_page(queue.name, queue.slug)
    else:
        try:
            sessions.start(slug, by=request.user, now=now, **forms.wanted(request.POST))
        except SessionShape as refusal:
            typed = {name: request.POST.get(name, "") for name in ("number", "unit")}
            page = pages.start_page(queue.name, queue.slug, error=refusal.message, **typed)
        else:
            return next_of_session(request, now=now)
    context = {"page": page, "here": desk_pages.here(queue.name)}
    return render(request, "reviews/session_start.html", context, status=422 if page.error else 200)


@require_POST
@explained
def start_gathered(request: UserRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    sessions.start_gathered(slug, forms.alike(request.POST), by=request.user, now=now)
    return next_of_session(request, now=now)


@require_GET
@never_cache
@explained
def session(request: UserRequest) -> HttpResponse:
    found = shell.session(request.user)
    if found is None:
        return redirect("reviews:desk")
    context = {"page": pages.page(found), "here": desk_pages.here(found.queue)}
    return render(request, "reviews/session.html", context)


@require_POST
@explained
def step(request: UserRequest) -> HttpResponse:
    return next_of_session(request, now=timezone.now())


@require_POST
@explained
def pause(request: UserRequest) -> HttpResponse:
    sessions.pause(by=request.user, now=timezone.now())
    return redirect("reviews:session")


@require_POST
@explained
def end(request: UserRequest) -> HttpResponse:
    sessions.end(by=request.user, now=timezone.now())
    return redirect("reviews:session")
