"""The library of faults: written by who leads the workflow, approved by two others."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from handoffs.models import Workflow
from oversight.blind_tests import examples, library
from oversight.blind_tests.errors import NotYours
from oversight.blind_tests.fault_forms import ByHandForm, FaultForm
from oversight.models import LibraryFault
from oversight.pages import faults as pages
from oversight.pages.here import of_power
from oversight.views.programme import readable


@require_GET
@never_cache
def index(request: UserRequest, slug: str) -> HttpResponse:
    workflow = readable(request, slug)
    page = pages.index(
        workflow, library.shelf(workflow), may_write=library.leads(request.user, workflow)
    )
    return render(request, "oversight/faults.html", {"page": page, "here": of_power()})


@require_http_methods(["GET", "POST"])
@never_cache
def new(request: UserRequest, slug: str) -> HttpResponse:
    workflow = _led(request, slug)
    chosen = request.GET.get("action_type", "")
    if request.method == "GET":
        form = FaultForm(workflow, initial={"action_type": chosen})
        return _form(request, workflow, form, chosen=chosen, status=200)
    form = FaultForm(workflow, request.POST)
    try:
        row = library.write(workflow, form.fault, by=request.user, now=timezone.now())
    except DomainError as refusal:
        if refusal.fields or not form.errors:
            form.refuse(refusal)
        chosen = request.POST.get("action_type", "")
        return _form(request, workflow, form, chosen=chosen, status=refusal.status)
    messages.success(request, "It is in the library as a draft. Two others approve it.")
    return redirect("oversight:fault", slug, row.pk)


@require_http_methods(["GET", "POST"])
@never_cache
def by_hand(request: UserRequest, slug: str) -> HttpResponse:
    workflow = _led(request, slug)
    posted = request.POST if request.method == "POST" else None
    chosen = (posted or request.GET).get("action_type", "")
    like = examples.newest(workflow, chosen, now=timezone.now()) if chosen else None
    form = ByHandForm(workflow, like, posted)
    if request.method == "GET":
        return _by_hand(request, workflow, form, status=200)
    try:
        row = library.write_by_hand(workflow, form.written, by=request.user, now=timezone.now())
    except DomainError as refusal:
        if refusal.fields or not form.errors:
            form.refuse(refusal)
        return _by_hand(request, workflow, form, status=refusal.status)
    messages.success(request, "It is in the library as a draft. Two others approve it.")
    return redirect("oversight:fault", slug, row.pk)


@require_GET
@never_cache
def fault(request: UserRequest, slug: str, number: int) -> HttpResponse:
    return _fault(request, _row(request, slug, number), status=200)


@require_GET
@never_cache
def preview(request: UserRequest, slug: str, number: int, example: int) -> HttpResponse:
    """Show an example as the people at the desk would see it."""
    found = pages.previewed(_row(request, slug, number), example, now=timezone.now())
    if found is None:
        raise Http404
    context = {"preview": found, "page": found.page, "here": of_power()}
    return render(request, "oversight/fault_preview.html", context)


@require_POST
def approve(request: UserRequest, slug: str, number: int) -> HttpResponse:
    """Approve the text that was read: the form brings its digest along."""
    row, digest = _row(request, slug, number), request.POST.get("digest", "")
    try:
        now_is = library.approve(row, digest=digest, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _fault(request, row, status=refusal.status, error=refusal.message)
    done = now_is.state == LibraryFault.State.APPROVED
    messages.success(
        request,
        "Approved by two: it makes tests as soon as a certificate holds."
        if done
        else "Approved. One more is needed.",
    )
    return redirect("oversight:fault", slug, number)


@require_POST
def retire(request: UserRequest, slug: str, number: int) -> HttpResponse:
    row, why = _row(request, slug, number), request.POST.get("why", "")
    try:
        library.retire(row, why, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _fault(request, row, status=refusal.status, error=refusal.message, why=why)
    messages.success(request, "It is retired: no test is made with it any more.")
    return redirect("oversight:fault", slug, number)


def _led(request: UserRequest, slug: str) -> Workflow:
    workflow = readable(request, slug)
    if not library.leads(request.user, workflow):
        raise PermissionDenied(NotYours().message)
    return workflow


def _row(request: UserRequest, slug: str, number: int) -> LibraryFault:
    related = LibraryFault.objects.select_related("author", "workflow__owner")
    rows = related.prefetch_related("approvals__by")
    return get_object_or_404(rows, workflow=readable(request, slug), pk=number)


def _fault(
    request: UserRequest, row: LibraryFault, *, status: int, error: str = "", why: str = ""
) -> HttpResponse:
    row = _row(request, row.workflow.slug, row.pk)
    page = pages.fault(row, reader=request.user, now=timezone.now(), error=error, why=why)
    context = {"fault": page, "here": of_power()}
    return render(request, "oversight/fault.html", context, status=status)


def _form(
    request: UserRequest, workflow: Workflow, form: FaultForm, *, chosen: str, status: int
) -> HttpResponse:
    names = list(workflow.action_types.order_by("name").values_list("name", flat=True))
    shown = chosen if chosen in names else (names[0] if names else "")
    newest = examples.newest(workflow, shown, now=timezone.now())
    context = {
        "form": form,
        "name": workflow.name,
        "slug": workflow.slug,
        "types": names,
        "chosen": shown,
        "places": pages.places(newest),
        "here": of_power(),
    }
    return render(request, "oversight/fault_new.html", context, status=status)


def _by_hand(
    request: UserRequest, workflow: Workflow, form: ByHandForm, *, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "name": workflow.name,
        "slug": workflow.slug,
        "types": list(workflow.action_types.order_by("name").values_list("name", flat=True)),
        "here": of_power(),
    }
    return render(request, "oversight/fault_by_hand.html", context, status=status)
