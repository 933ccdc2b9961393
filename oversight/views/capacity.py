"""How many people each queue needs: for whoever leads it; and for anybody's assumptions."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.http import UserRequest
from handoffs import grants
from handoffs.models import Queue
from oversight.pages import capacity as pages
from oversight.pages import queues, told
from oversight.pages.here import here
from oversight.queues import capacity as plan_of
from oversight.queues.capacity import Capacity
from oversight.queues.forms import Assumptions


@require_GET
def index(request: UserRequest) -> HttpResponse:
    led = grants.led_queues(request.user).order_by("name", "id")
    context = {"lines": queues.lines(led, now=timezone.now()), "here": here()}
    return render(request, "oversight/index.html", context)


@require_GET
def queue(request: UserRequest, slug: str) -> HttpResponse:
    return _page(request, _of_queue(request, slug))


@require_GET
def queue_csv(request: UserRequest, slug: str) -> HttpResponse:
    return _csv(_of_queue(request, slug))


@require_GET
def queue_json(request: UserRequest, slug: str) -> HttpResponse:
    return JsonResponse(told.as_json(_of_queue(request, slug)))


@require_GET
def plan(request: UserRequest) -> HttpResponse:
    return _page(request, _of_assumptions(request))


@require_GET
def plan_csv(request: UserRequest) -> HttpResponse:
    return _csv(_of_assumptions(request))


@require_GET
def plan_json(request: UserRequest) -> HttpResponse:
    return JsonResponse(told.as_json(_of_assumptions(request)))


def _of_queue(request: UserRequest, slug: str) -> Capacity:
    found = get_object_or_404(Queue, slug=slug)
    if not grants.leads(request.user, found).allowed:
        raise PermissionDenied
    form = Assumptions(request.GET)
    return plan_of.of_queue(found, form.typed, weekday=form.weekday, now=timezone.now())


def _of_assumptions(request: UserRequest) -> Capacity:
    return plan_of.of_assumptions(Assumptions(request.GET).typed)


def _page(request: UserRequest, found: Capacity) -> HttpResponse:
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    form = Assumptions(request.GET)
    context = {"page": pages.page(found, form, query=query), "here": here()}
    return render(request, "oversight/capacity.html", context)


def _csv(found: Capacity) -> HttpResponse:
    name = found.queue.slug if found.queue else "plan"
    response = HttpResponse(told.as_csv(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="capacity-{name}.csv"'
    return response
