"""The stop buttons, and the way back."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from accounts.models import User
from governance import stopping
from governance.pages import stops as pages
from governance.pages.here import here
from governance.pages.stops import Said
from handoffs import standstill, stop_figures
from handoffs.models import Stop, Workflow

_PAST = 30


@require_GET
@never_cache
def index(request: UserRequest) -> HttpResponse:
    return _show(request, Said(), status=200)


@require_POST
def press(request: UserRequest) -> HttpResponse:
    """Stop a workflow, or everything where none is named."""
    slug, reason = request.POST.get("workflow", ""), request.POST.get("reason", "")
    workflow = get_object_or_404(Workflow, slug=slug) if slug else None
    try:
        stopped = stopping.stop(
            workflow,
            reason=reason,
            drill_seconds=_seconds(request.POST.get("drill", "")),
            by=request.user,
            now=timezone.now(),
        )
    except DomainError as refusal:
        said = Said(where=slug or "everything", reason=reason, error=refusal.message)
        return _show(request, said, status=refusal.status)
    settled = pages.line(stopped, False, timezone.now()).settled
    how = f" Nothing was under way any more after {settled}." if settled else ""
    messages.success(request, f"{pages.named(stopped)} is stopped.{how}")
    return redirect("governance:stops")


@require_POST
def let_go(request: UserRequest, stop_id: str) -> HttpResponse:
    reason = request.POST.get("reason", "")
    try:
        stopped = stopping.let_go(stop_id, reason=reason, by=request.user, now=timezone.now())
    except DomainError as refusal:
        if refusal.status == 404:
            raise Http404 from None
        said = Said(where=stop_id, reason=reason, error=refusal.message)
        return _show(request, said, status=refusal.status)
    messages.success(request, f"{pages.named(stopped)} goes on.")
    return redirect("governance:stops")


@require_GET
@never_cache
def stop(request: UserRequest, stop_id: str) -> HttpResponse:
    """Show what one stop was measured to do: the record of a drill."""
    related = Stop.objects.select_related("workflow", "stopped_by", "ended_by")
    found = get_object_or_404(related, id=stop_id)
    figures = found.figures or stop_figures.of(found)
    page = pages.record(found, figures, now=timezone.now())
    return render(request, "governance/stop.html", {"page": page, "here": here()})


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _show(request: UserRequest, said: Said, *, status: int) -> HttpResponse:
    user, now = request.user, timezone.now()
    live = list(standstill.live())
    context = {"page": _page(user, live, said, now), "here": here()}
    return render(request, "governance/stops.html", context, status=status)


def _page(user: User, live: list[Stop], said: Said, now: datetime) -> pages.StopsPage:
    workflows = list(Workflow.objects.exclude(launched_at=None).order_by("name", "id"))
    past = Stop.objects.exclude(ended_at=None).order_by("-ended_at")
    return pages.index(
        live,
        past.select_related("workflow", "stopped_by", "ended_by")[:_PAST],
        workflows,
        stoppable=stopping.stoppable(user, workflows),
        stops_everything=stopping.may_stop(user, None),
        lets_go={one.id for one in live if stopping.may_let_go(user, one.workflow)},
        said=said,
        now=now,
    )
