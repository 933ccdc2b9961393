"""What is raised and what is watched: read it, see to it, move the marks."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.errors import DomainError
from accounts.http import UserRequest
from oversight.models import Threshold
from oversight.pages import alarms as pages
from oversight.pages.alarms import Said
from oversight.pages.here import of_power
from oversight.statistics.marks import Measure
from oversight.views.doors import owner_or_auditor
from oversight.watch import alarm_words, alarms, thresholds
from oversight.watch.alarm_forms import ThresholdForm


@require_GET
@never_cache
@owner_or_auditor
def index(request: UserRequest) -> HttpResponse:
    return _page(request, Said(), status=200)


@require_GET
@owner_or_auditor
def as_csv(request: UserRequest) -> HttpResponse:
    response = HttpResponse(pages.as_csv(request.user), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="alarms.csv"'
    return response


@require_POST
@owner_or_auditor
def acknowledge(request: UserRequest, pk: int) -> HttpResponse:
    alarm = get_object_or_404(alarms.seen_by(request.user), pk=pk)
    try:
        first = alarms.acknowledge(alarm, by=request.user, now=timezone.now())
    except DomainError as refusal:
        return _page(request, Said(pk=pk, error=refusal.message), status=refusal.status)
    messages.success(request, "It is noted that you saw it." if first else "Somebody saw it first.")
    return redirect("oversight:alarms")


@require_POST
@owner_or_auditor
def note(request: UserRequest, pk: int) -> HttpResponse:
    alarm = get_object_or_404(alarms.seen_by(request.user), pk=pk)
    done = request.POST.get("done", "")
    try:
        alarms.note(alarm, done, by=request.user, now=timezone.now())
    except DomainError as refusal:
        said = Said(pk=pk, done=done, error=_why(refusal))
        return _page(request, said, status=refusal.status)
    messages.success(request, "What was done is kept with the alarm.")
    return redirect("oversight:alarms")


@require_http_methods(["GET", "POST"])
@never_cache
@owner_or_auditor
def threshold(request: UserRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(thresholds.seen_by(request.user), pk=pk)
    if request.method == "GET":
        return _threshold(request, one, ThresholdForm(one), status=200)
    form = ThresholdForm(one, request.POST)
    if not form.is_valid():
        return _threshold(request, one, form, status=422)
    try:
        thresholds.change(
            one,
            form.marks,
            owner=form.cleaned_data["owner"],
            is_on=form.cleaned_data["is_on"],
            by=request.user,
            now=timezone.now(),
        )
    except DomainError as refusal:
        for problem in refusal.fields:
            form.add_error(problem.path, problem.message)
        if not refusal.fields:
            form.add_error(None, refusal.message)
        return _threshold(request, one, form, status=refusal.status)
    messages.success(request, "It is watched by these marks from the next minute on.")
    return redirect("oversight:alarms")


def _page(request: UserRequest, said: Said, *, status: int) -> HttpResponse:
    page = pages.page(request.user, said, now=timezone.now())
    context = {"page": page, "here": of_power()}
    return render(request, "oversight/alarms.html", context, status=status)


def _threshold(
    request: UserRequest, one: Threshold, form: ThresholdForm, *, status: int
) -> HttpResponse:
    measure = Measure(one.measure)
    context = {
        "words": alarm_words.OF[measure],
        "of": pages.name(one),
        "value": pages.value(one),
        "rule": alarm_words.rule(measure, one.marks),
        "may_tend": thresholds.may_tend(request.user, one),
        "form": form,
        "here": of_power(),
    }
    return render(request, "oversight/threshold.html", context, status=status)


def _why(refusal: DomainError) -> str:
    return " ".join(problem.message for problem in refusal.fields) or refusal.message
