"""One door for every page over a map: who may open it, who may change it, how it is saved."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.errors import DomainError
from accounts.http import UserRequest
from accounts.roles import Can
from governance import maps
from handoffs.admin.base import actor, may_edit
from handoffs.models import RiskTierMap, Workflow

SEEN_BY = (Can.READ_GOVERNANCE, Can.EDIT_WORKFLOW, Can.SIGN_MAP)
View = Callable[..., HttpResponse]


def may_see(request: UserRequest) -> bool:
    return any(request.user.can(capability) for capability in SEEN_BY)


def find(request: UserRequest, pk: int) -> RiskTierMap:
    """Return a map that this person may see, or 404."""
    related = ("workflow", "author", "base", "published_by")
    found = RiskTierMap.objects.select_related(*related).filter(pk=pk).first()
    if found is None or not may_see(request):
        raise Http404
    return found


def is_editable(request: UserRequest, map: RiskTierMap) -> bool:
    return map.state == RiskTierMap.State.DRAFT and may_edit(request, map.workflow)


def find_draft(request: UserRequest, pk: int) -> RiskTierMap:
    """Return a draft that this person may change."""
    found = find(request, pk)
    if not is_editable(request, found):
        raise PermissionDenied
    return found


def find_workflow(request: UserRequest, pk: int) -> Workflow:
    found = Workflow.objects.filter(pk=pk).first()
    if found is None or not may_see(request):
        raise Http404
    return found


def save(
    request: UserRequest,
    map: RiskTierMap,
    *,
    body: dict[str, Any] | None = None,
    cases: list[dict[str, Any]] | None = None,
) -> None:
    """Save what one page changed over the edition that the page was made of."""
    maps.edit(
        map,
        body=map.body if body is None else body,
        cases=map.cases if cases is None else cases,
        edition=edition(request),
        by=actor(request),
        now=timezone.now(),
    )


def edition(request: UserRequest) -> int:
    """Return the edition the page was made of; a page that names none is of none."""
    typed = request.POST.get("edition", "")
    return int(typed) if typed.isdigit() and len(typed) < 9 else -1


def url(name: str, *args: object) -> str:
    return reverse(f"admin:handoffs_risktiermap_{name}", args=args)


def to_map(map: RiskTierMap, anchor: str = "") -> HttpResponse:
    return redirect(url("change", map.pk) + (f"#{anchor}" if anchor else ""))


def to(address: str) -> HttpResponse:
    return redirect(address)


def said(request: UserRequest, refusal: DomainError) -> None:
    """Say a refusal on the next page, with everything it names."""
    for sentence in dict.fromkeys([refusal.message, *(one.message for one in refusal.fields)]):
        messages.error(request, sentence)


def back_on_refusal(view: View) -> View:
    """Bring whoever is refused back to the map, with the reason; nothing was changed."""

    @wraps(view)
    def guarded(request: UserRequest, pk: int) -> HttpResponse:
        try:
            return view(request, pk)
        except DomainError as refusal:
            said(request, refusal)
            return redirect(url("change", pk))

    return guarded


def show(
    request: UserRequest, template: str, page: Any, *, status: int = 200, part: str = ""
) -> HttpResponse:
    here = {"name": "Risk tier maps", "url": url("changelist"), "note": ""}
    name = f"admin/handoffs/risktiermap/{template}.html" + (f"#{part}" if part else "")
    return render(request, name, {"page": page, "here": here}, status=status)


def show_part(request: UserRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Answer htmx with a piece of a page."""
    return render(request, f"admin/handoffs/risktiermap/{template}.html", context)
