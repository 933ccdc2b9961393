"""What happens to …? A case is entered, and the engine that rules on proposals is asked."""

from typing import NoReturn

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import UserRequest
from governance import explorer
from governance.pages import what_happens as pages
from governance.pages.here import here
from handoffs.models import ActionType, RiskTierMap, Workflow
from reviews.forms import arguments


@require_http_methods(["GET", "POST"])
def what_happens(request: UserRequest, slug: str) -> HttpResponse:
    """Show the form of the chosen action, and after it was sent what would happen."""
    workflow = get_object_or_404(Workflow, slug=slug)
    actions = list(workflow.action_types.order_by("name"))
    chosen = _action(actions, request.GET.get("action", ""))
    maps = list(workflow.maps.exclude(state="retired").order_by("-version")[:20])
    map = _map(maps, request.GET.get("map", ""))
    page = _page(request, workflow, chosen, map) if chosen else pages.empty()
    context = {
        "page": page,
        "workflow": workflow.name,
        "url": request.get_full_path(),
        "back_url": reverse("governance:workflow", args=[slug]),
        "actions": pages.action_options(actions, chosen),
        "maps": pages.map_options(maps, map),
        "here": here(),
    }
    status = 422 if page.error or page.mistaken else 200
    return render(request, "governance/what_happens.html", context, status=status)


def _page(
    request: UserRequest, workflow: Workflow, action: ActionType, map: RiskTierMap | None
) -> pages.Page:
    form, start = pages.schema(action), pages.start(action)
    if request.method != "POST":
        return pages.Page(fields=arguments.fields(form, start))
    typed = {name: str(request.POST[name]) for name in request.POST}
    reading = arguments.read(form, start, typed)
    fields = arguments.fields(form, start, typed=typed, errors=reading.errors)
    if reading.errors:
        return pages.Page(fields=fields, mistaken=True)
    try:
        case = pages.case(action.name, reading.arguments, now=timezone.now())
        ruling = explorer.policy_at(workflow, at=case.at, map=map)
        row_url = reverse("governance:workflow", args=[workflow.slug])
        return pages.Page(fields=fields, result=pages.result(ruling, case, row_url=row_url))
    except pages.Unreadable as refused:
        return pages.Page(fields=fields, error=str(refused))


def _action(actions: list[ActionType], name: str) -> ActionType | None:
    if not name:
        return actions[0] if actions else None
    return next((one for one in actions if one.name == name), None) or _nothing()


def _map(maps: list[RiskTierMap], version: str) -> RiskTierMap | None:
    if not version:
        return None
    return next((one for one in maps if str(one.version) == version), None) or _nothing()


def _nothing() -> NoReturn:
    raise Http404
