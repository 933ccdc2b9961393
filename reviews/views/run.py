"""One run: read it, stop it, or pause it and step in."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from handoffs.errors import AlreadySteppedIn, IllegalTransition, NoAuthority, ReasonMissing
from reviews import interventions, run_detail
from reviews.pages import desk as desk_pages
from reviews.pages import run as pages
from reviews.views.refusals import explained

_SAID = (AlreadySteppedIn, IllegalTransition, NoAuthority, ReasonMissing)


@require_GET
@never_cache
@explained
def run(request: UserRequest, run_id: str) -> HttpResponse:
    return _show(request, run_id)


@require_POST
@explained
def stop(request: UserRequest, run_id: str) -> HttpResponse:
    reason = request.POST.get("reason", "")
    try:
        interventions.stop(run_id, reason=reason, by=request.user, now=timezone.now())
    except _SAID as refusal:
        return _show(request, run_id, refusal=refusal, failed_on="stop")
    messages.success(request, "The run is stopped. What was done so far stays.")
    return redirect("reviews:run", run_id)


@require_POST
@explained
def step_in(request: UserRequest, run_id: str) -> HttpResponse:
    reason = request.POST.get("reason", "")
    try:
        paused = interventions.step_in(run_id, reason=reason, by=request.user, now=timezone.now())
    except _SAID as refusal:
        return _show(request, run_id, refusal=refusal, failed_on="step-in")
    if paused.mine:
        messages.success(request, "The run is paused, and you have it. Say how it goes on.")
        return redirect("reviews:handoff", paused.handoff_id)
    messages.success(request, "The run is paused. Its team says how it goes on.")
    return redirect("reviews:run", run_id)


def _show(
    request: UserRequest, run_id: str, *, refusal: DomainError | None = None, failed_on: str = ""
) -> HttpResponse:
    now = timezone.now()
    page = pages.page(
        run_detail.read(request.user, run_id, now),
        now=now,
        typed=request.POST.get("reason", ""),
        error=refusal.message if refusal else "",
        failed_on=failed_on,
    )
    context = {"page": page, "here": desk_pages.here("Run")}
    return render(request, "reviews/run.html", context, status=refusal.status if refusal else 200)
