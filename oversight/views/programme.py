"""The blind tests of a workflow: who answers for it sees to them, who signs and audits reads."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.errors import DomainError
from accounts.http import UserRequest
from handoffs.models import Workflow
from oversight.blind_tests import library, programmes, situations, stock, workload
from oversight.blind_tests.programme_forms import RateForm, TextsForm, ToldForm, refuse
from oversight.counted import beginnings, tested, weeks
from oversight.models import Programme
from oversight.pages import programme as pages
from oversight.pages.here import of_power
from oversight.pages.programme import Showed, Typed

# what tests showed is shown of so many
WEEKS = 12
_TEXTS = ("notice", "consultation")


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def page(request: UserRequest, slug: str) -> HttpResponse:
    workflow = readable(request, slug)
    if request.htmx:
        return _reckoned(request, workflow)
    return _show(request, workflow, Typed(), status=200)


@require_POST
def rate(request: UserRequest, slug: str) -> HttpResponse:
    workflow = readable(request, slug)
    form = RateForm(programmes.of(workflow), request.POST)
    share = form.share
    if share is None:
        return _show(request, workflow, Typed(rate=form), status=422)
    try:
        programmes.set_rate(workflow, share, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _refused(request, workflow, refusal, Typed(rate=refuse(form, refusal)))
    messages.success(request, "The rate is kept. It holds for the reviews that come now.")
    return redirect("oversight:tests", slug)


@require_POST
def texts(request: UserRequest, slug: str) -> HttpResponse:
    workflow = readable(request, slug)
    form = TextsForm(request.POST)
    form.is_valid()
    typed = {name: request.POST.get(name, "") for name in _TEXTS}
    was = programmes.of(workflow)
    try:
        kept = programmes.keep_texts(workflow, **typed, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _refused(request, workflow, refusal, Typed(texts=refuse(form, refusal)))
    off = " Tests are off until staff were told this text." if was.on and not kept.on else ""
    messages.success(request, f"The texts are kept.{off}")
    return redirect("oversight:tests", slug)


@require_POST
def told(request: UserRequest, slug: str) -> HttpResponse:
    """Record that staff were told; the form brings along which text was read."""
    workflow, read = readable(request, slug), request.POST.get("read", "")
    form = ToldForm(programmes.of(workflow), read, request.POST)
    try:
        programmes.record(workflow, form.told, read=read, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _refused(request, workflow, refusal, Typed(told=refuse(form, refusal)))
    messages.success(request, "It is recorded that staff were told.")
    return redirect("oversight:tests", slug)


@require_POST
def switch(request: UserRequest, slug: str) -> HttpResponse:
    workflow, on = readable(request, slug), request.POST.get("on") == "1"
    try:
        programmes.switch(workflow, on=on, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _refused(request, workflow, refusal, Typed(error=refusal.message))
    messages.success(
        request, "Tests are switched on." if on else "Tests are off. Nothing new comes in."
    )
    return redirect("oversight:tests", slug)


@require_GET
@never_cache
def printed(request: UserRequest, slug: str, which: str) -> HttpResponse:
    """Show a text as it is printed and handed out.

    The notice is everybody's once staff were told; until then they read that there are no tests.
    """
    workflow = get_object_or_404(Workflow.objects.select_related("owner"), slug=slug)
    programme = _programme(workflow)
    reads = library.may_read(request.user, workflow)
    if which == "consultation" and not reads:
        raise PermissionDenied
    context: dict[str, Any] = {"here": of_power(), "name": workflow.name}
    if programme.noticed_at is None and not reads:
        return render(request, "oversight/no_tests.html", context)
    heading, paragraphs = pages.printed(programme, which)
    context |= {
        "heading": heading,
        "paragraphs": paragraphs,
        "told_on": programme.told_on,
        "draft": programme.noticed_at is None,
    }
    return render(request, "oversight/notice.html", context)


def readable(request: UserRequest, slug: str) -> Workflow:
    """Return the workflow if this person may read its library, else refuse."""
    workflow = get_object_or_404(Workflow.objects.select_related("owner"), slug=slug)
    if not library.may_read(request.user, workflow):
        raise PermissionDenied
    return workflow


def _programme(workflow: Workflow) -> Programme:
    found = programmes.of(workflow)
    found.workflow = workflow
    return found


def _refused(
    request: UserRequest, workflow: Workflow, refusal: DomainError, typed: Typed
) -> HttpResponse:
    return _show(request, workflow, typed, status=refusal.status)


def _show(request: UserRequest, workflow: Workflow, typed: Typed, *, status: int) -> HttpResponse:
    now = timezone.now()
    shelf = pages.shelf(
        list(library.shelf(workflow)),
        ready=len(stock.usable(workflow)),
        off=situations.off_everywhere(workflow, now=now),
    )
    page = pages.page(
        _programme(workflow),
        workload.of(workflow, now=now),
        shelf,
        _showed(workflow, now),
        may_change=library.leads(request.user, workflow),
        language=request.GET.get("language", ""),
        typed=typed,
    )
    context: dict[str, Any] = {"page": page, "reckoned": page.reckoned, "here": of_power()}
    return render(request, "oversight/tests.html", context, status=status)


def _showed(workflow: Workflow, now: datetime) -> Showed:
    """Read what was told in the last weeks; what stands before its launch is demo history."""
    this = weeks.monday(now.date())
    since = max(this - timedelta(weeks=WEEKS), beginnings.real_since(workflow) or this)
    lots = tested.read(workflow, since=since, last=this)
    return pages.showed(*tested.caught(lots), weeks=WEEKS)


def _reckoned(request: UserRequest, workflow: Workflow) -> HttpResponse:
    """Say what another rate would show, before it is kept."""
    programme = _programme(workflow)
    share = RateForm(programme, request.GET).share or programme.rate
    found = pages.reckoned(share, workload.of(workflow, now=timezone.now()))
    return render(request, "oversight/tests.html#tests-power", {"reckoned": found})
