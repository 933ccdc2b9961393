"""One's own hours: when one is there, when away and who stands in then."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.http import UserRequest
from accounts.models import User
from reviews import availability, caps
from reviews.errors import AbsenceShape, HoursShape
from reviews.forms import hours as forms
from reviews.pages import desk as desk_pages
from reviews.pages import hours as pages
from reviews.views.refusals import explained


@require_GET
@never_cache
@explained
def hours(request: UserRequest) -> HttpResponse:
    return _show(request, now=timezone.now())


@require_POST
@explained
def change(request: UserRequest) -> HttpResponse:
    now, said = timezone.now(), forms.hours(request.POST)
    try:
        availability.set_hours(request.user, **said, by=request.user, now=now)
    except HoursShape as refusal:
        return _show(request, now=now, hours_error=refusal.message)
    messages.success(request, "Your hours are changed.")
    return redirect("reviews:hours")


@require_POST
@explained
def go_away(request: UserRequest) -> HttpResponse:
    now = timezone.now()
    zone = availability.calendar(availability.hours_of(request.user)).zone
    try:
        said = dict(forms.absence(request.POST, zone))
        said["stand_in"] = _colleague(request.user, said["stand_in"])
        availability.go_away(request.user, **said, by=request.user, now=now)
    except AbsenceShape as refusal:
        return _show(request, now=now, away_error=refusal.message)
    messages.success(request, "Noted. What is assigned to people by name passes you by then.")
    return redirect("reviews:hours")


def _colleague(user: User, wanted: int | None) -> User | None:
    return None if wanted is None else User.objects.filter(pk=wanted).exclude(pk=user.pk).first()


@require_POST
@explained
def come_back(request: UserRequest, absence_id: int) -> HttpResponse:
    if availability.come_back(absence_id, request.user, by=request.user, now=timezone.now()):
        messages.info(request, "You are no longer away at that time.")
    return redirect("reviews:hours")


def _show(
    request: UserRequest, *, now: datetime, hours_error: str = "", away_error: str = ""
) -> HttpResponse:
    user = request.user
    page = pages.page(
        hours=availability.hours_of(user),
        absences=availability.to_come(user),
        standing_in=availability.stands_in_for(user),
        colleagues=availability.colleagues(user),
        caps=caps.of(user),
        used=caps.used(user),
        typed=request.POST.dict(),
        now=now,
        hours_error=hours_error,
        away_error=away_error,
    )
    status = 422 if hours_error or away_error else 200
    context = {"page": page, "here": desk_pages.here("Your hours")}
    return render(request, "reviews/hours.html", context, status=status)
