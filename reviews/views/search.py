"""Searching, and keeping a search."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from reviews import filters
from reviews import search as searching
from reviews.forms import search as forms
from reviews.pages import desk as desk_pages
from reviews.pages import search as pages
from reviews.search import Wanted
from reviews.views.refusals import explained


@require_GET
@explained
def search(request: UserRequest) -> HttpResponse:
    wanted = forms.wanted(request.GET)
    return _show(request, wanted, after=forms.after(request.GET))


def _show(
    request: UserRequest, wanted: Wanted, *, after: str = "", refusal: DomainError | None = None
) -> HttpResponse:
    page = pages.page(
        wanted,
        searching.find(request.user, wanted, after=after),
        searching.choices(request.user),
        filters.of(request.user),
        now=timezone.now(),
        error=refusal.message if refusal else "",
    )
    context = {"page": page, "here": desk_pages.here()}
    return render(request, "reviews/search.html", context, status=422 if refusal else 200)


@require_POST
@explained
def save(request: UserRequest) -> HttpResponse:
    wanted, name = forms.wanted(request.POST), request.POST.get("name", "")
    try:
        kept = filters.save(name, wanted, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _show(request, wanted, refusal=refusal)
    messages.success(request, f"Saved as {kept.name}.")
    return redirect(f"{reverse('reviews:search')}?{kept.query}")


@require_POST
@explained
def forget(request: UserRequest, filter_id: int) -> HttpResponse:
    if filters.forget(filter_id, by=request.user, now=timezone.now()):
        messages.info(request, "Removed from your saved searches.")
    return redirect("reviews:search")
